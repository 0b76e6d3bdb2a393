//! ElevenLabs' refusals by code: the HTTP status never decides alone, for a key without scope comes as 401 too.
//!
//! Source: <https://elevenlabs.io/docs/eleven-api/resources/errors>. `detail` is an object, a list (422) or text; the code
//! stands in `code`, in older answers in `status`.

use domain::Failure;
use domain::FailureKind::{
    AccountBlocked, CredentialsRejected, InvalidRequest, NotFound, PermissionMissing, Throttled,
    Unavailable,
};
use serde_json::Value;

/// What was to be read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked {
    Agent,
    PhoneNumber,
    User,
}

/// The failure that a refusal stands for.
pub(super) fn failure_of(status: u16, body: &[u8], asked: Asked) -> Failure {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let detail = &body["detail"];
    let codes = [&detail["code"], &detail["status"]];
    let coded = codes
        .into_iter()
        .filter_map(Value::as_str)
        .find_map(|code| by_code(code, asked));
    coded.unwrap_or_else(|| by_status(status, asked))
}

/// What each code means for us; `None` for one that is not listed.
fn by_code(code: &str, asked: Asked) -> Option<Failure> {
    let failure = match code {
        "invalid_api_key" | "missing_api_key" | "invalid_authorization_header" => rejected(),
        "missing_permissions" | "insufficient_permissions" => lacking(asked),
        "workspace_access_denied" => Failure::new(
            PermissionMissing,
            "The API key's owner has no access to the workspace.",
            "Create the key in the workspace that the agent belongs to.",
        ),
        "feature_not_available" => Failure::new(
            AccountBlocked,
            "The ElevenLabs plan does not include agents.",
            "Change the plan in ElevenLabs → Subscription.",
        ),
        "quota_exceeded" | "insufficient_credits" | "payment_required" => Failure::new(
            AccountBlocked,
            "The API key or the account has used up its credits.",
            "Raise the key's credit limit, or see ElevenLabs → Subscription.",
        ),
        "detected_unusual_activity" => Failure::new(
            AccountBlocked,
            "ElevenLabs has blocked the account for unusual activity.",
            "Ask ElevenLabs' support to lift the block.",
        ),
        "agent_not_found" => unknown(Asked::Agent),
        "phone_number_not_found" => unknown(Asked::PhoneNumber),
        "rate_limit_exceeded" | "concurrent_limit_exceeded" | "too_many_concurrent_requests" => {
            Failure::new(
                Throttled,
                "ElevenLabs asks for fewer requests.",
                "Wait a little and try again.",
            )
        }
        "system_busy" | "concurrent_modification" => Failure::new(
            Unavailable,
            "ElevenLabs has trouble at present.",
            "Nothing to correct; try again later.",
        ),
        _ => return None,
    };
    Some(failure.with_code(code))
}

fn by_status(status: u16, asked: Asked) -> Failure {
    match status {
        401 => rejected(),
        402 => Failure::new(
            AccountBlocked,
            "ElevenLabs asks for a payment first.",
            "See ElevenLabs → Subscription.",
        ),
        403 => lacking(asked),
        404 => unknown(asked),
        _ => Failure::new(
            InvalidRequest,
            match asked {
                Asked::Agent => "ElevenLabs does not take the agent ID.",
                Asked::PhoneNumber => "ElevenLabs does not take the phone number ID.",
                Asked::User => "ElevenLabs does not tell about the key's owner.",
            },
            "Copy the agent ID and the phone number ID again from ElevenLabs → Agents.",
        ),
    }
}

fn rejected() -> Failure {
    Failure::new(
        CredentialsRejected,
        "ElevenLabs does not accept the API key: it is wrong, was deleted, or belongs to a workspace of another region.",
        "Create a key in ElevenLabs → Developers → API Keys, enter it here, and check the data residency.",
    )
}

/// The key is genuine, and was not given access to what was asked for.
fn lacking(asked: Asked) -> Failure {
    let (detail, hint) = match asked {
        Asked::Agent | Asked::PhoneNumber => (
            "The API key may not read agents and phone numbers.",
            "Give the key read and write access to ElevenAgents in ElevenLabs → Developers → API Keys.",
        ),
        Asked::User => (
            "The API key may not read its owner's plan.",
            "Give the key read access to User in ElevenLabs → Developers → API Keys.",
        ),
    };
    Failure::new(PermissionMissing, detail, hint)
}

fn unknown(asked: Asked) -> Failure {
    Failure::new(
        NotFound,
        match asked {
            Asked::Agent => "There is no agent with this ID in the API key's workspace.",
            Asked::PhoneNumber => {
                "There is no phone number with this ID in the API key's workspace."
            }
            Asked::User => "ElevenLabs does not know the key's owner.",
        },
        "Copy the ID again from ElevenLabs → Agents, and check that the key is of the same workspace and region.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_come_in_several_shapes() {
        let agent = Asked::Agent;
        for (status, body, kind, code) in [
            (
                401,
                r#"{"detail":{"status":"invalid_api_key","message":"x"}}"#,
                CredentialsRejected,
                Some("invalid_api_key"),
            ),
            (
                401,
                r#"{"detail":{"status":"missing_permissions"}}"#,
                PermissionMissing,
                Some("missing_permissions"),
            ),
            (
                403,
                r#"{"detail":{"type":"authorization_error","code":"insufficient_permissions"}}"#,
                PermissionMissing,
                Some("insufficient_permissions"),
            ),
            (
                401,
                r#"{"detail":{"code":"quite_new","status":"missing_permissions"}}"#,
                PermissionMissing,
                Some("missing_permissions"),
            ),
            (
                401,
                r#"{"detail":{"status":"quota_exceeded"}}"#,
                AccountBlocked,
                Some("quota_exceeded"),
            ),
            (402, "{}", AccountBlocked, None),
            (
                404,
                r#"{"detail":{"code":"agent_not_found"}}"#,
                NotFound,
                Some("agent_not_found"),
            ),
            (404, r#"{"detail":"Not Found"}"#, NotFound, None),
            (
                422,
                r#"{"detail":[{"type":"missing","loc":["path"],"msg":"x"}]}"#,
                InvalidRequest,
                None,
            ),
            (401, "<html>", CredentialsRejected, None),
            (401, r#"{"detail":null}"#, CredentialsRejected, None),
            (403, "[]", PermissionMissing, None),
            (400, "", InvalidRequest, None),
        ] {
            let failure = failure_of(status, body.as_bytes(), agent);
            assert_eq!(failure.kind, kind, "{status} {body}");
            assert_eq!(failure.provider_code.as_deref(), code, "{status} {body}");
        }
    }

    #[test]
    fn a_code_that_is_not_listed_is_never_repeated() {
        let body = r#"{"detail":{"code":"CANARY","status":"CANARY","message":"CANARY"}}"#;
        for status in [400, 401, 402, 403, 404, 422] {
            for asked in [Asked::Agent, Asked::PhoneNumber, Asked::User] {
                let failure = failure_of(status, body.as_bytes(), asked);
                assert!(!format!("{failure:?}").contains("CANARY"));
            }
        }
    }
}
