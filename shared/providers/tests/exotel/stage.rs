//! The sandbox, and connections to its accounts by each type of integration.

use domain::Failure;
use http::Method;
use provider_sandbox::{Options, Sandbox};
use providers::form::Filled;
use providers::http::{Egress, Outgoing, Reach};
use providers::{Checked, Connection, Overrides, Provider};
use serde_json::{Map, Value, json};
use url::Url;

pub(crate) const PHONE: &str = "exotel_phone";
pub(crate) const WHATSAPP: &str = "exotel_whatsapp";
pub(crate) const SMS: &str = "exotel_sms";
pub(crate) const TYPES: [&str; 3] = [PHONE, WHATSAPP, SMS];

pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: Egress,
    pub(crate) overrides: Overrides,
}

pub(crate) fn provider(id: &str) -> &'static dyn Provider {
    providers::find(id).expect("listed")
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let sandbox = Sandbox::start(Options::default())
            .await
            .expect("a free port");
        let address = |id| json!({"base_url": format!("{}/{id}/", sandbox.url())});
        let all = TYPES.map(|id| (id.to_owned(), address(id)));
        let overrides = Value::Object(all.into_iter().collect());
        let overrides = serde_json::from_value(overrides).expect("overrides");
        Self {
            http: Egress::new(Reach::new(&overrides)).expect("a client"),
            overrides,
            sandbox,
        }
    }

    /// An account's form, with these changes; `null` removes a value.
    pub(crate) async fn form(&self, id: &str, account: &str, changes: Value) -> Map<String, Value> {
        let path = format!("/_sandbox/credentials?account={account}");
        let all = self.control(Method::GET, &path, Value::Null).await;
        let mut form = all[id].as_object().cloned().expect("values");
        form.extend(changes.as_object().cloned().unwrap_or_default());
        form
    }

    pub(crate) async fn filled(&self, id: &str, account: &str, changes: Value) -> Filled {
        let form = self.form(id, account, changes).await;
        providers::form::read(provider(id), form, None).expect("a form that holds")
    }

    pub(crate) fn connect<'a>(&'a self, id: &str, filled: &'a Filled) -> Connection<'a> {
        let (settings, credentials) = (&filled.settings, &filled.credentials);
        self.overrides
            .connect(provider(id), settings, credentials, &self.http)
    }

    pub(crate) async fn check(&self, id: &str, filled: &Filled) -> Result<Checked, Failure> {
        provider(id).check(self.connect(id, filled)).await
    }

    pub(crate) async fn fault(&self, id: &str, path: &str, fault: Value) {
        let rule = json!({"provider": id, "path": path, "fault": fault, "times": 0});
        self.control(Method::POST, "/_sandbox/faults", rule).await;
    }

    pub(crate) async fn requests(&self) -> Vec<Value> {
        let all = self
            .control(Method::GET, "/_sandbox/requests", Value::Null)
            .await;
        all.as_array().cloned().unwrap_or_default()
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let url = Url::parse(&format!("{}{path}", self.sandbox.url())).expect("a URL");
        let mut request = Outgoing::new(method, url);
        if !body.is_null() {
            request = request.json(body.to_string().into_bytes());
        }
        let answer = self.http.send(request).await.expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        serde_json::from_slice(&answer.body).expect("JSON")
    }
}

/// A failure says what to do, and repeats nothing of what it was given.
#[track_caller]
pub(crate) fn is_sound(failure: &Failure, filled: &Filled) {
    use secrecy::ExposeSecret;
    assert!(
        !failure.detail.is_empty() && !failure.hint.is_empty(),
        "{failure:?}"
    );
    let told = format!("{failure:?} {failure}");
    let printed = format!("{told} {filled:?}");
    for (name, value) in filled.credentials.iter() {
        assert!(!printed.contains(value.expose_secret()), "{name}");
    }
    for name in ["account_sid", "virtual_number", "caller_id", "sender"] {
        let value = filled.settings.get(name).and_then(Value::as_str);
        assert!(!value.is_some_and(|value| told.contains(value)), "{name}");
    }
}
