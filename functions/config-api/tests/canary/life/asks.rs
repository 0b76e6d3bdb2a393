//! The ways in which a function comes to have secrets in its hands.

use serde_json::Value;

use super::Life;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask {
    Save,
    Remove,
    TestGiven,
    TestStored,
    Send,
}

impl Ask {
    /// In an order in which those of one function stand together: who writes to the audit trail after another waits.
    pub(super) const ALL: [Self; 5] = [
        Self::Save,
        Self::Remove,
        Self::TestGiven,
        Self::TestStored,
        Self::Send,
    ];

    /// Whether there may be nothing left for the next one.
    pub(super) const fn ends_it(self) -> bool {
        matches!(self, Self::Remove)
    }
}

impl Life<'_> {
    /// Asks for it; whatever comes of that.
    pub(super) async fn asks(&self, ask: Ask) {
        match ask {
            Ask::Save => self.ask("POST", "", self.second.form.clone()).await,
            Ask::Remove => self.ask("DELETE", "", Value::Null).await,
            Ask::TestGiven => self.ask("POST", "/test", self.second.form.clone()).await,
            Ask::TestStored => self.ask("POST", "/test", Value::Null).await,
            Ask::Send => {
                self.sends(&domain::MessageId::make().to_string()).await;
                200
            }
        };
    }
}
