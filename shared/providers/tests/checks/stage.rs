//! The sandbox, and the connection test of one provider against it.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::{Failure, FailureKind};
use http::Method;
use provider_sandbox::{Options, Sandbox};
use providers::form::{Filled, Objection};
use providers::http::{Egress, Network, Outgoing, Reach};
use providers::{Checked, Overrides, Provider};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use url::Url;

pub(crate) struct Stage {
    provider: &'static dyn Provider,
    sandbox: Sandbox,
    http: Egress,
    overrides: Overrides,
}

/// A fault of what was entered, and what it leads to.
pub(crate) struct Case {
    /// Account of the sandbox.
    pub(crate) account: &'static str,
    /// What is entered besides.
    pub(crate) changes: Value,
    pub(crate) kind: FailureKind,
    /// The provider's code; empty for none.
    pub(crate) code: &'static str,
    /// Part of what is told.
    pub(crate) says: &'static str,
}

impl Stage {
    pub(crate) async fn new(provider: &str) -> Self {
        let sandbox = Sandbox::start(Options::default())
            .await
            .expect("a free port");
        let overrides = json!({provider: {"base_url": sandbox.url()}});
        let overrides = serde_json::from_value(overrides).expect("overrides");
        Self {
            provider: providers::find(provider).expect("listed"),
            http: Egress::new(Reach::new(&overrides)).expect("a client"),
            overrides,
            sandbox,
        }
    }

    /// An account's form, with these changes; `null` removes a field.
    pub(crate) async fn form(&self, account: &str, changes: Value) -> Map<String, Value> {
        let path = format!("/_sandbox/credentials?account={account}");
        let all = self.control(Method::GET, &path, Value::Null).await;
        let form = all[self.provider.descriptor().id].as_object();
        let mut form = form.cloned().expect("an account");
        form.extend(changes.as_object().cloned().unwrap_or_default());
        form
    }

    pub(crate) async fn filled(&self, account: &str, changes: Value) -> Filled {
        let form = self.form(account, changes).await;
        providers::form::read(self.provider, form, None).expect("a form that holds")
    }

    /// What is held against a form.
    pub(crate) async fn objections(&self, account: &str, changes: Value) -> Vec<Objection> {
        let form = self.form(account, changes).await;
        let read = providers::form::read(self.provider, form, None);
        read.err().unwrap_or_default()
    }

    pub(crate) async fn check(&self, filled: &Filled) -> Result<Checked, Failure> {
        let (settings, credentials) = (&filled.settings, &filled.credentials);
        let connect = &self.overrides;
        let connection = connect.connect(self.provider, settings, credentials, &self.http);
        self.provider.check(connection).await
    }

    /// The test of an account that is good.
    pub(crate) async fn checked(&self, account: &str, changes: Value) -> Checked {
        let filled = self.filled(account, changes).await;
        self.check(&filled).await.expect("good credentials")
    }

    /// The test of an account that fails, with a failure that says what to do and repeats nothing.
    pub(crate) async fn refused(&self, account: &str, changes: Value) -> Failure {
        let filled = self.filled(account, changes).await;
        let failure = self.check(&filled).await.expect_err("a failure");
        let printed = format!("{failure:?} {failure} {filled:?}");
        assert!(
            !failure.detail.is_empty() && !failure.hint.is_empty(),
            "{printed}"
        );
        for (name, value) in filled.credentials.iter() {
            assert!(!printed.contains(value.expose_secret()), "{name}");
        }
        failure
    }

    pub(crate) async fn leads_to(&self, case: Case) {
        let what = format!("{} {}", case.account, case.changes);
        let failure = self.refused(case.account, case.changes).await;
        assert_eq!(failure.kind, case.kind, "{what}: {failure:?}");
        let code = failure.provider_code.as_deref().unwrap_or_default();
        assert_eq!(code, case.code, "{what}");
        let told = format!("{} {}", failure.detail, failure.hint);
        assert!(told.contains(case.says), "{what}: {told}");
    }

    /// The host that a test looks up when no operator has set an address.
    pub(crate) async fn host(&self, filled: &Filled) -> Vec<String> {
        let names = Arc::new(Names::default());
        let overrides = Overrides::default();
        let http = Egress::over(names.clone(), Reach::new(&overrides)).expect("a client");
        let (settings, credentials) = (&filled.settings, &filled.credentials);
        let connection = overrides.connect(self.provider, settings, credentials, &http);
        let failure = self.provider.check(connection).await.expect_err("no name");
        assert_eq!(failure.kind, FailureKind::Unavailable);
        names.0.lock().expect("unpoisoned").clone()
    }

    /// Makes all coming requests go wrong whose path contains that.
    pub(crate) async fn fault(&self, path: &str, fault: Value) {
        self.fault_times(path, fault, 0).await;
    }

    pub(crate) async fn fault_times(&self, path: &str, fault: Value, times: u32) {
        let id = self.provider.descriptor().id;
        let rule = json!({"provider": id, "path": path, "fault": fault, "times": times});
        self.control(Method::POST, "/_sandbox/faults", rule).await;
    }

    pub(crate) async fn requests(&self) -> Vec<Value> {
        let path = "/_sandbox/requests";
        let all = self.control(Method::GET, path, Value::Null).await;
        all.as_array().cloned().unwrap_or_default()
    }

    /// Method and path of each request so far.
    pub(crate) async fn calls(&self) -> Vec<String> {
        let shown = |call: &Value| {
            let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
            format!("{} {}", text("method"), text("path"))
        };
        self.requests().await.iter().map(shown).collect()
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> Value {
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

/// A network without a name in it, which notes what it is asked for.
#[derive(Default)]
struct Names(Mutex<Vec<String>>);

#[async_trait]
impl Network for Names {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.0.lock().expect("unpoisoned").push(name.to_owned());
        Err(io::ErrorKind::NotFound.into())
    }
}
