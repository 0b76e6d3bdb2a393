//! Inbound events: kept once each, so that a repeated delivery is told from a new one, and listed newest first.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use domain::event::{EventKind, InboundEvent};
use domain::failure::StoreError;
use domain::ids::{IntegrationId, ProviderId, TenantId};
use domain::time::Timestamp;
use serde_json::value::RawValue;

use crate::batch;
use crate::error::{is_conditional_failure, unavailable};
use crate::item::{Attributes, Reader, keyed, number, text, time};
use crate::keys::{self, ACTIVITY_BY_TIME, EVENTS, HIGHEST_POSITION, LISTED, SK, TTL};
use crate::page::Page;

/// How long events are kept; above the seven days over which Meta delivers again.
pub const RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);

/// Most bytes of the payloads of a page, as they stand in a text of JSON: Lambda hands an answer over as such a text,
/// and it may have 6 MB.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Events read at once: no more than a few that are as large as can be are read for nothing.
const AT_ONCE: usize = 20;
/// Keys looked at in one call behind the first, for events of the wanted integrations.
const KEYS_AT_ONCE: usize = 500;
/// Calls that look at keys, for one page.
const LOOKS: usize = 5;

/// An event as it was kept.
#[derive(Debug, Clone)]
pub struct KeptEvent {
    /// Names it among those of its tenant: `evt_`, then integration and hash out of its sort key.
    pub id: String,
    /// `message`, `status`, `account` or `quarantined`.
    pub kind: String,
    /// Of which provider.
    pub provider: ProviderId,
    /// Which integration received it.
    pub integration: IntegrationId,
    /// The id at the provider that it belongs to.
    pub account: Option<String>,
    /// When we took it in.
    pub received_at: Timestamp,
    /// When it happened, by the provider's clock.
    pub occurred_at: Timestamp,
    /// The provider's own object, as it came.
    pub payload: Box<RawValue>,
}

