//! ElevenLabs Agents: what a connection test reads.
//!
//! Sources: ElevenLabs' OpenAPI description (agents, phone numbers, user) and its page on errors
//! <https://elevenlabs.io/docs/eleven-api/resources/errors>.

use std::sync::Arc;

use async_trait::async_trait;
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::accounts::{self, Accounts, Blueprint, made_up};
use crate::control::Refusal;
use crate::provider::{Failure, Provider, Reply, Request, json_reply};

/// What is special about an account.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Ordinary,
    /// Its number is a line of Exotel's.
    Exotel,
    /// Its number is a SIP trunk.
    SipTrunk,
    /// The agent has no number, and none is in the configuration.
    NoNumber,
    /// The agent has two numbers, and none is in the configuration.
    TwoNumbers,
    /// The number takes calls and makes none.
    InboundOnly,
    /// The key lacks `convai_read`, in the words of older answers.
    NoAgents,
    /// The same, in the words of newer answers.
    NoAgentsNewer,
    /// The key lacks `user_read`.
    NoUser,
    /// The subscription is not paid.
    PastDue,
    /// The key has used up its credits.
    NoCredits,
}

type Account = accounts::Account<Kind>;

const BLUEPRINT: Blueprint<Kind> = Blueprint {
    fixed: &[
        ("one", Kind::Ordinary),
        ("two", Kind::Ordinary),
        ("exotel", Kind::Exotel),
        ("sip_trunk", Kind::SipTrunk),
        ("no_number", Kind::NoNumber),
        ("two_numbers", Kind::TwoNumbers),
        ("inbound_only", Kind::InboundOnly),
        ("no_agents", Kind::NoAgents),
        ("no_agents_newer", Kind::NoAgentsNewer),
        ("no_user", Kind::NoUser),
        ("past_due", Kind::PastDue),
        ("no_credits", Kind::NoCredits),
    ],
    secret_fields: &["api_key"],
    configuration,
};

fn configuration(_: &str, number: u64, kind: Kind) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut set = |field: &str, value: String| fields.insert(field.to_owned(), value.into());
    set(
        "api_key",
        format!("sk_{}", made_up("elevenlabs key", number, 48)),
    );
    set(
        "agent_id",
        format!("agent_{number:04}k5zvyjhmfg983brhmhkd98n6"),
    );
    if !matches!(kind, Kind::NoNumber | Kind::TwoNumbers) {
        set("phone_number_id", number_id(number, 0));
    }
    fields
}

fn number_id(account: u64, place: usize) -> String {
    format!("phnum_{account:04}z7t8y3f5ey4s2rj{place}v9gq0w1m")
}

/// The provider.
pub(crate) struct ElevenLabs(Accounts<Kind>);

