//! A provider's whole life with us, told by its descriptor: everything is done that can be done, and everything that
//! can go wrong does.

mod asks;
mod beside;
mod broken;
mod echoed;
mod learned;
mod older;
mod panicked;
mod refused;
mod removed;
mod rotated;
mod team;
mod used;

use std::pin::Pin;
use std::time::Duration;

use domain::Credentials;
use http::Method;
use providers::Provider;
use providers::field::Form;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use testing::switchboard as names;

use crate::stage::{ADMIN, Person, SERVICE, Stage};
use crate::{canaries, ear};

pub(crate) const INTEGRATIONS: &str = "/api/v1/settings/integrations";
const MESSAGES: &str = "/api/v1/messages";
const SETTINGS: &str = "/api/v1/settings";

/// The sandbox's account that most is done with.
const ACCOUNT: &str = "one";

/// Lives through it all, with every provider that can be connected.
pub(crate) async fn live(stage: &Stage) {
    for provider in contract::forms::ready() {
        let life = Life::new(stage, provider).await;
        for part in [
            Box::pin(life.connected_and_used()) as Part<'_>,
            Box::pin(life.beside()),
            Box::pin(life.by_older_paths()),
            Box::pin(life.put_to_work()),
            Box::pin(life.refused()),
            Box::pin(life.echoed()),
            Box::pin(life.rotated()),
            Box::pin(life.broken()),
            Box::pin(life.panicked()),
            Box::pin(life.removed()),
        ] {
            ear::prick_up();
            part.await;
        }
        stage.seen.kept(&stage.cloud);
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

/// The first provider is connected, and two are told its token, which is returned.
pub(crate) async fn told(stage: &Stage) -> String {
    let life = Life::new(stage, providers::ALL[0]).await;
    life.done("POST", "", life.first.form.clone()).await;
    let credentials = format!("{}/credentials", life.place);
    for (who, query) in [(ADMIN, "?reason=moving"), (SERVICE, "")] {
        let path = format!("{credentials}{query}");
        life.goes_well(who, "GET", &path, Value::Null).await;
    }
    life.secrets().swap_remove(0)
}

/// What has to be in the audit trail of such lives: actions and outcomes.
const MILESTONES: [&str; 23] = [
    "agent.create",
    "agent.change",
    "agent.delete",
    "credentials.open",
    "credentials.return",
    "credentials.reveal",
    "integration.change",
    "integration.configure",
    "integration.delete",
    "integration.disable",
    "integration.test",
    "permission.grant",
    "permission.revoke",
    "phone_number.assign",
    "phone_numbers.sync",
    "platform_account.end",
    "platform_account.grant",
    "webhook.register",
    "webhook.rotate",
    "webhook_secret.open",
    "credentials_rejected",
    "does_not_open",
    "provider_unavailable",
];

type Part<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// What somebody asks the API.
struct Request {
    who: Person,
    method: &'static str,
    path: String,
    body: Value,
}

impl Stage {
    async fn request(&self, request: Request) -> (u16, Value) {
        let Request {
            who,
            method,
            path,
            body,
        } = request;
        self.call(who, method, &path, body).await
    }
}

/// An account at the provider as a form, and the name it has there.
struct Account {
    name: String,
    form: Value,
}

impl Account {
    /// The sandbox's account of that name, with canaries for secrets.
    async fn make(stage: &Stage, provider: &dyn Provider, of: &str, name: &str) -> Self {
        let shape = shape(stage, provider, of).await;
        let secrets = canaries::make(provider, &shape, name);
        keep(stage, provider, name, &secrets);
        Self::with(stage, provider, of, secrets).await
    }

    async fn with(
        stage: &Stage,
        provider: &dyn Provider,
        of: &str,
        secrets: Map<String, Value>,
    ) -> Self {
        let wanted = json!({"provider": provider.descriptor().id, "of": of, "secrets": secrets});
        let made = stage.control(Method::POST, "accounts", wanted).await;
        let made = &made["accounts"][0];
        Self {
            name: made["account"].as_str().expect("a name").to_owned(),
            form: made["configuration"].clone(),
        }
    }
}

/// The form of the sandbox's account of that name.
async fn shape(stage: &Stage, provider: &dyn Provider, of: &str) -> Value {
    let id = provider.descriptor().id;
    let path = format!("credentials?provider={id}&account={of}");
    let mut forms = stage.control(Method::GET, &path, Value::Null).await;
    forms[id].take()
}

/// From now on they must not be found.
fn keep(stage: &Stage, provider: &dyn Provider, name: &str, secrets: &Map<String, Value>) {
    for (field, value) in secrets {
        for (field, text) in canaries::texts(field, value) {
            let name = format!("{name} {field} of {}", provider.descriptor().id);
            stage.secrets.keep(name, text.as_bytes());
        }
    }
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
    /// Another account.
    other: Account,
    /// Secrets that the provider does not know.
    wrong: Map<String, Value>,
}

impl<'s> Life<'s> {
    async fn new(stage: &'s Stage, provider: &'static dyn Provider) -> Self {
        let id = provider.descriptor().id;
        let shape = shape(stage, provider, ACCOUNT).await;
        let first = canaries::make(provider, &shape, "first");
        let mut renewed = canaries::make(provider, &shape, "renewed");
        let wrong = canaries::make(provider, &shape, "wrong");
        for field in verifying(provider, &first) {
            renewed.insert(field.clone(), first[&field].clone());
        }
        for (name, secrets) in [("first", &first), ("renewed", &renewed), ("wrong", &wrong)] {
            keep(stage, provider, name, secrets);
        }
        Self {
            stage,
            provider,
            id,
            place: format!("{INTEGRATIONS}/{id}"),
            first: Account::with(stage, provider, ACCOUNT, first).await,
            renewed: Account::with(stage, provider, ACCOUNT, renewed).await,
            second: Account::make(stage, provider, ACCOUNT, "second").await,
            other: Account::make(stage, provider, "two", "other").await,
            wrong,
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
        self.goes_well(ADMIN, method, &path, body).await
    }

    /// Asks for something that has to go well.
    async fn goes_well(
        &self,
        who: Person,
        method: &str,
        path: &str,
        body: impl Into<Value>,
    ) -> Value {
        let (status, answer) = self.stage.call(who, method, path, body).await;
        assert!(
            (200..300).contains(&status),
            "{who:?} {method} {path}: {status} {answer}"
        );
        answer
    }

    /// Everything is asked for that can be seen of it.
    async fn looked_at(&self, who: Person) {
        for below in [
            "",
            "/permissions",
            "/health",
            "/analytics",
            "/templates",
            "/webhook",
        ] {
            let path = format!("{}{below}", self.place);
            self.stage.call(who, "GET", &path, Value::Null).await;
        }
        for path in [
            INTEGRATIONS,
            "/api/v1/settings/audit-logs",
            "/api/v1/settings/notifications",
            "/api/v1/settings/phone-numbers",
            "/api/v1/settings/platform-accounts",
            "/api/v1/agents",
            "/api/v1/events",
            "/api/v1/messages/m-1",
            "/api/integrations/elevenlabs/config",
            "/api/settings/whatsapp",
            "/api/settings/whatsapp/templates",
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

    /// What was refused is tried again, long enough after that for it to have consequences.
    async fn second_look(&self) {
        self.stage.later();
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

    /// The texts that are secret in the first form.
    fn secrets(&self) -> Vec<String> {
        let fields = self.secret_fields();
        let texts = fields.flat_map(|field| canaries::texts(field, &self.first.form[field]));
        texts.map(|(_, text)| text.to_owned()).collect()
    }

    fn secret_fields(&self) -> impl Iterator<Item = &'static str> {
        let fields = self.provider.descriptor().fields.iter();
        fields.filter(|field| field.secret).map(|field| field.name)
    }

    /// All of them in one text.
    fn all_secrets(&self) -> String {
        self.secrets().join(" ")
    }

    /// The field that says where the tenant's own server is.
    fn address(&self) -> Option<&'static str> {
        let mut fields = self.provider.descriptor().fields.iter();
        let field = fields.find(|field| field.form == Form::Address)?;
        Some(field.name)
    }
}

/// The fields that verify who calls a webhook.
fn verifying(provider: &dyn Provider, secrets: &Map<String, Value>) -> Vec<String> {
    let values = secrets.iter();
    let values = values.filter_map(|(name, value)| Some((name, value.as_str()?)));
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
