//! What can go wrong with an integration, as its caller is told.

use edge::Problem;
use providers::Provider;
use store::WriteError;
use vault::OpenError;

/// That the provider cannot do what is asked.
pub(crate) fn not_able(provider: &dyn Provider, what: &str) -> Problem {
    let detail = format!("{} has no {what}.", provider.descriptor().name);
    Problem::new(422, "capability_missing", detail)
        .hint("What each type can do is told by GET /api/v1/providers.")
}

/// A condition on something that does not exist yet.
pub(crate) fn nothing_to_match() -> Problem {
    Problem::new(
        412,
        "changed_meanwhile",
        "There is nothing yet that If-Match could name.",
    )
    .hint("Leave the header out to make it.")
}

pub(crate) fn conflict() -> Problem {
    Problem::new(
        409,
        "changed_meanwhile",
        "The integration was changed by somebody else meanwhile.",
    )
    .hint("Read it again and repeat the change.")
}

/// That something is only for the owner of a personal integration.
pub(crate) fn personal() -> Problem {
    Problem::new(
        409,
        "personal_integration",
        "A personal integration is used by its owner alone.",
    )
    .hint("Connect the account as the organisation's to let others send through it.")
}

pub(crate) fn vault_unavailable(error: OpenError) -> Problem {
    tracing::error!(error = %error, "the vault failed");
    Problem::unavailable()
}

/// Why stored credentials cannot be opened.
pub(crate) fn open_problem(error: OpenError) -> Problem {
    match error {
        OpenError::DoesNotOpen => Problem::does_not_open(),
        OpenError::Unavailable(_) => vault_unavailable(error),
    }
}

pub(crate) fn write_problem(error: WriteError) -> Problem {
    match error {
        WriteError::Conflict => conflict(),
        WriteError::AccountTaken => Problem::new(
            409,
            "account_connected_already",
            "This account is connected already and can be connected once only.",
        )
        .hint("Remove the other integration first, or change that one instead."),
        WriteError::TenantRemoved => Problem::new(
            403,
            "tenant_removed",
            "The organisation was removed: nothing can be connected for it.",
        )
        .hint("Ask the platform's operator."),
        WriteError::Store(error) => error.into(),
    }
}
