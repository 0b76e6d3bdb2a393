//! WhatsApp: Meta's Cloud API on Graph, versions v21.0 to v26.0.
//!
//! Sources: Meta's published OpenAPI description (`business-messaging-api_v23.0.yaml`) and its
//! documentation pages <https://developers.facebook.com/docs/whatsapp/cloud-api>. Where both leave
//! something open the stricter reading is served.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use self::access::{Caller, require};
use self::accounts::{Account, Directory, MANAGEMENT, MESSAGING};
use self::call::{Call, Version};
use self::error::{Graph, GraphError};
use self::registration::Registrations;
use crate::control::{Input, Refusal};
use crate::delivery::Deliveries;
use crate::provider::{Event, Failure, Provider, Reply, Request, json_reply};
use crate::settings::Settings;
use crate::sync::lock;

mod access;
mod accounts;
mod call;
mod debug_token;
mod error;
mod fields;
mod inbound;
mod messages;
mod nodes;
mod paging;
mod registration;
mod statuses;
mod templates;
mod webhook;

const ID: &str = "whatsapp";

/// The provider, with what requests have changed.
pub(crate) struct WhatsApp {
    directory: Mutex<Directory>,
    registrations: Registrations,
    settings: Arc<Settings>,
    deliveries: Arc<Deliveries>,
}

impl WhatsApp {
    pub(crate) fn new(settings: Arc<Settings>, deliveries: Arc<Deliveries>) -> Self {
        Self {
            directory: Mutex::default(),
            registrations: Registrations::default(),
            settings,
            deliveries,
        }
    }

    /// The whole API on one screen.
    async fn serve(&self, call: &Call<'_>) -> Graph<Value> {
        let method = call.method.as_str();
        match (method, call.segments.as_slice()) {
            (_, []) => Err(GraphError::no_object(&method.to_lowercase(), "")),
            ("GET", ["debug_token"]) => debug_token::read(call, &lock(&self.directory)),
            ("GET", ["me"]) => nodes::me(
                call,
                &self.caller(call)?.ok_or_else(GraphError::no_current_user)?,
            ),
            (_, [id]) => self.serve_node(call, id, None).await,
            (_, [id, edge]) => self.serve_node(call, id, Some(edge)).await,
            _ => Err(GraphError::unknown_path(&format!(
                "/{}",
                call.segments.join("/")
            ))),
        }
    }

    async fn serve_node(&self, call: &Call<'_>, id: &str, edge: Option<&str>) -> Graph<Value> {
        let method = call.method.as_str();
        let no_object = || GraphError::no_object(&method.to_lowercase(), id);
        let account = match self.caller(call)?.ok_or_else(GraphError::no_token)? {
            Caller::User(account) => account,
            Caller::App(_) => return Err(no_object()),
        };
        if let Some(phone) = account.phone(id) {
            let managed = || require(&account, MANAGEMENT, GraphError::no_permission);
            match (method, edge) {
                ("GET", None) => managed().and_then(|()| {
                    nodes::phone(call, &account, phone, &self.registrations.of(&account))
                }),
                ("POST", None) => {
                    managed()?;
                    self.registrations
                        .configure_phone(call, &account, phone)
                        .await
                }
                ("POST", Some("messages")) => {
                    require(&account, MESSAGING, GraphError::no_permission)?;
                    self.send(call, &account, phone)
                }
                ("GET", Some(edge)) => Err(GraphError::no_field(edge, nodes::PHONE)),
                _ => Err(no_object()),
            }
        } else if id == account.waba_id {
            require(&account, MANAGEMENT, GraphError::no_account_permission)?;
            let registration = self.registrations.of(&account);
            match (method, edge) {
                ("GET", None) => nodes::waba(call, &account),
                ("GET", Some("phone_numbers")) => {
                    nodes::phone_numbers(call, &account, &registration)
                }
                ("GET", Some("message_templates")) => templates::list(call, &account),
                ("GET", Some("subscribed_apps")) => Ok(registration.subscribed_apps(&account)),
                ("POST", Some("subscribed_apps")) => {
                    self.registrations.subscribe(call, &account).await
                }
                ("DELETE", Some("subscribed_apps")) => Ok(self.registrations.unsubscribe(&account)),
                ("GET", Some(edge)) => Err(GraphError::no_field(edge, nodes::WABA)),
                _ => Err(no_object()),
            }
        } else {
            Err(no_object())
        }
    }

