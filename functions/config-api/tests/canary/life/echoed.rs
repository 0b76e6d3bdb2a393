//! The provider repeats in its answers what it was asked with.

use serde_json::{Value, json};

use super::Life;

impl Life<'_> {
    pub(super) async fn echoed(&self) {
        let broken = [
            "reset",
            "truncate",
            "accept_then_reset",
            "rate_limit",
            "missing_scope",
        ];
        for (turn, ask) in self.possible().into_iter().enumerate() {
            self.repaired().await;
            let faults = self.echoes(turn).into_iter().chain(broken.map(Value::from));
            for fault in faults
                .skip(turn % 2)
                .step_by(if ask.ends_it() { 4 } else { 2 })
            {
                if ask.ends_it() {
                    self.repaired().await;
                }
                self.fails(json!({ "fault": fault })).await;
                self.asks(ask).await;
                self.recovers().await;
            }
        }
        self.repaired().await;
    }

    /// The integration works again, whatever was made of it.
    pub(super) async fn repaired(&self) {
        self.stage.later();
        self.nobody_has_their_own().await;
        self.done("POST", "", self.first.form.clone()).await;
        self.learned().await;
        self.settles().await;
    }

    /// Answers of every status with every secret in every part: as the provider's errors have them, and as text.
    fn echoes(&self, turn: usize) -> Vec<Value> {
        let all = self.all_secrets();
        let error = |code: i64| {
            json!({"error": {
                "message": format!("Invalid token {all}: (#100) appsecret_proof, client secret"),
                "type": all, "code": code, "error_subcode": 463, "is_transient": false,
                "error_data": {"details": all}, "error_user_title": all, "error_user_msg": all, "fbtrace_id": all,
            }, "detail": all, "errors": [{"message": all}]})
        };
        let text = format!("<html>{all}");
        let others = json!({
            "detail": {"code": all, "status": all, "message": all}, "error": all, "errors": [all], "http_code": all,
            "RestException": {"Status": all, "Code": all, "Message": all},
        });
        let bodies = [error(190), others, error(100), error(1), text.into()];
        let headers = json!({"www-authenticate": all, "x-echo": all, "retry-after": all, "facebook-api-version": all,
            "location": "http://127.0.0.1:9/"});
        let statuses = [200, 302, 400, 401, 403, 404, 429, 500, 503].into_iter();
        // Others at every turn, of which each takes every other status.
        let bodies = (0..).map(|number| &bodies[(number / 2 + turn) % bodies.len()]);
        statuses
            .zip(bodies)
            .map(|(status, body)| json!({"status": status, "body": body, "headers": headers}))
            .collect()
    }
}
