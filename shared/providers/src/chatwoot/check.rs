//! The connection test: whether a Chatwoot is there, whose token it is, and what its owner is in the account. The token
//! leaves only for a server that has shown to be a Chatwoot.

use std::time::Duration;

use domain::{Failure, FailureKind};
use http::{HeaderName, Method};
use serde::Deserialize;
use serde_json::Value;

use crate::http::{Answer, Outgoing};
use crate::{Checked, Connection, reading};

/// What a Chatwoot is called in sentences.
const SERVICE: &str = "Chatwoot";

const ACCESS_TOKEN: HeaderName = HeaderName::from_static("api_access_token");

/// How long Chatwoot's throttle counts; its refusal does not say.
const THROTTLE_WINDOW: Duration = Duration::from_secs(60);

/// The first version whose accounts can make agent bots.
const FIRST_WITH_BOTS: (u32, u32) = (1, 17);

/// What `GET /api` tells everybody.
#[derive(Deserialize)]
struct Server {
    version: String,
    /// Not read, but few others tell both.
    #[serde(rename = "timestamp")]
    _timestamp: String,
}

/// The token's owner. The answer holds the token and others besides, so no more of it is read.
#[derive(Deserialize)]
struct Profile {
    name: Option<String>,
    accounts: Vec<Membership>,
}