    fn send(
        &self,
        call: &Call<'_>,
        account: &Arc<Account>,
        phone: &accounts::Phone,
    ) -> Graph<Value> {
        match messages::receive(&call.params, account, phone)? {
            messages::Received::Receipt => Ok(json!({ "success": true })),
            messages::Received::Message(message) => {
                if let Some(url) = self.registrations.of(account).target(&phone.id) {
                    statuses::queue(
                        &self.deliveries,
                        self.settings.get(),
                        account,
                        phone,
                        url,
                        &message,
                    );
                }
                Ok(message.answer())
            }
        }
    }

    fn caller(&self, call: &Call<'_>) -> Graph<Option<Caller>> {
        Caller::of(call, &lock(&self.directory))
    }
}

#[async_trait]
impl Provider for WhatsApp {
    fn id(&self) -> &'static str {
        ID
    }

    fn serves(&self, path: &str) -> bool {
        call::is_graph(path)
    }

    fn account_of(&self, request: &Request) -> Option<String> {
        let directory = lock(&self.directory);
        let by_token = call::bearer(request).and_then(|token| match token.split_once('|') {
            Some((app_id, _)) => directory
                .by_app_token(token)
                .or_else(|| directory.by_app(app_id)),
            None => directory.by_token(token),
        });
        let by_path = || {
            request
                .uri()
                .path()
                .split('/')
                .nth(2)
                .and_then(|id| directory.find(id))
        };
        by_token
            .or_else(by_path)
            .map(|account| account.name.clone())
    }

    async fn answer(&self, request: &Request) -> Reply {
        let call = match Call::new(request) {
            Ok(call) => call,
            Err(error) => return error.reply(),
        };
        let reply = match self.serve(&call).await {
            Ok(answer) => json_reply(StatusCode::OK, &answer),
            Err(error) => error.reply(),
        };
        with_headers(reply, call.version)
    }

    fn fail(&self, request: &Request, failure: Failure) -> Reply {
        let reply = GraphError::from(failure).reply();
        match Call::new(request) {
            Ok(call) => with_headers(reply, call.version),
            Err(_) => reply,
        }
    }

    fn configuration(&self, account: &str) -> Option<Value> {
        lock(&self.directory)
            .by_name(account)
            .map(|account| account.configuration())
    }

    fn make_accounts(&self, count: usize) -> Vec<String> {
        lock(&self.directory).make(count)
    }

    fn add_secrets(&self, account: &str, secrets: &Map<String, Value>) -> Result<String, Refusal> {
        let input = Input::new(secrets, &["access_token", "app_secret"])?;
        let text = |name| {
            let text = input.text(name)?;
            text.ok_or_else(|| Refusal::field(name, "is missing"))
        };
        let given = (text("access_token")?, text("app_secret")?);
        lock(&self.directory)
            .add_secrets(account, given)
            .ok_or_else(|| Refusal::field("of", format!("there is no {account:?}")))
    }

    fn secrets(&self) -> Vec<(String, String)> {
        lock(&self.directory).secrets()
    }

    fn compose(&self, wanted: &Map<String, Value>) -> Result<Event, Refusal> {
        let find_account = |name: &str| lock(&self.directory).by_name(name);
        inbound::compose(wanted, find_account, |account| {
            self.registrations.of(account)
        })
    }

    fn reset(&self) {
        self.registrations.clear();
    }
}

/// The headers that come with every answer of a version; the percentages of `x-app-usage` are far
/// from any limit.
fn with_headers(mut reply: Reply, version: Version) -> Reply {
    for (name, value) in [
        ("facebook-api-version", version.shown()),
        ("x-fb-trace-id", hex::encode(crate::random::bytes::<8>())),
        ("x-fb-request-id", hex::encode(crate::random::bytes::<8>())),
        (
            "x-app-usage",
            json!({ "call_count": 1, "total_cputime": 1, "total_time": 1 }).to_string(),
        ),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            reply
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    reply
}
