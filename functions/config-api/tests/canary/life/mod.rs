//! A provider's whole life with us, told by its descriptor: everything is done that can be done, and everything that
//! can go wrong does.

mod asks;
mod broken;
mod echoed;
mod learned;
mod panicked;
mod refused;
mod removed;
mod rotated;
mod used;

use std::pin::Pin;
use std::time::Duration;

use domain::Credentials;
use http::Method;
use providers::Provider;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use testing::switchboard as names;

use crate::stage::{ADMIN, Person, Stage};
use crate::{canaries, ear};

pub(crate) const INTEGRATIONS: &str = "/api/v1/settings/integrations";
const MESSAGES: &str = "/api/v1/messages";

/// Lives through it all, with every provider there is.
pub(crate) async fn live(stage: &Stage) {
    for provider in providers::ALL {
        let life = Life::new(stage, *provider).await;
        for part in [
            Box::pin(life.connected_and_used()) as Part<'_>,
            Box::pin(life.refused()),
            Box::pin(life.echoed()),
            Box::pin(life.rotated()),
            Box::pin(life.broken()),
            Box::pin(life.panicked()),
            Box::pin(life.removed()),
        ] {
            ear::prick_up();
            part.await;
            stage.seen.kept(&stage.cloud);
        }
    }
    let done = stage.recorded("action");
    let told = stage.recorded("outcome");
    for what in MILESTONES {
        assert!(
            done.contains(what) || told.contains(what),
            "{what} never came"
        );
    }
}

/// What has to be in the audit trail of such a life: actions and outcomes.
const MILESTONES: [&str; 14] = [
    "credentials.open",
    "credentials.return",
    "integration.change",
    "integration.configure",
    "integration.delete",
    "integration.disable",
    "integration.test",
    "permission.grant",
    "permission.revoke",
    "webhook.register",
    "webhook_secret.open",
    "credentials_rejected",
    "does_not_open",
    "provider_unavailable",
];

type Part<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// An account at the provider as a form, and the name it has there.
struct Account {
    name: String,
    form: Value,
}

struct Life<'s> {
    stage: &'s Stage,
    provider: &'static dyn Provider,
    id: &'static str,
    /// Where its default integration is.
    place: String,
    first: Account,
    /// The same account with other secrets, but for those that verify who calls its webhook.
    renewed: Account,
    /// The same account with other secrets.
    second: Account,
    /// Secrets that the provider does not know.
    wrong: Map<String, Value>,
}

impl<'s> Life<'s> {
    async fn new(stage: &'s Stage, provider: &'static dyn Provider) -> Self {
        let id = provider.descriptor().id;
        let secrets = |name: &str| {
            let made = canaries::make(provider, name);
            for (field, value) in &made {
                let value = value.as_str().expect("text");
                let name = format!("{name} {field} of {id}");
                stage.secrets.keep(name, value.as_bytes());
            }
            made
        };
        let account = async |secrets: Map<String, Value>| {
            let wanted = json!({"provider": id, "of": "one", "secrets": secrets});
            let made = stage.control(Method::POST, "accounts", wanted).await;
            let made = &made["accounts"][0];
            Account {
                name: made["account"].as_str().expect("a name").to_owned(),
                form: made["configuration"].clone(),
            }
        };
        let first = secrets("first");
        let mut renewed = canaries::make(provider, "renewed");
        for field in verifying(provider, &first) {
            renewed.insert(field.clone(), first[&field].clone());
        }
        Self {
            stage,
            provider,
            id,
            place: format!("{INTEGRATIONS}/{id}"),
            first: account(first).await,
            renewed: account(renewed).await,
            second: account(secrets("second")).await,
            wrong: secrets("wrong"),
        }
    }

    /// Asks as the admin for something about the default integration; the status.
    async fn ask(&self, method: &str, below: &str, body: impl Into<Value>) -> u16 {
        let path = format!("{}{below}", self.place);
        self.stage.call(ADMIN, method, &path, body).await.0
    }

    /// As [`Life::ask`], and it has to go well.
    async fn done(&self, method: &str, below: &str, body: impl Into<Value>) -> Value {
        let path = format!("{}{below}", self.place);
        let (status, answer) = self.stage.call(ADMIN, method, &path, body).await;
        assert!(
            (200..300).contains(&status),
            "{method} {path}: {status} {answer}"
        );
        answer
    }

    /// Everything is asked for that can be seen of it.
    async fn looked_at(&self, who: Person) {
        for path in [
            INTEGRATIONS,
            &self.place,
            &format!("{}/permissions", self.place),
            "/api/v1/settings/audit-logs",
            "/api/v1/providers",
            "/api/v1/messages/m-1",
        ] {
            self.stage.call(who, "GET", path, Value::Null).await;
        }
    }

    /// A message goes the whole way, if the provider sends any; what comes back is routed.
    async fn sends(&self, id: &str) {
        if self.provider.messages().is_none() {
            return;
        }
        let message = json!({
            "metadata": {"messageId": id, "channel": self.id},
            "wabaPayload": {"to": "919876543220", "type": "text", "text": {"body": "Hello!"}},
        });
        self.stage.call(ADMIN, "POST", MESSAGES, message).await;
        self.settles().await;
    }

    /// Both queues are worked on until nothing more happens at once.
    async fn settles(&self) {
        while self.stage.dispatch().await + self.stage.route().await > 0 {}
    }

    /// Makes the provider fail so from now on.
    async fn fails(&self, mut rule: Value) {
        rule["provider"] = self.id.into();
        rule["times"] = 0.into();
        self.stage.control(Method::POST, "faults", rule).await;
    }

    async fn recovers(&self) {
        let control = self.stage.control(Method::DELETE, "faults", Value::Null);
        control.await;
    }

    /// Waits until something is on the inbound queue.
    async fn hears_back(&self) {
        for _ in 0..400 {
            if !self.stage.cloud.messages(names::INBOUND).is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{} does not call us", self.id);
    }

    /// The values of the secret fields.
    fn secrets(&self, form: &Value) -> Vec<(&'static str, String)> {
        let fields = self.provider.descriptor().fields.iter();
        let secret = fields.filter(|field| field.secret);
        secret
            .map(|field| {
                let value = form[field.name].as_str().expect("text");
                (field.name, value.to_owned())
            })
            .collect()
    }

    /// The values of the first form's secret fields, in one text.
    fn all_secrets(&self) -> String {
        let all = self.secrets(&self.first.form).into_iter();
        let all: Vec<String> = all.map(|(_, value)| value).collect();
        all.join(" ")
    }
}

/// The fields that verify who calls a webhook.
fn verifying(provider: &dyn Provider, secrets: &Map<String, Value>) -> Vec<String> {
    let values = secrets.iter();
    let values = values.map(|(name, value)| (name, value.as_str().expect("text")));
    let credentials: Credentials = values
        .map(|(name, value)| (name, SecretString::from(value)))
        .collect();
    let token = SecretString::from("any");
    let webhooks = provider.webhooks();
    let verifying = webhooks.and_then(|webhooks| webhooks.secret(&credentials, &token));
    let fields = verifying.iter().flat_map(Credentials::iter);
    let fields = fields.filter(|(name, _)| secrets.contains_key(*name));
    fields.map(|(name, _)| name.to_owned()).collect()
}

/// The form with these values instead.
fn with(form: &Value, changes: &Map<String, Value>) -> Value {
    let mut form = form.clone();
    for (name, value) in changes {
        form[name] = value.clone();
    }
    form
}
