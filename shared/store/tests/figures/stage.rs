//! A table, books that count into it, and a reader.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use domain::failure::{Failure, FailureKind};
use domain::figures::{Figure, Figures, Hour};
use domain::ledger::AttemptResult;
use domain::{Clock, IntegrationId, TenantId, Timestamp};
use store::figures::{FigureBook, HourlyFigures, Hours};
use testing::clock::ManualClock;
use testing::cloud::Cloud;
use testing::switchboard::{self, ACTIVITY};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

pub(crate) struct Stage {
    pub(crate) cloud: Cloud,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) client: Client,
    pub(crate) tenant: TenantId,
    pub(crate) integration: IntegrationId,
}

impl Stage {
    /// At midnight.
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let cloud = switchboard::cloud(clock.clone());
        Self {
            client: Client::new(&cloud.sdk_config()),
            cloud,
            clock,
            tenant: tenant("t_one"),
            integration: IntegrationId::make(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The book of a container.
    pub(crate) fn book(&self, container: &str) -> FigureBook {
        FigureBook::new(self.client.clone(), ACTIVITY.into(), container.to_owned())
    }

    /// Counts so many sent messages now.
    pub(crate) fn send(&self, book: &FigureBook, count: usize) {
        for _ in 0..count {
            book.count(&self.tenant, &self.integration, self.now(), &sent());
        }
    }

    pub(crate) async fn settle(&self, book: &FigureBook) {
        book.settle(self.now()).await;
    }

    /// The figures of the last 24 hours.
    pub(crate) async fn read(&self) -> Hours {
        self.read_of(&self.tenant, &self.integration).await
    }

    pub(crate) async fn read_of(&self, tenant: &TenantId, of: &IntegrationId) -> Hours {
        let figures = HourlyFigures::new(self.client.clone(), ACTIVITY.into());
        let to = Hour::of(self.now()).later(1);
        let read = figures.read(tenant, of, to.later(-24), to).await;
        read.expect("readable")
    }

    pub(crate) async fn sum(&self) -> Figures {
        self.read().await.sum()
    }

    /// How many sent messages are on record.
    pub(crate) async fn sent(&self) -> u64 {
        self.sum().await.count(Figure::Sent)
    }

    pub(crate) fn items(&self) -> usize {
        self.cloud.items(ACTIVITY).len()
    }

    /// Calls that wrote figures or outcomes.
    pub(crate) fn writes(&self) -> u64 {
        self.cloud.count("BatchWriteItem")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::from_trusted_source(name).expect("a tenant")
}

pub(crate) fn sent() -> AttemptResult {
    AttemptResult::Sent {
        provider_id: "wamid.1".into(),
    }
}

pub(crate) fn failed(kind: FailureKind) -> AttemptResult {
    AttemptResult::Failed(Failure::new(kind, "A detail.", "A hint."))
}
