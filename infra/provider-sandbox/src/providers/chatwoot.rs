//! Chatwoot: what a connection test reads. All accounts are on one server.
//!
//! Source: the server's code at <https://github.com/chatwoot/chatwoot> (4.13.0).

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::accounts::{self, Accounts, Blueprint, made_up, own_host};
use crate::control::Refusal;
use crate::provider::{Failure, Provider, Reply, Request, json_reply};

const VERSION: &str = "4.13.0";

const TOKEN_HEADER: &str = "api_access_token";

/// Everybody is an agent of this account too.
const COMMON_ACCOUNT: u64 = 1;

/// What is special about an account.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// The token is an administrator's.
    Ordinary,
    /// The token is an agent's.
    Agent,
    /// The token is an agent bot's.
    Bot,
    /// The account is suspended.
    Suspended,
    /// Ids are text and accounts have no status, as some servers have it.
    Older,
}

type Account = accounts::Account<Kind>;

const BLUEPRINT: Blueprint<Kind> = Blueprint {
    fixed: &[
        ("one", Kind::Ordinary),
        ("two", Kind::Ordinary),
        ("agent", Kind::Agent),
        ("bot", Kind::Bot),
        ("suspended", Kind::Suspended),
        ("older", Kind::Older),
    ],
    secret_fields: &["api_key"],
    configuration,
};

fn configuration(name: &str, number: u64, _: Kind) -> Map<String, Value> {
    let fields = [
        ("base_url", format!("https://{}", own_host("chat", name))),
        ("account_id", (number + 7).to_string()),
        ("api_key", made_up("chatwoot token", number, 24)),
    ];
    let fields = fields.map(|(field, value)| (field.to_owned(), value.into()));
    fields.into_iter().collect()
}

/// The provider.
pub(crate) struct Chatwoot(Accounts<Kind>);

impl Chatwoot {
    pub(crate) fn new() -> Self {
        Self(Accounts::new(BLUEPRINT))
    }

    fn caller(&self, request: &Request) -> Option<Arc<Account>> {
        let token = request.headers().get(TOKEN_HEADER)?.to_str().ok()?;
        self.0.find(|account| account.text("api_key") == token)
    }

    /// The whole API on one screen. A route that is not there is a page, as Rails has it.
    fn serve(&self, request: &Request) -> Reply {
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/api") => json_reply(StatusCode::OK, &server()),
            (&Method::GET, "/api/v1/profile") => self.profile(request),
            _ => no_route(),
        }
    }

    fn profile(&self, request: &Request) -> Reply {
        if !request.headers().contains_key(TOKEN_HEADER) {
            let errors = ["You need to sign in or sign up before continuing."];
            return json_reply(StatusCode::UNAUTHORIZED, &json!({ "errors": errors }));
        }
        match self.caller(request) {
            None => unauthorized("Invalid Access Token"),
            Some(account) if account.kind == Kind::Bot => {
                unauthorized("Access to this endpoint is not authorized for bots")
            }
            Some(account) => json_reply(StatusCode::OK, &profile(&account)),
        }
    }
}

fn server() -> Value {
    json!({
        "version": VERSION,
        "timestamp": "2026-05-04 08:00:00",
        "queue_services": "ok",
        "data_services": "ok",
    })
}

fn profile(account: &Account) -> Value {
    let email = format!("{}@example.net", account.name.replace('_', "."));
    let role = match account.kind {
        Kind::Agent => "agent",
        _ => "administrator",
    };
    let name = format!("Sandbox user {}", account.name);
    json!({
        "access_token": account.text("api_key"),
        "account_id": account.number + 7,
        "available_name": name,
        "avatar_url": "",
        "confirmed": true,
        "display_name": null,
        "email": email,
        "hmac_identifier": made_up("chatwoot hmac", account.number, 64),
        "id": account.number + 21,
        "name": name,
        "provider": "email",
        "pubsub_token": made_up("chatwoot pubsub", account.number, 24),
        "custom_attributes": {},
        "role": role,
        "ui_settings": {},
        "uid": email,
        "type": null,
        "accounts": [
            membership(account, COMMON_ACCOUNT, "Sandbox staff", "agent"),
            membership(account, account.number + 7, &format!("Sandbox desk {}", account.name), role),
        ],
    })
}

fn membership(of: &Account, id: u64, name: &str, role: &str) -> Value {
    if of.kind == Kind::Older {
        return json!({ "id": id.to_string(), "name": name, "role": role });
    }
    let is_suspended = of.kind == Kind::Suspended && id != COMMON_ACCOUNT;
    json!({
        "id": id,
        "name": name,
        "status": if is_suspended { "suspended" } else { "active" },
        "active_at": "2026-05-04T08:00:00.000Z",
        "role": role,
        "permissions": [role],
        "availability": "online",
        "availability_status": "online",
        "auto_offline": true,
    })
}

fn unauthorized(error: &str) -> Reply {
    json_reply(StatusCode::UNAUTHORIZED, &json!({ "error": error }))
}

fn text_reply(status: StatusCode, kind: &'static str, body: &'static str) -> Reply {
    let mut reply = Reply::new(Bytes::from_static(body.as_bytes()));
    *reply.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    reply.headers_mut().insert(header::CONTENT_TYPE, kind);
    reply
}

fn no_route() -> Reply {
    let page = "<!DOCTYPE html><html><head><title>404</title></head><body></body></html>";
    text_reply(StatusCode::NOT_FOUND, "text/html", page)
}

#[async_trait]
impl Provider for Chatwoot {
    fn id(&self) -> &'static str {
        "chatwoot"
    }

    fn serves(&self, path: &str) -> bool {
        path == "/api" || path.starts_with("/api/v1/")
    }

    fn account_of(&self, request: &Request) -> Option<String> {
        self.caller(request).map(|account| account.name.clone())
    }

    async fn answer(&self, request: &Request) -> Reply {
        self.serve(request)
    }

    fn fail(&self, _: &Request, failure: Failure) -> Reply {
        match failure {
            Failure::RateLimit => {
                text_reply(StatusCode::TOO_MANY_REQUESTS, "text/plain", "Retry later\n")
            }
            Failure::BadCredential => unauthorized("Invalid Access Token"),
            Failure::MissingScope => unauthorized("You are not authorized to do this action"),
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