/// Where an event stands in the list.
struct Place {
    position: String,
    sk: String,
    integration: IntegrationId,
}

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
        let sk = keys::event(&event.integration, &event.event.id);
        let listed = keys::listed(event.received_at, &sk);
        let mut item = keyed(tenant.as_str(), sk);
        item.insert(LISTED.into(), text(listed));
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

    /// Events of a tenant's integrations, newest first, behind the position `after`, at most `limit`. A page may hold
    /// fewer, or none, though others follow: where their payloads are large, and where it takes long to find them among
    /// those of other integrations.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or a record is malformed.
    pub async fn list(
        &self,
        tenant: &TenantId,
        of: &BTreeSet<IntegrationId>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<KeptEvent>, StoreError> {
        let found = self.find_places(tenant, of, after, limit).await?;
        let (mut lines, mut bytes, mut behind) = (Vec::new(), 0, None);
        for some in found.lines.chunks(AT_ONCE) {
            let mut items = self.get(tenant, some).await?;
            for place in some {
                // One that is gone was kept for long enough.
                if let Some(item) = items.remove(&place.sk) {
                    let event = read(&item, place)?;
                    bytes += bytes_in_text(event.payload.get());
                    if bytes > MOST_BYTES && behind.is_some() {
                        return Ok(Page {
                            lines,
                            next: behind,
                        });
                    }
                    lines.push(event);
                }
                behind = Some(place.position.clone());
            }
        }
        Ok(Page {
            lines,
            next: found.next,
        })
    }

    /// When the latest event of an integration arrived, as far as [`Events::list`] would look for it.
    ///
    /// # Errors
    /// As [`Events::list`].
    pub async fn last_at(
        &self,
        tenant: &TenantId,
        of: &IntegrationId,
    ) -> Result<Option<Timestamp>, StoreError> {
        let of = BTreeSet::from([of.clone()]);
        let found = self.find_places(tenant, &of, None, 1).await?;
        let last = found.lines.first();
        last.map(|place| keys::time_of(&place.position).ok_or(StoreError::Malformed(LISTED)))
            .transpose()
    }

    /// As [`Events::list`], only where they stand.
    async fn find_places(
        &self,
        tenant: &TenantId,
        of: &BTreeSet<IntegrationId>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Place>, StoreError> {
        let mut places: Vec<Place> = Vec::new();
        let mut looked_at = after.map(str::to_owned);
        let mut keys = limit + 2;
        for _ in 0..LOOKS {
            let look = self.look(tenant, looked_at.as_deref(), keys).await?;
            for item in look.items() {
                let place = read_place(item)?;
                if looked_at.as_ref() == Some(&place.position) {
                    continue;
                }
                looked_at = Some(place.position.clone());
                if !of.contains(&place.integration) {
                    continue;
                }
                if places.len() == limit {
                    let next = places.last().map(|last| last.position.clone());
                    let lines = places;
                    return Ok(Page { lines, next });
                }
                places.push(place);
            }
            if look.last_evaluated_key.is_none() {
                looked_at = None;
                break;
            }
            keys = KEYS_AT_ONCE;
        }
        Ok(Page {
            lines: places,
            next: looked_at,
        })
    }

    /// So many keys of a tenant's events, newest first, from a position on.
    async fn look(
        &self,
        tenant: &TenantId,
        from: Option<&str>,
        keys: usize,
    ) -> Result<QueryOutput, StoreError> {
        let newest = format!("{EVENTS}{}", from.unwrap_or(HIGHEST_POSITION));
        self.client
            .query()
            .table_name(&self.table)
            .index_name(ACTIVITY_BY_TIME)
            .key_condition_expression("pk = :tenant AND listed BETWEEN :oldest AND :newest")
            .expression_attribute_values(":tenant", text(tenant.as_str()))
            .expression_attribute_values(":oldest", text(EVENTS))
            .expression_attribute_values(":newest", text(newest))
            .scan_index_forward(false)
            .limit(i32::try_from(keys).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(unavailable)
    }

    /// The events at these places, by their sort keys.
    async fn get(
        &self,
        tenant: &TenantId,
        places: &[Place],
    ) -> Result<HashMap<String, Attributes>, StoreError> {
        let places: Vec<_> = places
            .iter()
            .map(|place| (tenant.to_string(), place.sk.clone()))
            .collect();
        let items = batch::get(&self.client, &self.table, &places).await?;
        items
            .into_iter()
            .map(|item| Ok((Reader(&item).text(SK)?.to_owned(), item)))
            .collect()
    }
}

fn read_place(item: &Attributes) -> Result<Place, StoreError> {
    let item = Reader(item);
    let position = item.text(LISTED)?.strip_prefix(EVENTS);
    let sk = item.text(SK)?;
    Ok(Place {
        position: position.ok_or(StoreError::Malformed(LISTED))?.to_owned(),
        sk: sk.to_owned(),
        integration: keys::integration_of_event(sk).ok_or(StoreError::Malformed(SK))?,
    })
}

fn read(item: &Attributes, place: &Place) -> Result<KeptEvent, StoreError> {
    let item = Reader(item);
    let payload = RawValue::from_string(item.text("payload")?.to_owned());
    Ok(KeptEvent {
        id: keys::event_id(&place.sk).ok_or(StoreError::Malformed(SK))?,
        kind: item.text("kind")?.to_owned(),
        provider: ProviderId::parse(item.text("provider")?)
            .map_err(|_| StoreError::Malformed("provider"))?,
        integration: place.integration.clone(),
        account: item.find_text("account").map(str::to_owned),
        received_at: item.time("received_at")?,
        occurred_at: item.time("occurred_at")?,
        payload: payload.map_err(|_| StoreError::Malformed("payload"))?,
    })
}

/// How long JSON is as a text within JSON.
fn bytes_in_text(json: &str) -> usize {
    let escaped = json.bytes().filter(|byte| matches!(byte, b'"' | b'\\'));
    json.len() + escaped.count()
}
