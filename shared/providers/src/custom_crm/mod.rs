//! A CRM that is not in the list: any server with an HTTP API, described by what the tenant enters.
//!
//! The contract is ours. What is sent follows RFC 6750 (bearer) and RFC 7617 (basic); an API key goes into a header of
//! the tenant's choice.

mod auth;
mod check;

use async_trait::async_trait;
use domain::Failure;
use serde_json::{Map, Value};

use crate::descriptor::{Availability, Capability, Category, Descriptor, planned};
use crate::field::{Field, Form};
use crate::{Accounts, Checked, Connection, Provider};

/// A CRM of the tenant's own.
#[derive(Debug)]
pub(crate) struct CustomCrm;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "custom_crm",
    name: "Custom CRM",
    description: "Any other CRM with an HTTP API, described by yourself.",
    icon: "🧩",
    category: Category::Crm,
    availability: Availability::Ready,
    requires_oauth: false,
    base_url: "",
    documentation: "https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/Authentication",
    capabilities: &[
        planned(Capability::Contacts),
        planned(Capability::ActivityLog),
    ],
    fields: &[
        Field::setting(
            "base_url",
            "API address",
            "Scheme and host of your CRM's API, as its documentation gives them. Paths have fields of their own.",
            Form::Address,
            "https://crm.example.com",
        ),
        Field::setting(
            "auth_type",
            "Kind of authentication",
            "How your CRM's API wants to be shown who asks; its documentation says so under authentication.",
            Form::Choice {
                of: &["api_key", "bearer", "basic", "oauth2_client"],
            },
            "api_key",
        )
        .also(&["authentication_type"]),
        Field::secret(
            "credentials",
            "Credentials",
            r#"What your CRM gave you, as an object: {"api_key": "…"}, {"token": "…"} for bearer, or {"username": "…", "password": "…"} for basic."#,
            Form::Object,
            r#"{"api_key": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}"#,
        ),
        Field::setting(
            "api_key_header",
            "Header of the API key",
            "The header that your CRM reads the API key from, if it is another.",
            Form::Token { min: 1, max: 64 },
            "X-API-Key",
        )
        .default("X-API-Key"),
        Field::setting(
            "test_path",
            "Test path",
            "A path that can be read with the credentials and changes nothing, such as that of the signed-in user.",
            Form::Path,
            "/api/v1/me",
        )
        .default("/"),
        Field::setting(
            "contacts_path",
            "Contacts path",
            "Where your CRM's API keeps contacts. Needed once contacts are synchronised.",
            Form::Path,
            "/api/v1/contacts",
        )
        .optional(),
        Field::setting(
            "activities_path",
            "Activities path",
            "Where your CRM's API takes calls and messages. Needed once activities are logged.",
            Form::Path,
            "/api/v1/activities",
        )
        .optional(),
    ],
};

#[async_trait]
impl Provider for CustomCrm {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    /// Nothing is known of what such a server keeps.
    fn accounts(&self, _: &Map<String, Value>) -> Accounts {
        Accounts::default()
    }

    fn contradictions(&self, settings: &Map<String, Value>) -> Vec<(&'static str, &'static str)> {
        let text = |name| settings.get(name).and_then(Value::as_str);
        let mut found = Vec::new();
        if text("auth_type") == Some("oauth2_client") {
            found.push((
                "auth_type",
                "is planned and cannot be used yet; choose api_key, bearer or basic",
            ));
        }
        if text("api_key_header").is_some_and(|name| auth::header(name).is_none()) {
            found.push((
                "api_key_header",
                "must be the name of a header that can carry a key, such as X-API-Key",
            ));
        }
        found
    }

    async fn check(&self, connection: Connection<'_>) -> Result<Checked, Failure> {
        check::check(connection).await
    }
}
