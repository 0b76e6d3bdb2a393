//! The search for an account's region: the sandbox plays both, each below its host's name.

use domain::FailureKind::{AccountBlocked, CredentialsRejected, Unavailable};
use http::Method;
use provider_sandbox::{Options, Sandbox};
use serde_json::{Map, Value, json};
use url::Url;

use super::*;
use crate::form::{self, Filled};
use crate::http::{Egress, Outgoing, Reach};
use crate::{Overrides, Provider};

const NOBODY: &str = "http://127.0.0.1:1";

struct World {
    sandbox: Sandbox,
    http: Egress,
    singapore: String,
    mumbai: String,
}

impl World {
    async fn start() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.expect("a port");
        // Loopback is reached only where an operator names it.
        let named = |url: &str| json!({"base_url": url});
        let overrides = json!({"here": named(&sandbox.url()), "nobody": named(NOBODY)});
        let overrides: Overrides = serde_json::from_value(overrides).expect("overrides");
        Self {
            http: Egress::new(Reach::new(&overrides)).expect("a client"),
            singapore: format!("{}/api.exotel.com", sandbox.url()),
            mumbai: format!("{}/api.in.exotel.com", sandbox.url()),
            sandbox,
        }
    }

    async fn get(&self, path: &str) -> Value {
        let url = Url::parse(&format!("{}/_sandbox/{path}", self.sandbox.url()));
        let request = Outgoing::new(Method::GET, url.expect("a URL"));
        let answer = self.http.send(request).await.expect("an answer");
        serde_json::from_slice(&answer.body).expect("JSON")
    }

    /// The regions that were asked, in order.
    async fn asked(&self) -> Vec<&'static str> {
        let calls = self.get("requests").await;
        let paths = calls.as_array().expect("a list").iter();
        paths
            .map(|call| match call["path"].as_str() {
                Some(path) if path.starts_with("/api.in.exotel.com/") => "mumbai",
                Some(path) if path.starts_with("/api.exotel.com/") => "singapore",
                _ => "elsewhere",
            })
            .collect()
    }

    async fn filled(&self, account: &str, changes: Value) -> Filled {
        let all = self.get(&format!("credentials?account={account}")).await;
        let mut form: Map<String, Value> = all["exotel_phone"].as_object().cloned().expect("one");
        form.extend(changes.as_object().cloned().unwrap_or_default());
        form::read(&super::super::ExotelPhone, form, None).expect("a form that holds")
    }

    async fn check(&self, filled: &Filled) -> Result<Checked, Failure> {
        self.check_at(filled, (&self.singapore, &self.mumbai)).await
    }

    async fn check_at(
        &self,
        filled: &Filled,
        (singapore, mumbai): (&str, &str),
    ) -> Result<Checked, Failure> {
        let clusters = [("singapore", singapore), ("mumbai", mumbai)];
        let clusters = clusters.map(|(region, address)| Cluster { region, address });
        let connection = Connection {
            settings: &filled.settings,
            credentials: &filled.credentials,
            base_url: super::super::ExotelPhone.descriptor().base_url,
            overridden: false,
            http: &self.http,
        };
        check_in(&clusters, connection, &[]).await
    }
}

#[tokio::test]
async fn t6_the_region_is_found() {
    for (account, region, asked) in [
        ("one", "singapore", vec!["singapore"]),
        ("two", "mumbai", vec!["singapore", "mumbai"]),
    ] {
        let world = World::start().await;
        let filled = world.filled(account, json!({})).await;
        let checked = world.check(&filled).await.expect("good");
        assert_eq!(checked.discovered["region"], region);
        assert_eq!(checked.facts["region"], region);
        assert_eq!(world.asked().await, asked);
    }
}

#[tokio::test]
async fn t6_a_region_that_is_set_is_asked_first_and_stands() {
    for (account, region) in [("one", "singapore"), ("two", "mumbai")] {
        let world = World::start().await;
        let filled = world.filled(account, json!({"region": region})).await;
        let checked = world.check(&filled).await.expect("good");
        assert!(checked.discovered.is_empty());
        assert_eq!(world.asked().await, [region]);
    }
}

#[tokio::test]
async fn t6_a_wrong_region_is_refused_with_the_right_one() {
    for (account, given, right) in [
        ("one", "mumbai", "singapore"),
        ("two", "singapore", "mumbai"),
    ] {
        let world = World::start().await;
        let filled = world.filled(account, json!({"region": given})).await;
        let failure = world.check(&filled).await.expect_err("the other region");
        assert_eq!(failure.kind, CredentialsRejected);
        assert!(failure.hint.contains(right), "{failure:?}");
        assert!(!failure.hint.contains(given), "{failure:?}");
    }
}

#[tokio::test]
async fn s1_68_credentials_that_neither_region_knows_are_refused() {
    for region in [json!({}), json!({"region": "mumbai"})] {
        let world = World::start().await;
        let mut changes = json!({"api_token": "wrong-token"});
        changes
            .as_object_mut()
            .expect("an object")
            .extend(region.as_object().cloned().expect("an object"));
        let filled = world.filled("one", changes).await;
        let failure = world.check(&filled).await.expect_err("wrong");
        assert_eq!(failure.kind, CredentialsRejected);
        assert!(failure.hint.contains("API settings"), "{failure:?}");
        assert_eq!(world.asked().await.len(), 2);
    }
}

#[tokio::test]
async fn s1_68_a_suspended_account_is_not_looked_for_elsewhere() {
    let world = World::start().await;
    let filled = world.filled("suspended", json!({})).await;
    let failure = world.check(&filled).await.expect_err("suspended");
    assert_eq!(failure.kind, AccountBlocked);
    assert_eq!(world.asked().await, ["singapore"]);
}

#[tokio::test]
async fn a_region_that_cannot_be_asked_leaves_the_question_open() {
    let world = World::start().await;
    // The first may be the account's own; so may the second, until it has said otherwise.
    for addresses in [(NOBODY, world.mumbai.as_str()), (&world.singapore, NOBODY)] {
        let filled = world.filled("two", json!({})).await;
        let failure = world.check_at(&filled, addresses).await;
        assert_eq!(failure.expect_err("nobody there").kind, Unavailable);
    }
    // One that is set has said it: the other would only have made the sentence better.
    let filled = world.filled("two", json!({"region": "singapore"})).await;
    let failure = world.check_at(&filled, (&world.singapore, NOBODY)).await;
    let failure = failure.expect_err("not in Singapore");
    assert_eq!(failure.kind, CredentialsRejected);
}
