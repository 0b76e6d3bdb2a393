//! Some CRM with an API of its own, below `/crm/`: each account wants to be shown who asks in another way.
//!
//! Sources: RFC 6750 (bearer), RFC 7617 (basic), RFC 9110 section 11.6.1 (`WWW-Authenticate`).

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::accounts::{self, Accounts, Blueprint, made_up, own_host};
use crate::control::Refusal;
use crate::provider::{Failure, Provider, Reply, Request, json_reply};

/// The only path that there is.
const ME: &str = "/crm/v1/me";

/// A header that is not the usual one.
const OWN_HEADER: &str = "X-Acme-Token";

/// What is special about an account.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// A key in the usual header.
    ApiKey,
    /// A key in a header of its own.
    OwnHeader,
    Bearer,
    Basic,
    /// The key is good, and may not read the path.
    Forbidden,
}

type Account = accounts::Account<Kind>;

const BLUEPRINT: Blueprint<Kind> = Blueprint {
    fixed: &[
        ("one", Kind::ApiKey),
        ("two", Kind::Bearer),
        ("basic", Kind::Basic),
        ("own_header", Kind::OwnHeader),
        ("forbidden", Kind::Forbidden),
    ],
    secret_fields: &["credentials"],
    configuration,
};

fn configuration(name: &str, number: u64, kind: Kind) -> Map<String, Value> {
    let secret = made_up("custom crm secret", number, 40);
    let (auth_type, credentials) = match kind {
        Kind::Bearer => ("bearer", json!({ "token": secret })),
        Kind::Basic => {
            let username = format!("sandbox-{}", made_up("custom crm user", number, 12));
            ("basic", json!({ "username": username, "password": secret }))
        }
        _ => ("api_key", json!({ "api_key": secret })),
    };
    let mut fields = Map::new();
    let mut set = |field: &str, value: Value| fields.insert(field.to_owned(), value);
    set(
        "base_url",
        format!("https://{}", own_host("crm", name)).into(),
    );
    set("auth_type", auth_type.into());
    set("credentials", credentials);
    set("test_path", ME.into());
    if kind == Kind::OwnHeader {
        set("api_key_header", OWN_HEADER.into());
    }
    fields
}

/// What a request of the account has to show: a header and its value.
fn proof(account: &Account) -> (&str, String) {
    let member = |name: &str| {
        let credentials = account.configuration.get("credentials");
        let member = credentials.and_then(|credentials| credentials.get(name));
        member.and_then(Value::as_str).unwrap_or_default()
    };
    match account.kind {
        Kind::ApiKey | Kind::Forbidden => ("x-api-key", member("api_key").to_owned()),
        Kind::OwnHeader => (OWN_HEADER, member("api_key").to_owned()),
        Kind::Bearer => ("authorization", format!("Bearer {}", member("token"))),
        Kind::Basic => {
            let pair = format!("{}:{}", member("username"), member("password"));
            ("authorization", format!("Basic {}", STANDARD.encode(pair)))
        }
    }
}

/// The provider.
pub(crate) struct CustomCrm(Accounts<Kind>);

impl CustomCrm {
    pub(crate) fn new() -> Self {
        Self(Accounts::new(BLUEPRINT))
    }

    fn caller(&self, request: &Request) -> Option<Arc<Account>> {
        self.0.find(|account| {
            let (header, value) = proof(account);
            let shown = request.headers().get(header);
            shown.is_some_and(|shown| shown.as_bytes() == value.as_bytes())
        })
    }

    fn serve(&self, request: &Request) -> Reply {
        if request.uri().path() != ME {
            return refused(StatusCode::NOT_FOUND, "not_found");
        }
        if request.method() != Method::GET {
            return refused(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed");
        }
        match self.caller(request) {
            None => unauthenticated(),
            Some(account) if account.kind == Kind::Forbidden => {
                refused(StatusCode::FORBIDDEN, "forbidden")
            }
            Some(account) => {
                let me = json!({ "id": account.number, "name": account.name });
                json_reply(StatusCode::OK, &me)
            }
        }
    }
}

fn refused(status: StatusCode, error: &str) -> Reply {
    json_reply(status, &json!({ "error": error }))
}

fn unauthenticated() -> Reply {
    let mut reply = refused(StatusCode::UNAUTHORIZED, "unauthenticated");
    let challenge = HeaderValue::from_static("Bearer realm=\"crm\", Basic realm=\"crm\"");
    reply
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    reply
}

#[async_trait]
impl Provider for CustomCrm {
    fn id(&self) -> &'static str {
        "custom_crm"
    }

    fn serves(&self, path: &str) -> bool {
        path.starts_with("/crm/")
    }

    fn account_of(&self, request: &Request) -> Option<String> {
        self.caller(request).map(|account| account.name.clone())
    }

    async fn answer(&self, request: &Request) -> Reply {
        self.serve(request)
    }

    fn fail(&self, _: &Request, failure: Failure) -> Reply {
        match failure {
            Failure::RateLimit => refused(StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
            Failure::BadCredential => unauthenticated(),
            Failure::MissingScope => refused(StatusCode::FORBIDDEN, "forbidden"),
        }
    }

    fn configuration(&self, account: &str) -> Option<Value> {
        self.0.configuration(account)
    }

    fn make_accounts(&self, count: usize) -> Vec<String> {
        self.0.make(count)
    }

    fn add_secrets(&self, account: &str, secrets: &Map<String, Value>) -> Result<String, Refusal> {
        self.0.add_secrets(account, secrets)
    }

    fn secrets(&self) -> Vec<(String, String)> {
        self.0.secrets()
    }
}
