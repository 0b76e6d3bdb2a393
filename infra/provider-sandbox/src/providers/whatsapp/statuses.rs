//! The status webhooks that follow an accepted message: `sent`, `delivered`, `read`.

use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::time::Instant;
use url::Url;

use super::accounts::{Account, Phone};
use super::messages::Accepted;
use super::webhook;
use crate::delivery::{Deliveries, Destination, Update};
use crate::settings::Values;

/// Puts the statuses of a message in line for the registered webhook.
pub(super) fn queue(
    deliveries: &Deliveries,
    settings: Values,
    account: &Arc<Account>,
    phone: &Phone,
    url: &Url,
    message: &Accepted,
) {
    if !settings.statuses {
        return;
    }
    // A reaction is only ever reported as sent.
    let names: &[&str] = if message.kind == "reaction" {
        &["sent"]
    } else {
        &["sent", "delivered", "read"]
    };
    let (mut due, mut updates) = (Instant::now(), Vec::new());
    for name in names {
        due += settings.status_gap;
        let mut content = webhook::value(&phone.id, phone);
        if let Some(content) = content.as_object_mut() {
            content.insert("statuses".to_owned(), json!([status(name, message)]));
        }
        updates.push(Update {
            subject: message.id.clone(),
            due,
            content,
        });
    }
    deliveries.queue(&destination(account, url), updates);
}

fn destination(account: &Arc<Account>, url: &Url) -> Destination {
    let sender = Arc::clone(account);
    let seal = move |values: &[Value]| {
        let body = webhook::envelope(&sender.waba_id, "messages", webhook::merged(values));
        webhook::signed(&sender, webhook::encode(&body), false)
    };
    Destination {
        provider: super::ID,
        account: account.name.clone(),
        url: url.clone(),
        seal: Arc::new(seal),
    }
}

fn status(name: &str, message: &Accepted) -> Value {
    let mut status = json!({
        "id": message.id,
        "status": name,
        "timestamp": OffsetDateTime::now_utc().unix_timestamp().to_string(),
    });
    let Some(fields) = status.as_object_mut() else {
        return status;
    };
    fields.insert(
        message.recipient.status_field().to_owned(),
        message.recipient.id().into(),
    );
    if let Some(data) = &message.callback_data {
        fields.insert("biz_opaque_callback_data".to_owned(), data.as_str().into());
    }
    if name != "read" {
        let free = message.category == "service";
        let pricing = json!({
            "billable": !free,
            "pricing_model": "PMP",
            "type": if free { "free_customer_service" } else { "regular" },
            "category": message.category,
        });
        fields.insert("pricing".to_owned(), pricing);
    }
    status
}
