//! The audit trail: records are added, never changed, each chained to the one before it.
//!
//! Many functions append to one tenant's chain at once. The number of a record is its sort key, and a record is put
//! only where none is, so a chain cannot fork: of two who follow the same head one is refused, reads the new head
//! and follows that. Whoever is refused was overtaken by somebody who succeeded, so a chain cannot stall either, and
//! nobody waits for a lock whose holder has died. Within a process those who append to one chain go one after the other,
//! so that only processes meet, and these draw growing pauses. Heads are remembered; a stale one costs one more read. Every record
//! bears a mark of whoever wrote it, by which a write whose answer was lost is recognised: the hash would not tell it
//! from the same record of somebody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::audit::{AuditRecord, Break, ChainCheck, Head, Link, LinkHash};
use domain::failure::StoreError;
use domain::ids::{ProviderId, TenantId};
use domain::opening::{Opening, Witness};
use domain::random;
use domain::time::Clock;

use crate::error::unavailable;
use crate::item::{Attributes, Reader, keyed, text};
use crate::keys::{self, SK};

/// How often a record is moved up behind a newer head before its writer gives up.
const TRIES: u32 = 20;
/// Heads remembered at once.
const MOST_HEADS: usize = 5_000;
/// Longest pause before a record is moved up for the first time; each is a random part of it, and twice as long the
/// next time.
const PAUSE: Duration = Duration::from_millis(20);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The Audit table.
#[derive(Clone)]
pub struct AuditTrail {
    client: Client,
    table: String,
    clock: Arc<dyn Clock>,
    heads: Arc<Mutex<HashMap<TenantId, Head>>>,
    lanes: Arc<Mutex<HashMap<TenantId, Lane>>>,
}

/// Whoever holds it appends to the tenant's chain; the others of this process wait.
type Lane = Arc<tokio::sync::Mutex<()>>;

/// A record that is about to take its place in a tenant's chain.
pub(crate) struct Next {
    tenant: TenantId,
    provider: Option<ProviderId>,
    link: Link,
    head: Head,
    mark: String,
}

/// The attribute with the mark of a record's writer.
const WRITER: &str = "writer";

/// A stored record.
#[derive(Debug, Clone)]
pub struct Stored {
    /// As it stands in the chain.
    pub link: Link,
    /// What it says.
    pub record: AuditRecord,
}

impl AuditTrail {
    /// Opens the table of that name.
    pub fn new(client: Client, table: String, clock: Arc<dyn Clock>) -> Self {
        Self {
            client,
            table,
            clock,
            heads: Arc::default(),
            lanes: Arc::default(),
        }
    }

    /// The right to append to a tenant's chain within this process.
    pub(crate) async fn lane(&self, tenant: &TenantId) -> tokio::sync::OwnedMutexGuard<()> {
        let lane = {
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            if lanes.len() >= MOST_HEADS {
                lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
            }
            lanes.entry(tenant.clone()).or_default().clone()
        };
        lane.lock_owned().await
    }

    /// Adds a record to a tenant's chain.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then what was to be recorded must not be reported as done.
    pub async fn append(&self, tenant: &TenantId, record: &AuditRecord) -> Result<(), StoreError> {
        // Boxed: the SDK's futures are large, and this one stands in the middle of many.
        Box::pin(self.try_append(tenant, record)).await
    }

    async fn try_append(&self, tenant: &TenantId, record: &AuditRecord) -> Result<(), StoreError> {
        let _lane = self.lane(tenant).await;
        for attempt in 0..TRIES {
            let next = self.next(tenant, record).await?;
            let put = self
                .client
                .put_item()
                .table_name(&self.table)
                .set_item(Some(self.item(&next)))
                .condition_expression("attribute_not_exists(pk)")
                .send()
                .await;
            match put {
                Ok(_) => {
                    self.took(next);
                    return Ok(());
                }
                Err(error) if error.as_service_error().is_some_and(was_overtaken) => {
                    if self.is_in_place(next).await? {
                        return Ok(());
                    }
                    pause(attempt).await;
                }
                Err(error) => {
                    return match self.is_in_place(next).await {
                        Ok(true) => Ok(()),
                        _ => Err(unavailable(error)),
                    };
                }
            }
        }
        Err(too_busy())
    }

