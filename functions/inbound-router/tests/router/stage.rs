//! A router, batches as the queue hands them over, and what is on record afterwards.

use std::sync::Arc;
use std::time::Duration;

use domain::audit::{AuditNotice, AuditRecord};
use domain::figures::{Figures, Hour};
use domain::ledger::{Ledger, MessageStatus, Step};
use domain::message::attribute;
use domain::{Clock, IntegrationId, MessageId, TenantId};
use edge::sqs::SqsBatch;
use inbound_router::Context;
use inbound_router::config::Config;
use serde_json::{Value, json};
use store::figures::HourlyFigures;
use store::ledger::Messages;
use testing::clock::ManualClock;
use testing::cloud::Cloud;
use testing::switchboard as names;

pub(crate) struct Stage {
    pub(crate) cloud: Cloud,
    pub(crate) integration: IntegrationId,
    pub(crate) clock: Arc<ManualClock>,
    context: Context,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let cloud = names::cloud(clock.clone());
        let config = Config {
            activity_table: names::ACTIVITY.into(),
            audit_table: names::AUDIT.into(),
        };
        Self {
            context: Context::with(config, &cloud.sdk_config(), clock.clone()),
            integration: IntegrationId::make(),
            clock,
            cloud,
        }
    }

    /// Hands a batch over; the places of the records that come again.
    pub(crate) async fn route(&self, bodies: &[String]) -> Vec<usize> {
        self.route_with(&json!({}), bodies).await
    }

    /// The process is told to end.
    pub(crate) async fn end(&self) {
        self.context.last_words().await;
    }

    /// As [`Stage::route`], of lines for the audit trail.
    pub(crate) async fn put_on_record(&self, bodies: &[String]) -> Vec<usize> {
        let attributes = json!({attribute::KIND: {"stringValue": attribute::AUDIT}});
        self.route_with(&attributes, bodies).await
    }

    async fn route_with(&self, attributes: &Value, bodies: &[String]) -> Vec<usize> {
        let record = |(place, body): (usize, &String)| json!({"messageId": place.to_string(), "body": body, "messageAttributes": attributes});
        let records: Vec<Value> = bodies.iter().enumerate().map(record).collect();
        let batch: SqsBatch =
            serde_json::from_value(json!({ "Records": records })).expect("a batch");
        let reply = inbound_router::handle(&self.context, &batch).await;
        let reply = serde_json::to_value(reply).expect("an answer");
        let failures = reply["batchItemFailures"].as_array().expect("a list");
        failures
            .iter()
            .map(|one| one["itemIdentifier"].as_str().expect("an id"))
            .map(|id| id.parse().expect("a place"))
            .collect()
    }

    /// That a webhook's secret of a tenant was opened, as the ingress writes it.
    pub(crate) fn notice(&self, tenant: &str) -> String {
        let record = AuditRecord {
            integration: Some(self.integration.clone()),
            purpose: Some("verify-webhook".into()),
            ..AuditRecord::new("webhook-ingress", self.clock.now(), "webhook_secret.open")
        };
        let tenant = tenant.to_owned();
        serde_json::to_string(&AuditNotice { tenant, record }).expect("our own form")
    }

    /// The lines of a tenant's trail.
    pub(crate) fn records(&self, tenant: &str) -> Vec<Value> {
        let items = self.cloud.items(names::AUDIT).into_iter();
        let own = items.filter(|item| item["pk"]["S"] == tenant);
        let records = own.map(|item| {
            let record = item["record"]["S"].as_str().expect("a record");
            serde_json::from_str(record).expect("JSON")
        });
        records.collect()
    }

    /// An event of tenant one, as the ingress writes it.
    pub(crate) fn event(&self, event: &Value) -> String {
        json!({
            "tenant": "t_one",
            "integration": self.integration,
            "provider": "whatsapp",
            "received_at": self.clock.now(),
            "event": event,
        })
        .to_string()
    }

    pub(crate) fn message(&self, id: &str) -> String {
        self.event(&json!({"id": id, "account": "320000000000021", "occurred_at": self.clock.now(),
            "kind": "message", "contacts": [{"wa_id": "1"}], "payload": {"id": id, "type": "text"}}))
    }

    /// News of message `m-1`, so many seconds after the beginning.
    pub(crate) fn status(&self, status: &str, seconds: u64) -> String {
        let at = self.clock.now().after(Duration::from_secs(seconds));
        let mut update = json!({"message": "m-1", "provider_id": "wamid.1", "status": status});
        if status == "failed" {
            update["failure"] = json!({"kind": "undeliverable", "provider_code": "131026",
                "detail": "It did not arrive.", "hint": "Try another channel."});
        }
        self.event(&json!({"id": format!("wamid.1:{status}:"), "account": "320000000000021", "occurred_at": at,
            "kind": {"status": update}, "payload": {"status": status}}))
    }

    /// All that is on record about `m-1`.
    pub(crate) async fn ledger(&self) -> Ledger {
        let messages = Messages::new(self.client(), names::ACTIVITY.into());
        let id = MessageId::parse("m-1").expect("an id");
        messages.find((&tenant(), &id)).await.expect("readable")
    }

    /// The integration's figures on record, of the last 24 hours.
    pub(crate) async fn figures(&self) -> Figures {
        let figures = HourlyFigures::new(self.client(), names::ACTIVITY.into());
        let to = Hour::of(self.clock.now()).later(1);
        let (tenant, from) = (tenant(), to.later(-24));
        let read = figures.read(&tenant, &self.integration, from, to);
        read.await.expect("readable").sum()
    }

    fn client(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.cloud.sdk_config())
    }

    /// State and steps of `m-1`.
    pub(crate) async fn state(&self) -> (MessageStatus, Vec<Step>) {
        let ledger = self.ledger().await;
        let now = self.clock.now();
        (ledger.status(now), ledger.timeline(now))
    }

    pub(crate) fn items(&self) -> Vec<Value> {
        self.cloud.items(names::ACTIVITY)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
fn tenant() -> TenantId {
    TenantId::from_trusted_source("t_one").expect("a tenant")
}

/// Every test is a test of the audit trail too.
impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            crate::chains::hold(&self.cloud);
        }
    }
}