/// A refusal: status, and the code and sentence in `detail`.
struct Refused(StatusCode, &'static str, &'static str, &'static str);

impl Refused {
    const fn missing_key() -> Self {
        let sentence = "No API key was provided.";
        Self(
            StatusCode::UNAUTHORIZED,
            "authentication_error",
            "missing_api_key",
            sentence,
        )
    }

    const fn bad_key() -> Self {
        let sentence = "Invalid API key";
        Self(
            StatusCode::UNAUTHORIZED,
            "authentication_error",
            "invalid_api_key",
            sentence,
        )
    }

    const fn no_agent() -> Self {
        let sentence = "The specified agent was not found.";
        Self(
            StatusCode::NOT_FOUND,
            "not_found",
            "agent_not_found",
            sentence,
        )
    }

    const fn no_number() -> Self {
        let sentence = "The specified phone number was not found.";
        Self(
            StatusCode::NOT_FOUND,
            "not_found",
            "phone_number_not_found",
            sentence,
        )
    }

    const fn insufficient() -> Self {
        let sentence = "The API key has insufficient permissions for this operation.";
        Self(
            StatusCode::FORBIDDEN,
            "authorization_error",
            "insufficient_permissions",
            sentence,
        )
    }

    const fn rate_limit() -> Self {
        let sentence = "Too many requests.";
        Self(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limit_error",
            "rate_limit_exceeded",
            sentence,
        )
    }

    fn reply(&self) -> Reply {
        let Self(status, kind, code, message) = self;
        let request_id = hex::encode(crate::random::bytes::<16>());
        let detail = json!({ "type": kind, "code": code, "message": message, "status": code,
            "request_id": request_id });
        json_reply(*status, &json!({ "detail": detail }))
    }
}

/// The older form, which has neither type nor code.
fn legacy(status: &str, message: &str) -> Reply {
    let detail = json!({ "status": status, "message": message });
    json_reply(StatusCode::UNAUTHORIZED, &json!({ "detail": detail }))
}

fn lacks(permission: &str) -> Reply {
    let message = format!(
        "The API key you used is missing the permission {permission} to execute this operation."
    );
    legacy("missing_permissions", &message)
}

impl ElevenLabs {
    pub(crate) fn new() -> Self {
        Self(Accounts::new(BLUEPRINT))
    }

    fn caller(&self, request: &Request) -> Option<Arc<Account>> {
        let key = request.headers().get("xi-api-key")?.to_str().ok()?;
        self.0.find(|account| account.text("api_key") == key)
    }

    /// The whole API on one screen.
    fn serve(&self, request: &Request) -> Reply {
        let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        let read: fn(&Account, &str) -> Reply = match path[..] {
            ["v1", "convai", "agents", _] => agent,
            ["v1", "convai", "phone-numbers", _] => phone_number,
            ["v1", "user"] => user,
            _ => return bare(StatusCode::NOT_FOUND, "Not Found"),
        };
        if request.method() != http::Method::GET {
            return bare(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
        }
        if !request.headers().contains_key("xi-api-key") {
            return Refused::missing_key().reply();
        }
        match self.caller(request) {
            None => Refused::bad_key().reply(),
            Some(account) => read(&account, path.last().copied().unwrap_or_default()),
        }
    }
}

fn bare(status: StatusCode, detail: &str) -> Reply {
    json_reply(status, &json!({ "detail": detail }))
}

/// What stands in the way of everything that has to do with agents.
fn convai_refusal(account: &Account) -> Option<Reply> {
    match account.kind {
        Kind::NoAgents => Some(lacks("convai_read")),
        Kind::NoAgentsNewer => Some(Refused::insufficient().reply()),
        Kind::NoCredits => Some(legacy(
            "quota_exceeded",
            "This request exceeds your API key quota.",
        )),
        _ => None,
    }
}

/// `GET /v1/convai/agents/{agent_id}`.
fn agent(account: &Account, id: &str) -> Reply {
    if let Some(refusal) = convai_refusal(account) {
        return refusal;
    }
    if account.text("agent_id") != id {
        return Refused::no_agent().reply();
    }
    let numbers: Vec<Value> = (0..numbers(account))
        .map(|place| number(account, place))
        .collect();
    let body = json!({
        "agent_id": id,
        "name": format!("Sandbox agent {}", account.name),
        "conversation_config": { "agent": { "first_message": "Hello!", "language": "en" } },
        "metadata": { "created_at_unix_secs": 1_767_225_600, "updated_at_unix_secs": 1_767_225_600 },
        "platform_settings": {},
        "phone_numbers": numbers,
        "whatsapp_accounts": [],
        "access_info": null,
        "tags": [],
        "version_id": null,
    });
    json_reply(StatusCode::OK, &body)
}

/// `GET /v1/convai/phone-numbers/{phone_number_id}`.
fn phone_number(account: &Account, id: &str) -> Reply {
    if let Some(refusal) = convai_refusal(account) {
        return refusal;
    }
    let mut places = 0..numbers(account);
    match places.find(|place| number_id(account.number, *place) == id) {
        Some(place) => json_reply(StatusCode::OK, &number(account, place)),
        None => Refused::no_number().reply(),
    }
}

/// How many numbers the agent has.
fn numbers(account: &Account) -> usize {
    match account.kind {
        Kind::NoNumber => 0,
        Kind::TwoNumbers => 2,
        _ => 1,
    }
}

fn number(account: &Account, place: usize) -> Value {
    let provider = match account.kind {
        Kind::Exotel => "exotel",
        Kind::SipTrunk => "sip_trunk",
        _ => "twilio",
    };
    json!({
        "phone_number": format!("+1555020{:04}", account.number + place as u64),
        "label": format!("Sandbox line {}", account.name),
        "phone_number_id": number_id(account.number, place),
        "provider": provider,
        "supports_inbound": true,
        "supports_outbound": account.kind != Kind::InboundOnly,
        "assigned_agent": {
            "agent_id": account.text("agent_id"),
            "agent_name": format!("Sandbox agent {}", account.name),
            "environment": null,
            "branch_id": null,
        },
    })
}

/// `GET /v1/user`.
fn user(account: &Account, _: &str) -> Reply {
    if account.kind == Kind::NoUser {
        return lacks("user_read");
    }
    let key = account.text("api_key");
    let preview = key.get(key.len().saturating_sub(4)..).unwrap_or_default();
    let status = if account.kind == Kind::PastDue {
        "past_due"
    } else {
        "active"
    };
    let body = json!({
        "user_id": made_up("elevenlabs user", account.number, 28),
        "subscription": {
            "tier": "creator",
            "status": status,
            "character_count": 1_200,
            "character_limit": 100_000,
            "next_character_count_reset_unix": 1_798_761_600,
        },
        "is_new_user": false,
        "is_onboarding_completed": true,
        "xi_api_key_preview": format!("…{preview}"),
        "created_at": 1_767_225_600,
        "seat_type": "workspace_admin",
    });
    json_reply(StatusCode::OK, &body)
}

#[async_trait]
impl Provider for ElevenLabs {
    fn id(&self) -> &'static str {
        "elevenlabs"
    }

    fn serves(&self, path: &str) -> bool {
        path.starts_with("/v1/convai/") || path == "/v1/user"
    }

    fn account_of(&self, request: &Request) -> Option<String> {
        self.caller(request).map(|account| account.name.clone())
    }

    async fn answer(&self, request: &Request) -> Reply {
        self.serve(request)
    }

    fn fail(&self, _: &Request, failure: Failure) -> Reply {
        match failure {
            Failure::RateLimit => Refused::rate_limit().reply(),
            Failure::BadCredential => Refused::bad_key().reply(),
            Failure::MissingScope => lacks("convai_read"),
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
