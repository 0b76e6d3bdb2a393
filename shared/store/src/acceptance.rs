//! That the API took messages in: which body each message's id is for. It is written before a message goes on the queue,
//! and promises nothing by itself.

use std::collections::{BTreeMap, HashMap};

use domain::ids::{MessageId, TenantId};
use domain::time::Timestamp;

use crate::batch;
use crate::inserts::{self, Inserted};
use crate::item::{Reader, number, text, time};
use crate::keys::{self, PK, SK, TTL, fact};
use crate::ledger::{Messages, RETENTION};

/// When the message was taken in.
pub(crate) const AT: &str = "at";
/// What tells its body from others.
const BODY_HASH: &str = "body_hash";

/// What is on record about the id of a message that is to be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// It is this message's, now or since it was first given.
    Own,
    /// It was taken before, by a message with another body.
    Anothers,
    /// The table did not answer; nothing is known.
    Unavailable,
}

impl Messages {
    /// Records that the API takes messages in: each an id and the hash of its body. It takes one call per 25, and for ids
    /// that are taken already one more per hundred. Of two with one id the first goes first.
    pub async fn accept(
        &self,
        tenant: &TenantId,
        at: Timestamp,
        messages: &[(&MessageId, &str)],
    ) -> Vec<Acceptance> {
        let mut given: BTreeMap<String, &str> = BTreeMap::new();
        for (id, hash) in messages {
            given.entry(place(id)).or_insert(hash);
        }
        let expires = number(at.after(RETENTION).seconds());
        let row = |(place, hash): (&String, &&str)| {
            let (tenant, place) = (text(tenant.as_str()), text(place));
            [tenant, place, expires.clone(), time(at), text(*hash)]
        };
        let rows = given.iter().map(row).collect();
        let names = [PK, SK, TTL, AT, BODY_HASH];
        let inserted = inserts::insert(&self.client, &self.table, names, rows).await;
        let mut on_record: HashMap<String, String> = HashMap::new();
        let mut earlier = Vec::new();
        for ((place, hash), inserted) in given.into_iter().zip(inserted) {
            match inserted {
                Inserted::Done => {
                    on_record.insert(place, hash.to_owned());
                }
                Inserted::Exists => earlier.push((tenant.to_string(), place)),
                Inserted::Unavailable => {}
            }
        }
        on_record.extend(self.earlier(&earlier).await);
        let of = |(id, hash): &(&MessageId, &str)| match on_record.get(&place(id)) {
            None => Acceptance::Unavailable,
            Some(known) if known == hash => Acceptance::Own,
            Some(_) => Acceptance::Anothers,
        };
        messages.iter().map(of).collect()
    }

    /// The hashes that are on record, each by its place; none if the table does not answer for all.
    async fn earlier(&self, places: &[(String, String)]) -> Vec<(String, String)> {
        let items = match batch::get(&self.client, &self.table, places).await {
            Ok(items) => items,
            Err(error) => {
                tracing::warn!(%error, "what was taken in before cannot be read");
                return Vec::new();
            }
        };
        let read = items.iter().filter_map(|item| {
            let item = Reader(item);
            let hash = item.find_text(BODY_HASH);
            Some((
                item.text(SK).ok()?.to_owned(),
                hash.unwrap_or_default().to_owned(),
            ))
        });
        read.collect()
    }
}

fn place(id: &MessageId) -> String {
    format!("{}{}", keys::message(id), fact::ACCEPTED)
}