    /// The place for a record behind the head, as far as that is known.
    pub(crate) async fn next(
        &self,
        tenant: &TenantId,
        record: &AuditRecord,
    ) -> Result<Next, StoreError> {
        let known = self.heads().get(tenant).copied();
        let head = match known {
            Some(head) => head,
            None => self.read_head(tenant).await?,
        };
        let (link, head) = Link::after(&head, tenant, record);
        Ok(Next {
            tenant: tenant.clone(),
            provider: record.provider.clone(),
            link,
            head,
            mark: random::base32(&random::bytes::<10>()),
        })
    }

    /// The write that puts a record in its place, to be made together with what it tells of.
    pub(crate) fn put(&self, next: &Next) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(self.item(next)))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|_| StoreError::Malformed("audit record"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The record is in its place. Its hash goes into the log (at level info), which is kept elsewhere: a chain that was
    /// cut off is told by it.
    pub(crate) fn took(&self, next: Next) {
        let Next { tenant, head, .. } = next;
        tracing::info!(audit = %tenant, number = head.number, hash = %head.hash, "recorded");
        let mut heads = self.heads();
        if heads.len() >= MOST_HEADS {
            heads.clear();
        }
        // Of two of our own the later one counts, whoever is told first.
        let known = heads.entry(tenant).or_insert(head);
        if known.number < head.number {
            *known = head;
        }
    }

    /// Whether a record is in its place, although its write was refused or not answered. If it is not, nothing is
    /// known of the head any more.
    pub(crate) async fn is_in_place(&self, next: Next) -> Result<bool, StoreError> {
        self.heads().remove(&next.tenant);
        let there = self.find_mark(&next.tenant, next.link.number).await?;
        let ours = there.is_some_and(|mark| mark == next.mark);
        if ours {
            self.took(next);
        }
        Ok(ours)
    }

    fn heads(&self) -> std::sync::MutexGuard<'_, HashMap<TenantId, Head>> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn item(&self, next: &Next) -> Attributes {
        let Next {
            tenant,
            provider,
            link,
            mark,
            ..
        } = next;
        let mut item = keyed(tenant.as_str(), keys::audit(link.number));
        item.insert("record".into(), text(&link.record));
        item.insert("previous".into(), text(link.previous.to_string()));
        item.insert("hash".into(), text(link.hash.to_string()));
        item.insert(WRITER.into(), text(mark));
        if let Some(provider) = provider {
            let place = keys::audit_of_provider(provider, link.number);
            item.insert(keys::PROVIDER_SEQ.into(), text(place));
        }
        item
    }

    async fn read_head(&self, tenant: &TenantId) -> Result<Head, StoreError> {
        let newest = self
            .query(tenant, "pk = :tenant")
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(1)
            .send()
            .await
            .map_err(unavailable)?;
        newest.items().first().map_or(Ok(Head::EMPTY), |item| {
            let Stored { link, record } = read(item)?;
            Ok(Head {
                number: link.number,
                hash: link.hash,
                at: record.at,
            })
        })
    }

    /// The mark of the record's writer at that number.
    async fn find_mark(
        &self,
        tenant: &TenantId,
        number: u64,
    ) -> Result<Option<String>, StoreError> {
        let found = self
            .query(tenant, "pk = :tenant AND sk = :number")
            .expression_attribute_values(":number", text(keys::audit(number)))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable)?;
        let mark = found.items().first();
        let mark = mark.and_then(|item| Reader(item).find_text(WRITER).map(str::to_owned));
        Ok(mark)
    }

    /// A tenant's chain from a number on, oldest first; at most a page of DynamoDB's (1 MB), empty at the end.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or a record is not in our form.
    pub async fn page_after(
        &self,
        tenant: &TenantId,
        number: u64,
    ) -> Result<Vec<Link>, StoreError> {
        let page = self
            .query(tenant, "pk = :tenant AND sk > :number")
            .expression_attribute_values(":number", text(keys::audit(number)))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable)?;
        page.items().iter().map(read_link).collect()
    }

    /// Walks along a tenant's whole chain; `progress` is told the head after each page. The head at the end is to be
    /// compared with one noted elsewhere, for a chain that was cut off holds too.
    ///
    /// # Errors
    /// [`VerifyError::Broken`] at the first record that is not what was written.
    pub async fn verify(
        &self,
        tenant: &TenantId,
        mut progress: impl FnMut(&Head),
    ) -> Result<Head, VerifyError> {
        let mut check = ChainCheck::new(tenant.clone());
        loop {
            let page = self.page_after(tenant, check.head().number).await?;
            if page.is_empty() {
                return Ok(check.head());
            }
            for link in &page {
                check.next(link)?;
            }
            progress(&check.head());
        }
    }

    /// A tenant's records, newest first (S1-69): those of one provider type or all, older than `before`, at most
    /// `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or a record is malformed.
    pub async fn list(
        &self,
        tenant: &TenantId,
        provider: Option<&ProviderId>,
        before: Option<u64>,
        limit: i32,
    ) -> Result<Vec<Stored>, StoreError> {
        let before = before.unwrap_or(keys::LAST_AUDIT_NUMBER);
        let query = match provider {
            None => self
                .query(tenant, "pk = :tenant AND sk < :before")
                .expression_attribute_values(":before", text(keys::audit(before))),
            Some(provider) => self
                .query(
                    tenant,
                    "pk = :tenant AND provider_seq BETWEEN :first AND :before",
                )
                .index_name(keys::AUDIT_BY_PROVIDER)
                .expression_attribute_values(":first", text(keys::audit_of_provider(provider, 0)))
                .expression_attribute_values(
                    ":before",
                    text(keys::audit_of_provider(provider, before.saturating_sub(1))),
                ),
        };
        let newest_first = query.scan_index_forward(false).limit(limit);
        let page = newest_first.send().await.map_err(unavailable)?;
        page.items().iter().map(read).collect()
    }

    /// A query of a tenant's chain.
    fn query(&self, tenant: &TenantId, condition: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression(condition)
            .expression_attribute_values(":tenant", text(tenant.as_str()))
    }
}

