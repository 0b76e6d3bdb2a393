//! The sandbox, and connections to its accounts.

use std::time::Duration;

use domain::Failure;
use http::Method;
use provider_sandbox::{Options, Sandbox};
use providers::form::Filled;
use providers::http::{Egress, Outgoing, Reach};
use providers::{Checked, Connection, Overrides, Provider, Webhooks};
use serde_json::{Map, Value, json};
use url::Url;

pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: Egress,
    pub(crate) overrides: Overrides,
}

pub(crate) fn whatsapp() -> &'static dyn Provider {
    providers::find("whatsapp").expect("listed")
}

pub(crate) fn webhooks() -> &'static dyn Webhooks {
    whatsapp().webhooks().expect("it calls us")
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let sandbox = Sandbox::start(Options {
            status_gap: Duration::ZERO,
            ..Options::default()
        })
        .await
        .expect("a free port");
        let overrides = json!({"whatsapp": {"base_url": format!("{}/", sandbox.url())}});
        let overrides = serde_json::from_value(overrides).expect("overrides");
        Self {
            http: Egress::new(Reach::new(&overrides)).expect("a client"),
            overrides,
            sandbox,
        }
    }

    /// An account's values, with these changed; `null` removes one.
    pub(crate) async fn filled(&self, account: &str, changes: Value) -> Filled {
        let path = format!("/_sandbox/credentials?account={account}");
        let all = self.control(Method::GET, &path, Value::Null).await;
        let mut form: Map<String, Value> = all["whatsapp"].as_object().cloned().expect("values");
        form.extend(changes.as_object().cloned().unwrap_or_default());
        providers::form::read(whatsapp(), form, None).expect("a form that holds")
    }

    pub(crate) fn connect<'a>(&'a self, filled: &'a Filled) -> Connection<'a> {
        let (settings, credentials) = (&filled.settings, &filled.credentials);
        self.overrides
            .connect(whatsapp(), settings, credentials, &self.http)
    }

    pub(crate) async fn check(&self, filled: &Filled) -> Result<Checked, Failure> {
        whatsapp().check(self.connect(filled)).await
    }

    pub(crate) async fn fault(&self, path: &str, fault: Value) {
        let rule = json!({"provider": "whatsapp", "path": path, "fault": fault, "times": 0});
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
    let printed = format!("{failure:?} {failure} {filled:?}");
    for (name, value) in filled.credentials.iter() {
        assert!(!printed.contains(value.expose_secret()), "{name}");
    }
}
