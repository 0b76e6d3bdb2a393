//! Showing a tenant's CRM who asks.

use domain::{Failure, FailureKind, Given};
use http::{HeaderName, header};
use secrecy::{ExposeSecret, SecretString};

use crate::Connection;
use crate::http::Outgoing;

const DEFAULT_HEADER: HeaderName = HeaderName::from_static("x-api-key");

/// Headers that steer the connection or the request itself; a key in them would change what is sent.
const STEERING: [HeaderName; 14] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::EXPECT,
    header::PROXY_AUTHORIZATION,
    header::RANGE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::USER_AGENT,
];

/// The header that a key may be put into under that name.
pub(super) fn header(name: &str) -> Option<HeaderName> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    (!STEERING.contains(&name)).then_some(name)
}

/// What a request shows.
pub(super) enum Proof {
    ApiKey(HeaderName, SecretString),
    Bearer(SecretString),
    Basic(SecretString, SecretString),
}

impl Proof {
    /// Reads it out of what the tenant entered.
    ///
    /// # Errors
    /// What is missing or cannot be sent, by its name in the object.
    pub(super) fn of(connection: Connection<'_>) -> Result<Self, Failure> {
        let kind = connection.setting("auth_type").unwrap_or_default();
        let object = connection.credentials.get("credentials");
        let object: Given = object
            .and_then(|object| serde_json::from_str(object.expose_secret()).ok())
            .unwrap_or_default();
        let member = |names: &[&'static str]| member(&object, names);
        match kind {
            "api_key" => {
                let name = connection.setting("api_key_header");
                let name = match name {
                    Some(name) => header(name).ok_or_else(no_header)?,
                    None => DEFAULT_HEADER,
                };
                Ok(Self::ApiKey(
                    name,
                    for_header("api_key", member(&["api_key"])?)?,
                ))
            }
            // The documents of old called the token an API key too.
            "bearer" => Ok(Self::Bearer(for_header(
                "token",
                member(&["token", "api_key"])?,
            )?)),
            "basic" => {
                let username = member(&["username"])?;
                // The first colon ends the name (RFC 7617, section 2).
                if username.expose_secret().contains(':') {
                    return Err(unfit(
                        "username",
                        "has a colon in it, which basic authentication cannot carry",
                    ));
                }
                Ok(Self::Basic(username, member(&["password"])?))
            }
            _ => Err(Failure::new(
                FailureKind::InvalidRequest,
                "This kind of authentication is planned and cannot be used yet.",
                "Choose api_key, bearer or basic as the auth_type.",
            )),
        }
    }

    /// Puts it into a request.
    pub(super) fn show(&self, request: Outgoing) -> Outgoing {
        match self {
            Self::ApiKey(name, key) => request.secret_header(name.clone(), key),
            Self::Bearer(token) => request.bearer(token),
            Self::Basic(username, password) => request.basic(username.expose_secret(), password),
        }
    }
}

/// The member of the credentials under the first of these names that is there.
fn member(object: &Given, names: &[&'static str]) -> Result<SecretString, Failure> {
    let found = names.iter().find_map(|name| {
        let text = object.get(*name)?.as_str()?;
        (!text.is_empty()).then(|| SecretString::from(text))
    });
    let wanted = names.first().copied().unwrap_or_default();
    found.ok_or_else(|| unfit(wanted, "is missing"))
}

/// A value as it is, if a header can carry it: else it would be left out and the refusal be a riddle.
fn for_header(name: &str, value: SecretString) -> Result<SecretString, Failure> {
    let carried = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if value.expose_secret().bytes().all(carried) {
        Ok(value)
    } else {
        Err(unfit(name, "has characters in it that no header can carry"))
    }
}

fn unfit(member: &str, what: &str) -> Failure {
    Failure::new(
        FailureKind::InvalidRequest,
        format!("In the credentials {member} {what}."),
        r#"Enter the credentials as {"api_key": "…"}, {"token": "…"} for bearer, or {"username": "…", "password": "…"} for basic."#,
    )
}

fn no_header() -> Failure {
    Failure::new(
        FailureKind::InvalidRequest,
        "The header of the API key is not one that can carry a key.",
        "Enter the header that your CRM's documentation names, such as X-API-Key.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_into_no_header_that_steers() {
        for name in ["X-API-Key", "authorization", "Api_Token", "apikey"] {
            assert!(header(name).is_some(), "{name}");
        }
        for name in [
            "Host",
            "Content-Length",
            "transfer-encoding",
            "COOKIE",
            "x:y",
            "a(b)",
            "",
        ] {
            assert!(header(name).is_none(), "{name}");
        }
    }
}
