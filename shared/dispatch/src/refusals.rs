//! Why a message is not sent, where that is known before anybody was asked: what happened, and what to do.

use domain::integration::Status;
use domain::resolution::Reason;
use domain::{Failure, FailureKind};

pub(crate) fn expired() -> Failure {
    Failure::new(
        FailureKind::Expired,
        "The message's own deadline passed before it could be sent.",
        "Send it again with a later `notAfter` if it still matters.",
    )
}

/// Waited for as long as a message may, because its account had to go slowly.
pub(crate) fn waited_in_vain() -> Failure {
    Failure::new(
        FailureKind::Expired,
        "For a day the account could not send as fast as messages came in for it.",
        "Send less at once, or ask the provider for a higher limit; then send it again if it still matters.",
    )
}

/// Waited for as long as a message may, because the provider kept failing.
pub(crate) fn provider_is_down() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "The provider kept failing for a day.",
        "The operator can send it on from the dead-letter queue when the provider works again.",
    )
}

/// Waited for as long as a message may, for something of ours.
pub(crate) fn we_are_down() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "For a day Switchboard lacked what it needs to send it.",
        "The operator has been alarmed, and can send it on from the dead-letter queue.",
    )
}

/// Tried as often as a message may be.
pub(crate) fn given_up(last: Failure, tries: u32) -> Failure {
    Failure {
        detail: match tries {
            0 => format!("Tried for a day: {}", last.detail),
            _ => format!("Tried {tries} times: {}", last.detail),
        },
        hint:
            "The operator can send it on from the dead-letter queue when the provider works again."
                .to_owned(),
        ..last
    }
}

pub(crate) fn not_configured(reason: Reason) -> Failure {
    const CONNECT: &str = "Connect an account under Settings → Integrations.";
    let (why, hint) = match reason {
        Reason::IntegrationGone => (
            "the integration that the message names is not there",
            "Name another in `integrationId`, or leave it out.",
        ),
        Reason::IntegrationDoesNotFit => (
            "the integration that the message names is of another type, or has another phone number id",
            "Check `integrationId`, `channel` and `phoneNumberId` of the message.",
        ),
        Reason::BindingGone => (
            "the integration that the agent is bound to is not there any more",
            "Choose another number for the agent; nothing else is used in its place.",
        ),
        Reason::BindingDoesNotFit => (
            "the integration that the agent is bound to is of another type, or has another phone number id",
            "Check the agent's number, and `channel` and `phoneNumberId` of the message.",
        ),
        Reason::WrongAccount => (
            "no account of this tenant has the phone number id that the message names",
            "Check `phoneNumberId` of the message, or connect the account that it is of.",
        ),
        Reason::GrantEnded => (
            "this tenant has no integration that can send the message, and may not use the platform's account any more",
            CONNECT,
        ),
        Reason::PlatformNotSetUp => (
            "this tenant has no integration that can send the message, and the platform's account is not set up",
            CONNECT,
        ),
        _ => (
            "no integration of this tenant can send the message",
            "Connect an account under Settings → Integrations, and check the phone number id in the message.",
        ),
    };
    let detail = format!("Credentials not configured: {why}.");
    Failure::new(FailureKind::NotConfigured, detail, hint)
}

pub(crate) fn does_not_send() -> Failure {
    Failure::new(
        FailureKind::InvalidRequest,
        "This provider does not send messages.",
        "Name another channel or integration.",
    )
}

pub(crate) fn tenant_removed() -> Failure {
    Failure::new(
        FailureKind::TenantRemoved,
        "The organisation has left: nothing is sent for it any more.",
        "Stop producing messages for it.",
    )
}

pub(crate) fn unusable(status: Status) -> Failure {
    if status == Status::Disabled {
        return Failure::new(
            FailureKind::PermissionMissing,
            "The integration is switched off.",
            "Switch it on: what waits is then sent.",
        );
    }
    Failure::new(
        FailureKind::CredentialsRejected,
        "The provider does not accept the integration's credentials any more.",
        "Enter new credentials: what waits is then sent.",
    )
}