#[derive(Deserialize)]
struct Membership {
    /// A number, or the same as text.
    id: Value,
    name: Option<String>,
    status: Option<String>,
    role: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

pub(super) async fn check(connection: Connection<'_>) -> Result<Checked, Failure> {
    let server = server(connection).await?;
    let profile = profile(connection).await?;
    let account = connection.setting("account_id").unwrap_or_default();
    let mut memberships = profile.accounts.into_iter();
    let membership = memberships
        .find(|membership| is_id(&membership.id, account))
        .ok_or_else(|| {
            Failure::new(
                FailureKind::NotFound,
                "The owner of the API access token is not a member of an account with this ID.",
                "Check the account ID: it is the number behind /accounts/ in the address of every page. If it is \
                 right, add the user to the account.",
            )
        })?;
    // Not every server tells.
    if membership.status.is_some_and(|status| status != "active") {
        return Err(Failure::new(
            FailureKind::AccountBlocked,
            "The Chatwoot account is suspended.",
            "Ask whoever runs the Chatwoot server to activate it.",
        ));
    }
    let mut checked = Checked::default();
    warn(
        connection,
        membership.role.as_deref(),
        &server.version,
        &mut checked,
    );
    for (name, value) in [
        ("version", Some(server.version)),
        ("account_name", membership.name),
        ("user_name", profile.name),
        ("role", membership.role),
    ] {
        if let Some(value) = value {
            checked.facts.insert(name.to_owned(), value.into());
        }
    }
    Ok(checked)
}

/// Finds out whether a Chatwoot is there, without a token.
async fn server(connection: Connection<'_>) -> Result<Server, Failure> {
    let request = Outgoing::new(Method::GET, reading::url(connection, &["api"])?);
    let answer = read(connection, request).await?;
    // Nothing was asked with the token, so this says nothing about it.
    if matches!(answer.status, 401 | 403) {
        return Err(Failure::new(
            FailureKind::AccountBlocked,
            "The server lets nobody in who does not sign in before, so Chatwoot cannot be asked.",
            "Check the base URL. If it is right, let requests to /api pass the proxy or firewall before Chatwoot.",
        ));
    }
    let server = serde_json::from_slice(&answer.body).ok();
    server.filter(|_| answer.status == 200).ok_or_else(|| {
        Failure::new(
            FailureKind::NotFound,
            "There is a server at the base URL, but it is not a Chatwoot.",
            "Enter the start of the address at which you use Chatwoot, such as https://app.chatwoot.com, without a path.",
        )
    })
}

/// Finds out whose token it is.
async fn profile(connection: Connection<'_>) -> Result<Profile, Failure> {
    let url = reading::url(connection, &["api", "v1", "profile"])?;
    let mut request = Outgoing::new(Method::GET, url);
    if let Some(token) = connection.credentials.get("api_key") {
        request = request.secret_header(ACCESS_TOKEN, token);
    }
    let answer = read(connection, request).await?;
    match answer.status {
        200 => reading::json(SERVICE, &answer),
        status => Err(refused(status, &answer.body)),
    }
}

async fn read(connection: Connection<'_>, request: Outgoing) -> Result<Answer, Failure> {
    let read = reading::read(connection, SERVICE, request).await;
    read.map_err(|failure| match (failure.kind, failure.retry_after) {
        (FailureKind::Throttled, None) => failure.after(THROTTLE_WINDOW),
        _ => failure,
    })
}

/// Why the token was not taken. Chatwoot says 401 for almost everything, so its sentence decides.
fn refused(status: u16, body: &[u8]) -> Failure {
    let sentence = serde_json::from_slice(body).map(|Refusal { error }| error);
    match (status, sentence.as_deref()) {
        (_, Ok("Access to this endpoint is not authorized for bots")) => Failure::new(
            FailureKind::PermissionMissing,
            "The API access token is that of an agent bot, which may do little.",
            "Enter the token of a user: Profile Settings → Access Token.",
        ),
        (401, Ok("Invalid Access Token")) => Failure::new(
            FailureKind::CredentialsRejected,
            "Chatwoot does not accept the API access token: it is wrong or was replaced.",
            "Copy the token again from Profile Settings → Access Token. If it is right, the proxy before Chatwoot may \
             drop the header api_access_token: nginx needs underscores_in_headers on.",
        ),
        (401, _) => Failure::new(
            FailureKind::CredentialsRejected,
            "Chatwoot does not accept the API access token.",
            "Copy the token again from Profile Settings → Access Token, and check that the proxy before Chatwoot passes \
             the header api_access_token.",
        ),
        (403, _) => Failure::new(
            FailureKind::PermissionMissing,
            "The owner of the API access token may not use Chatwoot's API.",
            "Enter the token of a user who is an administrator of the account.",
        ),
        _ => Failure::new(
            FailureKind::InvalidRequest,
            "Chatwoot does not tell whose API access token it is.",
            "Check the version of the Chatwoot server, and upgrade it.",
        ),
    }
}

/// What was asked for in the form and this token or server cannot do.
fn warn(connection: Connection<'_>, role: Option<&str>, version: &str, checked: &mut Checked) {
    let makes = ["auto_create_inboxes", "auto_create_bots", "sync_contacts"];
    if role == Some("agent") && makes.into_iter().any(|flag| connection.flag(flag)) {
        checked.warnings.push(
            "The owner of the API access token is an agent of the account, and only an administrator can create \
             inboxes, agent bots and webhooks."
                .into(),
        );
    }
    let old = number(version).is_some_and(|version| version < FIRST_WITH_BOTS);
    if old && connection.flag("auto_create_bots") {
        checked.warnings.push(
            "This version of Chatwoot cannot create agent bots: upgrade it to 1.17 or later, or switch the option off."
                .into(),
        );
    }
}

fn is_id(id: &Value, wanted: &str) -> bool {
    match id {
        Value::Number(number) => number.to_string() == wanted,
        Value::String(text) => text == wanted,
        _ => false,
    }
}

/// Major and minor.
fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        for (version, old) in [
            ("1.9.3", true),
            ("1.16.2", true),
            ("1.17.0", false),
            ("v4.13.0", false),
            ("10.0", false),
            ("develop", false),
            ("", false),
        ] {
            let is_old = number(version).is_some_and(|version| version < FIRST_WITH_BOTS);
            assert_eq!(is_old, old, "{version}");
        }
    }

    #[test]
    fn ids_are_numbers_or_text() {
        assert!(is_id(&7.into(), "7") && is_id(&"7".into(), "7"));
        assert!(!is_id(&70.into(), "7") && !is_id(&Value::Null, "") && !is_id(&7.5.into(), "7"));
    }
}
