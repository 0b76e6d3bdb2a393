//! Secrets are replaced, kept beside each other, gone back to, given up, repaired; and a record is tampered with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use testing::switchboard as names;

use super::{Life, with};
use crate::stage::ADMIN;

impl Life<'_> {
    pub(super) async fn rotated(&self) {
        // Renewed secrets fail in use, those before still work.
        self.replaced(&self.renewed.form).await;
        self.learned().await;
        let renewed = json!({"account": self.renewed.name, "fault": "bad_credential"});
        self.fails(renewed).await;
        self.sends("m-return").await;
        self.second_look().await;
        self.looked_at(ADMIN).await;
        self.recovers().await;

        // All fail: the integration turns invalid, its message waits for the repair.
        self.replaced(&self.second.form).await;
        self.fails(json!({"fault": "bad_credential"})).await;
        self.sends("m-parked").await;
        self.second_look().await;
        self.ask("POST", "/test", Value::Null).await;
        self.looked_at(ADMIN).await;
        self.recovers().await;
        self.replaced(&with(&self.first.form, &forgetting())).await;
        self.settles().await;

        self.tampered_with().await;
        self.repaired().await;
        self.without_webhook().await;
        self.looked_at(ADMIN).await;
        self.done("PATCH", "", json!({"enabled": false})).await;
        self.sends("m-off").await;
        self.done("PATCH", "", json!({"enabled": true})).await;
        self.settles().await;
    }

    /// The secrets are taken away that are not needed to send.
    async fn without_webhook(&self) {
        let fields = self.provider.descriptor().fields.iter();
        let optional = fields.filter(|field| field.secret && !field.required);
        let nulls = optional.map(|field| (field.name.to_owned(), Value::Null));
        self.done("PATCH", "", Value::Object(nulls.collect())).await;
    }

    async fn replaced(&self, form: &Value) {
        self.stage.later();
        self.done("POST", "", form.clone()).await;
        self.stage.later();
    }

    /// Somebody changes a bit of each seal.
    async fn tampered_with(&self) {
        for table in [names::INTEGRATIONS, names::WEBHOOK_ROUTES] {
            for mut item in self.stage.cloud.items(table) {
                for sealed in ["credentials", "secret"] {
                    if let Some(text) = item[sealed]["B"].as_str() {
                        let mut bytes = STANDARD.decode(text).expect("base 64");
                        *bytes.last_mut().expect("a seal") ^= 1;
                        item[sealed]["B"] = STANDARD.encode(bytes).into();
                    }
                }
                let put = json!({"TableName": table, "Item": item});
                self.stage.ask("DynamoDB_20120810.PutItem", &put);
            }
        }
        self.stage.later();
        self.ask("POST", "/test", Value::Null).await;
        self.sends("m-tampered").await;
        self.looked_at(ADMIN).await;
    }
}

fn forgetting() -> serde_json::Map<String, Value> {
    serde_json::Map::from_iter([("keep_previous".to_owned(), false.into())])
}
