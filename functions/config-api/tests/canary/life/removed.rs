//! The end: with a provider that cannot be told, and then for good. What was the tenant's becomes one user's.

use serde_json::{Map, Value, json};

use super::{INTEGRATIONS, Life, with};
use crate::stage::{ADMIN, AGENT};

impl Life<'_> {
    pub(super) async fn removed(&self) {
        self.learned().await;
        self.stage.seen.kept(&self.stage.cloud);
        self.fails(json!({"fault": {"status": 400, "body": self.all_secrets()}}))
            .await;
        self.done("DELETE", "", Value::Null).await;
        self.recovers().await;

        let owner = [("provider", self.id), ("owner", "user")];
        let owner = owner.map(|(name, value)| (name.to_owned(), value.into()));
        let own = with(&self.second.form, &Map::from_iter(owner));
        let (status, made) = self.stage.call(AGENT, "POST", INTEGRATIONS, own).await;
        assert_eq!(status, 201, "{made}");
        self.learned().await;
        let path = format!(
            "{INTEGRATIONS}/{}",
            made["data"]["id"].as_str().expect("an id")
        );
        for who in [ADMIN, AGENT] {
            self.stage.call(who, "GET", &path, Value::Null).await;
        }
        let (status, _) = self.stage.call(AGENT, "DELETE", &path, Value::Null).await;
        assert_eq!(status, 200);
        self.looked_at(AGENT).await;
        self.settles().await;
    }
}
