//! What an organisation does with an integration: its agents, the platform's accounts beside it, its numbers.

use serde_json::{Value, json};

use super::{INTEGRATIONS, Life, SETTINGS};
use crate::stage::{ADMIN, OPERATOR};

impl Life<'_> {
    pub(super) async fn put_to_work(&self) {
        self.repaired().await;
        if self.provider.messages().is_some() {
            self.answered_by_an_agent().await;
        }
        if self.provider.phone_numbers().is_some() {
            self.its_numbers_are_assigned().await;
        }
        let grants = format!("{SETTINGS}/platform-accounts");
        let grant = format!("{grants}/{}", self.id);
        let until = json!({"until": "2999-01-31T00:00:00Z"});
        self.goes_well(OPERATOR, "PUT", &grant, until).await;
        self.goes_well(ADMIN, "GET", &grants, Value::Null).await;
        self.goes_well(OPERATOR, "DELETE", &grant, Value::Null)
            .await;
        self.looked_at(ADMIN).await;
    }

    async fn answered_by_an_agent(&self) {
        let shown = self.goes_well(ADMIN, "GET", &self.place, Value::Null).await;
        let agents = "/api/v1/agents";
        let agent =
            json!({"name": "Front desk", "whatsapp": {"integration_id": shown["data"]["id"]}});
        let made = self.goes_well(ADMIN, "POST", agents, agent).await;
        let path = format!("{agents}/{}", made["data"]["id"].as_str().expect("an id"));
        let change = json!({"description": "Answers first", "behaviour": {"greeting": "Welcome!"}});
        self.goes_well(ADMIN, "PATCH", &path, change).await;
        self.goes_well(ADMIN, "GET", &path, Value::Null).await;
        self.goes_well(ADMIN, "DELETE", &path, Value::Null).await;
    }

    async fn its_numbers_are_assigned(&self) {
        let sync = format!("{INTEGRATIONS}/{}/sync", self.id);
        self.goes_well(ADMIN, "POST", &sync, Value::Null).await;
        let numbers = format!("{SETTINGS}/phone-numbers");
        let listed = self.goes_well(ADMIN, "GET", &numbers, Value::Null).await;
        let number = listed["data"][0]["id"].as_str().expect("a number");
        let path = format!("{numbers}/{number}/assign");
        for user in [json!("u-friend"), Value::Null] {
            let body = json!({ "user_id": user });
            self.goes_well(ADMIN, "POST", &path, body).await;
        }
    }
}
