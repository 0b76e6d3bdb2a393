//! What can go wrong with an integration, as its caller is told.

use domain::Integration;
use edge::Problem;
use edge::http::HttpRequest;
use edge::problem::FieldError;
use providers::form::Objection;
use store::WriteError;
use vault::OpenError;

use super::view;

pub(super) fn check_precondition(
    request: &HttpRequest,
    current: &Integration,
) -> Result<(), Problem> {
    match request.header("if-match") {
        Some(wanted) if wanted != "*" && wanted != view::tag(current) => Err(Problem::new(
            412,
            "changed_meanwhile",
            "The integration was changed since it was read.",
        )
        .hint("Read it again and repeat the change on what is there now.")),
        _ => Ok(()),
    }
}

pub(super) fn conflict() -> Problem {
    Problem::new(
        409,
        "changed_meanwhile",
        "The integration was changed by somebody else meanwhile.",
    )
    .hint("Read it again and repeat the change.")
}

pub(crate) fn vault_unavailable(error: OpenError) -> Problem {
    tracing::error!(error = %error, "the vault failed");
    Problem::unavailable()
}

pub(super) fn write_problem(error: WriteError) -> Problem {
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

pub(super) fn objections(objections: Vec<Objection>) -> Problem {
    let errors = objections
        .into_iter()
        .map(|Objection { field, says }| FieldError {
            field,
            detail: says,
        });
    Problem::invalid_fields(errors.collect())
}

pub(crate) fn field_problem(field: &str, detail: &str) -> Problem {
    Problem::invalid_fields(vec![FieldError {
        field: field.into(),
        detail: detail.into(),
    }])
}
