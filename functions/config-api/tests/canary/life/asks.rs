//! The ways in which a function comes to have secrets in its hands.

use serde_json::Value;

use super::{Life, Request};
use crate::stage::{ADMIN, SERVICE};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask {
    Save,
    SaveByOlderPath,
    RotateWebhook,
    RepairWebhook,
    ShowWebhook,
    Reveal,
    FetchToken,
    ListTemplates,
    Sync,
    Remove,
    TestGiven,
    TestByOlderPath,
    TestStored,
    Send,
}

impl Ask {
    /// In an order in which those of one function stand together: who writes to the audit trail after another waits.
    const ALL: [Self; 14] = [
        Self::Save,
        Self::SaveByOlderPath,
        Self::RotateWebhook,
        Self::RepairWebhook,
        Self::ShowWebhook,
        Self::Reveal,
        Self::FetchToken,
        Self::ListTemplates,
        Self::Sync,
        Self::Remove,
        Self::TestGiven,
        Self::TestByOlderPath,
        Self::TestStored,
        Self::Send,
    ];

    /// Whether there may be nothing left for the next one.
    pub(super) const fn ends_it(self) -> bool {
        matches!(self, Self::Remove)
    }
}

impl Life<'_> {
    /// What the provider's abilities let be asked for.
    pub(super) fn possible(&self) -> Vec<Ask> {
        let provider = self.provider;
        let mut all = Ask::ALL.to_vec();
        all.retain(|ask| match ask {
            Ask::RotateWebhook | Ask::RepairWebhook | Ask::ShowWebhook => {
                provider.webhooks().is_some()
            }
            Ask::ListTemplates => provider.templates().is_some(),
            Ask::Sync => provider.phone_numbers().is_some(),
            Ask::Send => provider.messages().is_some(),
            ask => !self.requests(*ask).is_empty(),
        });
        all
    }

    /// Asks for it; whatever comes of that.
    pub(super) async fn asks(&self, ask: Ask) {
        for request in self.requests(ask) {
            self.stage.request(request).await;
        }
        if matches!(ask, Ask::Send) {
            self.sends(&domain::MessageId::make().to_string()).await;
        }
    }

    fn requests(&self, ask: Ask) -> Vec<Request> {
        let at = |method, below: &str| Request {
            who: ADMIN,
            method,
            path: format!("{}{below}", self.place),
            body: Value::Null,
        };
        let given = |request: Request| Request {
            body: self.second.form.clone(),
            ..request
        };
        let as_service = |request: Request| Request {
            who: SERVICE,
            ..request
        };
        match ask {
            Ask::Save => vec![given(at("POST", ""))],
            Ask::SaveByOlderPath => self.saves_by_older_paths(),
            Ask::RotateWebhook => vec![at("POST", "/webhook/rotate")],
            Ask::RepairWebhook => vec![at("POST", "/webhook/repair")],
            Ask::ShowWebhook => vec![at("GET", "/webhook")],
            Ask::Reveal => vec![
                at("GET", "/credentials?reason=moving"),
                as_service(at("GET", "/credentials")),
            ],
            Ask::FetchToken => self.fetches_by_older_path().into_iter().collect(),
            Ask::ListTemplates => vec![at("GET", "/templates")],
            Ask::Sync => vec![at("POST", "/sync")],
            Ask::Remove => vec![at("DELETE", "")],
            Ask::TestGiven => vec![given(at("POST", "/test"))],
            Ask::TestByOlderPath => self.tests_by_older_paths(),
            Ask::TestStored => vec![at("POST", "/test")],
            Ask::Send => Vec::new(),
        }
    }
}
