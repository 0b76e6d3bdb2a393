//! Every function panics, at every depth, with secrets in its words.

use serde_json::json;

use super::Life;

/// How often a request asks for the time, at most.
const DEEPEST: usize = 90;
/// How much later the next panic is.
const STEP: usize = 3;

impl Life<'_> {
    pub(super) async fn panicked(&self) {
        for ask in self.possible() {
            self.repaired().await;
            self.springs(async || self.asks(ask).await).await;
            self.settles().await;
        }
        if self.provider.webhooks().is_some() {
            self.springs(async || self.called_by_nobody().await).await;
        }
        self.repaired().await;
    }

    /// Does it again and again, with a panic a little later each time, until it is through without one.
    async fn springs(&self, done: impl AsyncFn()) {
        let text = self.all_secrets();
        for depth in (0..DEEPEST).step_by(STEP) {
            // What the one before has left on the queues is out of the way.
            self.stage.later();
            self.settles().await;
            self.stage.later();
            self.stage.trap.set(depth, &text);
            done().await;
            if !self.stage.trap.sprang() {
                assert!(depth > 0, "nothing asks for the time");
                return;
            }
        }
        panic!("it asks for the time for ever");
    }

    async fn called_by_nobody(&self) {
        let event = json!({
            "rawPath": format!("/webhooks/{}/{}", self.id, self.url_token()),
            "requestContext": {"http": {"method": "POST"}}, "body": self.all_secrets(),
        });
        self.stage.ingress.answer(event).await;
    }
}
