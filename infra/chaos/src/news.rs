//! What the provider tells later: news of messages, handed to the inbound router when they are due.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_types::SdkConfig;
use domain::event::{DeliveryStatus, EventKind, InboundEvent, ProviderEvent, StatusUpdate};
use domain::{Clock, Integration, MessageId};
use edge::sqs::SqsBatch;
use inbound_router::config::Config;
use inbound_router::{Context, handle};
use serde_json::json;
use serde_json::value::RawValue;
use testing::switchboard as names;
use tokio::time::sleep;

/// News of a message.
#[derive(Debug, Clone)]
pub(crate) struct News {
    pub(crate) account: String,
    pub(crate) message: MessageId,
    pub(crate) provider_id: String,
    pub(crate) status: DeliveryStatus,
    /// When it comes, from now.
    pub(crate) after: Duration,
}

/// The way from the provider to the ledger.
pub(crate) struct Newsroom {
    router: Context,
    clock: Arc<dyn Clock>,
    owners: Mutex<HashMap<String, Integration>>,
    under_way: AtomicUsize,
}

impl Newsroom {
    pub(crate) fn new(sdk: &SdkConfig, clock: Arc<dyn Clock>) -> Self {
        let config = Config {
            activity_table: names::ACTIVITY.into(),
            audit_table: names::AUDIT.into(),
        };
        let router = Context::with(config, sdk, clock.clone());
        Self {
            router,
            clock,
            owners: Mutex::default(),
            under_way: AtomicUsize::new(0),
        }
    }

    /// Learns whose an account is.
    pub(crate) fn learn(&self, account: &str, integration: Integration) {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.insert(account.to_owned(), integration);
    }

    /// News that have not arrived yet.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }

    /// Brings news when they are due, again and again until they are taken.
    pub(crate) fn tell(self: &Arc<Self>, news: News) {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let newsroom = self.clone();
        tokio::spawn(async move {
            sleep(news.after).await;
            while !newsroom.bring(&news).await {
                sleep(Duration::from_secs(180)).await;
            }
            newsroom.under_way.fetch_sub(1, Ordering::SeqCst);
        });
    }

    async fn bring(&self, news: &News) -> bool {
        let body = self.event(news);
        let batch = json!({"Records": [{"messageId": "m-1", "body": body}]});
        let batch: SqsBatch = serde_json::from_value(batch).expect("a batch");
        let reply = handle(&self.router, &batch).await;
        let reply = serde_json::to_value(reply).expect("an answer");
        reply["batchItemFailures"] == json!([])
    }

    /// The event as the ingress writes it.
    fn event(&self, news: &News) -> String {
        let now = self.clock.now();
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = &owners[&news.account];
        let payload = RawValue::from_string("{}".to_owned()).expect("JSON");
        let update = StatusUpdate {
            message: Some(news.message.clone()),
            provider_id: news.provider_id.clone(),
            status: news.status,
            failure: None,
        };
        let event = InboundEvent {
            tenant: owner.tenant.to_string(),
            integration: owner.id.clone(),
            provider: owner.provider.clone(),
            received_at: now,
            event: ProviderEvent {
                id: format!("{}:{:?}", news.provider_id, news.status),
                account: Some(news.account.clone()),
                occurred_at: now,
                kind: EventKind::Status(update),
                contacts: None,
                payload: &payload,
            },
        };
        serde_json::to_string(&event).expect("an event")
    }
}
