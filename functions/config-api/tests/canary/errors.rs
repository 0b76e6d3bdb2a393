//! Every type of error there is, made by what has a secret in it, and printed in every way.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use custody::resealing::Interrupted;
use domain::audit::Break;
use domain::failure::StoreError;
use domain::phone::E164;
use domain::route::Route;
use domain::seal::Purpose;
use domain::time::SystemClock;
use domain::{Clock, Credentials, TenantId, UserId};
use edge::http::HttpRequest;
use http::Method;
use providers::http::{Egress, Outgoing, Reach};
use providers::{Overrides, Settings};
use secrecy::SecretString;
use serde_json::json;
use store::WriteError;
use store::agents::AgentError;
use store::audit::VerifyError;
use store::integrations::Integrations;
use store::phone_numbers::SyncError;
use testing::switchboard as names;
use url::Url;
use vault::{AwsKms, KeeperError, KeyContext, KeyService, OpenError};

use crate::child::VARIABLE;
use crate::echo::echoing;
use crate::sinks::Sink;
use crate::stage::{ADMIN, Stage};

type Printed = (&'static str, Box<dyn Error>);

impl Stage {
    /// Prints an error of every type, each made by something with that secret in it.
    pub(crate) async fn errs(&self, secret: &str) {
        let mut errors = of_what_was_given(secret);
        errors.extend(self.of_what_others_say(secret).await);
        let printed: BTreeSet<_> = errors.iter().map(|(name, _)| (*name).to_owned()).collect();
        // Shown by another, whose cause it is.
        let within = BTreeSet::from(["Reason".to_owned()]);
        assert_eq!(printed, &error_types() - &within);
        for (_, error) in errors {
            self.seen
                .note(Sink::Errors, in_every_way(&*error).as_bytes());
        }
    }

    /// Errors that others' answers lead to.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is a trusted source of tenants"
    )]
    async fn of_what_others_say(&self, secret: &str) -> Vec<Printed> {
        let sdk = echoing(&self.cloud, secret);
        let kms = AwsKms(aws_sdk_kms::Client::new(&sdk));
        let context = KeyContext {
            purpose: Purpose::Credentials,
            ring: "credentials/shared-0",
            version: 1,
        };
        let no_key = kms
            .unwrap_key("key", context, secret.as_bytes())
            .await
            .err();
        let tenant = TenantId::from_trusted_source(ADMIN.0).expect("a tenant");
        let store = async || -> StoreError {
            let client = aws_sdk_dynamodb::Client::new(&sdk);
            let table = Integrations::new(client, names::INTEGRATIONS.into());
            table.list(&tenant).await.expect_err("it is refused")
        };

        let credentials = Credentials::from_iter([("access_token", SecretString::from(secret))]);
        let settings = Settings::new();
        let overrides = reached_at(&self.configs.provider);
        let provider = providers::ALL[0];
        let connection = overrides.connect(provider, &settings, &credentials, &self.http);
        let refused = provider.check(connection).await.err();

        let nobody = reached_at("http://127.0.0.1:1");
        let nobody = Egress::new(Reach::new(&nobody)).expect("a client");
        let url = format!("http://127.0.0.1:1/?token={secret}");
        let request = Outgoing::new(Method::GET, Url::parse(&url).expect("a URL"));
        let request = request.bearer(&SecretString::from(secret));
        let silence = nobody.send(request).await.err();
        vec![
            ("KeyServiceError", no_key.expect("it is refused").into()),
            ("StoreError", store().await.into()),
            ("WriteError", WriteError::from(store().await).into()),
            ("VerifyError", VerifyError::from(store().await).into()),
            ("Interrupted", Interrupted::from(store().await).into()),
            ("AgentError", AgentError::from(store().await).into()),
            ("SyncError", SyncError::from(store().await).into()),
            ("OpenError", OpenError::from(store().await).into()),
            ("KeeperError", KeeperError::from(store().await).into()),
            ("Failure", refused.expect("it is refused").into()),
            ("NoAnswer", silence.expect("nobody is there").into()),
        ]
    }
}

/// With the first provider there.
fn reached_at(base_url: &str) -> Overrides {
    let overrides = json!({"whatsapp": {"base_url": base_url}});
    serde_json::from_value(overrides).expect("overrides")
}

/// Errors that cannot read what they are given.
fn of_what_was_given(secret: &str) -> Vec<Printed> {
    let text = json!(secret).to_string();
    let unreadable = edge::json::read::<Vec<bool>>(text.as_bytes()).err();
    let encoded: HttpRequest = serde_json::from_value(json!({
        "requestContext": {"http": {}}, "body": format!("{secret} {secret}"), "isBase64Encoded": true,
    }))
    .expect("an event");
    let mut env = edge::Env::new();
    env.required("NOBODY_SETS_THIS");
    env.parsed(VARIABLE, 0_u8);
    env.json::<Overrides>(VARIABLE);
    let webhooks = providers::ALL.iter().find_map(|one| one.webhooks());
    let now = SystemClock.now();
    let events = webhooks.and_then(|one| one.events(text.as_bytes(), now).err());
    let root = format!("-----BEGIN {secret}\n{secret}\n");
    let opened = Credentials::from_plaintext(secret.as_bytes());
    vec![
        ("Unreadable", unreadable.expect("another form").into()),
        ("NoRoute", Route::parse(secret).expect_err("no id").into()),
        (
            "BadBase64",
            encoded.body().err().expect("no base 64").into(),
        ),
        ("EnvError", env.finish(()).expect_err("incomplete").into()),
        ("MalformedBody", events.expect("another form").into()),
        (
            "SetupError",
            Egress::new(Reach {
                extra_roots: Some(root.as_bytes()),
                ..Reach::new(&Overrides::default())
            })
            .expect_err("no root")
            .into(),
        ),
        (
            "Refused",
            providers::address::origin(&format!("https://{secret}@localhost/{secret}"))
                .expect_err("no public address")
                .into(),
        ),
        ("MalformedCredentials", opened.expect_err("no seal").into()),
        (
            "InvalidId",
            UserId::parse(&format!("{secret} {secret}"))
                .expect_err("no id")
                .into(),
        ),
        (
            "InvalidPhone",
            E164::try_from(format!("+{secret}"))
                .expect_err("no number")
                .into(),
        ),
        ("Break", Break::Edited(1).into()),
    ]
}

/// The error and its causes.
pub(crate) fn in_every_way(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        writeln!(text, "{error} {error:#} {error:?} {error:#?}").expect("memory");
        next = error.source();
    }
    text
}

/// The names of all types of errors in what is deployed.
fn error_types() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for of in ["functions", "shared"] {
        for part in std::fs::read_dir(root.join(of)).expect("a folder") {
            sources(&part.expect("a folder").path().join("src"), &mut files);
        }
    }
    let mut types = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).expect("a source");
        for derived in text.split("thiserror::Error").skip(1) {
            let mut words = derived.split_whitespace();
            let kind = words.find(|word| matches!(*word, "struct" | "enum"));
            let name = kind.and_then(|_| words.next()).expect("a type");
            let name = name.split(['(', ';']).next().unwrap_or_default();
            types.insert(name.to_owned());
        }
    }
    types
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(path);
        }
    }
}
