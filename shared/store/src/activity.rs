//! Inbound events: kept once each, so that a repeated delivery is told from a new one.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use domain::event::{EventKind, InboundEvent};
use domain::failure::StoreError;
use domain::ids::TenantId;

use crate::error::{is_conditional_failure, unavailable};
use crate::item::{keyed, number, text, time};
use crate::keys::{self, TTL};

/// How long events are kept; above the seven days over which Meta delivers again.
pub const RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);

/// The events' part of the Activity table.
#[derive(Debug, Clone)]
pub struct Events {
    client: Client,
    table: String,
}

impl Events {
    /// Opens the table of that name.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Keeps an event; `false` if it is there already.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer.
    pub async fn keep(
        &self,
        tenant: &TenantId,
        event: &InboundEvent<'_>,
    ) -> Result<bool, StoreError> {
        let kind = match &event.event.kind {
            EventKind::Message => "message",
            EventKind::Status(_) => "status",
            EventKind::Account => "account",
            EventKind::Quarantined => "quarantined",
        };
        let mut item = keyed(
            tenant.as_str(),
            keys::event(&event.integration, &event.event.id),
        );
        item.insert(
            TTL.into(),
            number(event.received_at.after(RETENTION).seconds()),
        );
        item.insert("id".into(), text(&event.event.id));
        item.insert("kind".into(), text(kind));
        item.insert("provider".into(), text(event.provider.as_str()));
        item.insert("integration".into(), text(event.integration.as_str()));
        item.insert("received_at".into(), time(event.received_at));
        item.insert("occurred_at".into(), time(event.event.occurred_at));
        if let Some(account) = &event.event.account {
            item.insert("account".into(), text(account));
        }
        item.insert("payload".into(), text(event.event.payload.get()));
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(error) if is_conditional_failure(&error) => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }
}
