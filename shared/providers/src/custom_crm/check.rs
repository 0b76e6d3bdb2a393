//! The connection test: the test path is read with the tenant's credentials. What it answers is the CRM's own affair, so
//! the status decides and the body is not looked at.

use domain::{Failure, FailureKind};
use http::Method;
use url::Url;

use super::auth::Proof;
use crate::http::Outgoing;
use crate::{Checked, Connection, reading};

/// What it is called in sentences.
const SERVICE: &str = "The CRM";

pub(super) async fn check(connection: Connection<'_>) -> Result<Checked, Failure> {
    let proof = Proof::of(connection)?;
    let path = connection.setting("test_path").unwrap_or("/");
    let url = Url::parse(&format!("{}{path}", connection.base_url));
    let url = url.map_err(|_| reading::no_url())?;
    let request = proof.show(Outgoing::new(Method::GET, url));
    let answer = reading::read(connection, SERVICE, request).await?;
    if !(200..=299).contains(&answer.status) {
        return Err(refused(answer.status).with_code(answer.status.to_string()));
    }
    let mut checked = Checked::default();
    let status = answer.status.into();
    checked.facts.insert("http_status".to_owned(), status);
    Ok(checked)
}

fn refused(status: u16) -> Failure {
    match status {
        401 => Failure::new(
            FailureKind::CredentialsRejected,
            "The CRM does not accept the credentials.",
            "Check the credentials, the auth_type, and for an API key the api_key_header.",
        ),
        403 => Failure::new(
            FailureKind::PermissionMissing,
            "The CRM does not allow these credentials to read the test path.",
            "Give them the permission in the CRM, or choose another test_path.",
        ),
        404 | 410 => Failure::new(
            FailureKind::NotFound,
            "The CRM has nothing at the test path.",
            "Correct the test_path, or the base_url if the API is on another host.",
        ),
        405 => Failure::new(
            FailureKind::InvalidRequest,
            "The CRM does not let the test path be read.",
            "Choose a test_path that answers GET.",
        ),
        _ => Failure::new(
            FailureKind::InvalidRequest,
            "The CRM refuses the request for the test path.",
            "Choose a test_path that answers GET without further parameters.",
        ),
    }
}
