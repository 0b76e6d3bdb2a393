//! All goes well.

use http::Method;
use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use super::{INTEGRATIONS, Life};
use crate::stage::{ADMIN, AGENT, STRANGER};

impl Life<'_> {
    pub(super) async fn connected_and_used(&self) {
        let form = &self.first.form;
        if self.stage.cloud.items(names::KEY_RINGS).is_empty() {
            // Nobody has a ring key yet, and there is none to be had.
            let keys = Calls::of("GenerateDataKey").times(1);
            self.stage.cloud.faults().fail(keys, Fault::AccessDenied);
            assert_eq!(self.ask("POST", "", form.clone()).await, 503);
            self.stage.later();
        }
        self.done("POST", "", form.clone()).await;
        self.learned().await;
        self.done("PATCH", "", json!({"name": "Front desk"})).await;
        self.done("PUT", "/permissions/u-friend", Value::Null).await;
        for who in [ADMIN, AGENT, STRANGER] {
            self.looked_at(who).await;
        }
        self.done("DELETE", "/permissions/u-friend", Value::Null)
            .await;
        for path in ["/api/v1/providers", "/openapi.json"] {
            self.goes_well(ADMIN, "GET", path, Value::Null).await;
        }

        self.done("POST", "/test", Value::Null).await;
        self.done("POST", "/test", form.clone()).await;
        self.done("POST", "/test", self.masked().await).await;
        self.done("POST", "", self.masked().await).await;

        self.sends("m-1").await;
        if self.provider.webhooks().is_some() {
            self.called().await;
        }
        self.settles().await;
        self.looked_at(ADMIN).await;
    }

    /// The form as people post it back: with masks where secrets are.
    async fn masked(&self) -> Value {
        let shown = self.done("GET", "", Value::Null).await;
        let mut form = self.first.form.clone();
        for field in self.secret_fields() {
            let last4 = &shown["data"]["credentials"][field]["last4"];
            form[field] = format!("••••{}", last4.as_str().unwrap_or_default()).into();
        }
        form
    }

    /// The provider calls us, and others pretend to be it.
    async fn called(&self) {
        let event = json!({"provider": self.id, "account": self.first.name, "text": "Hello!"});
        let told = self.stage.control(Method::POST, "send", event).await;
        assert_eq!(told["status"], 200, "{told}");
        self.hears_back().await;
        let token = self.url_token();
        for path in [
            format!("/webhooks/{}/{token}", self.id),
            format!("/webhooks/other/{token}"),
            format!("/webhooks/{}/{token}0", self.id),
            format!("/{token}"),
        ] {
            for method in ["GET", "POST", "PUT"] {
                let event = json!({
                    "rawPath": path,
                    "rawQueryString": format!("hub.mode=subscribe&hub.challenge=1&hub.verify_token={token}"),
                    "headers": {"x-hub-signature-256": format!("sha256={token}")},
                    "requestContext": {"http": {"method": method}, "requestId": "r-1"},
                    "body": format!("{{\"object\":\"{token}\"}}"),
                });
                let (status, _) = self.stage.ingress.answer(event).await;
                assert_eq!(status, 401, "{method} {path}");
            }
        }
        // The same account is nobody else's, and the same secrets do not help.
        let others = self.first.form.clone();
        let (status, _) = self.stage.call(STRANGER, "POST", &self.place, others).await;
        assert_eq!(status, 409);
        let unknown = format!("{INTEGRATIONS}/{token}");
        self.stage
            .call(STRANGER, "GET", &unknown, Value::Null)
            .await;
    }

    /// The token in the webhook's URL.
    pub(super) fn url_token(&self) -> String {
        let secrets = self.stage.secrets.all().into_iter();
        let mut tokens = secrets.filter(|(name, _)| name.starts_with("webhook_url_token"));
        let (_, token) = tokens.next().expect("it was learned");
        String::from_utf8(token).expect("text")
    }
}