/// Why a chain could not be shown to be whole.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is not what was written.
    #[error("the chain is broken: {0}")]
    Broken(#[from] Break),
    /// The store did not answer, or a record is not in our form.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[async_trait]
impl Witness for AuditTrail {
    async fn saw(&self, opening: &Opening<'_>) -> Result<(), StoreError> {
        let record = opening.record(self.clock.now());
        self.append(opening.place.tenant, &record).await
    }
}

/// Lets others go first, for a random while.
pub(crate) async fn pause(attempt: u32) {
    let part = f64::from(u16::from_be_bytes(random::bytes())) / f64::from(u16::MAX);
    let longest = PAUSE.saturating_mul(1 << attempt.min(10));
    tokio::time::sleep(longest.min(LONGEST_PAUSE).mul_f64(part)).await;
}

pub(crate) fn too_busy() -> StoreError {
    StoreError::Unavailable("the audit trail, to which many write just now,", None)
}

/// Whether a write was refused because somebody else's is in its place, or is being made there.
fn was_overtaken<E: ProvideErrorMetadata>(error: &E) -> bool {
    matches!(
        error.code(),
        Some("ConditionalCheckFailedException" | "TransactionConflictException")
    )
}

fn read(item: &Attributes) -> Result<Stored, StoreError> {
    let link = read_link(item)?;
    let record = serde_json::from_str(&link.record).map_err(|_| StoreError::Malformed("record"))?;
    Ok(Stored { link, record })
}

fn read_link(item: &Attributes) -> Result<Link, StoreError> {
    let item = Reader(item);
    let hash = |name| LinkHash::parse(item.text(name)?).ok_or(StoreError::Malformed(name));
    Ok(Link {
        number: item
            .text(SK)?
            .parse()
            .map_err(|_| StoreError::Malformed(SK))?,
        previous: hash("previous")?,
        record: item.text("record")?.to_owned(),
        hash: hash("hash")?,
    })
}
