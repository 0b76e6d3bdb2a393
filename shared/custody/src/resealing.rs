//! Moving what a ring key holds under the ring that its tenant is to be sealed under now: after a ring was rotated,
//! and when a tenant gets a ring of its own.
//!
//! It goes on under traffic. A record changes only if its seal is still the one that was opened, and nothing but the
//! seal changes, so no work of others is undone, nobody's change is refused, and what was deleted stays deleted. A
//! record that was moved is no longer found under the old key; whoever runs this again goes on where it was broken
//! off.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use domain::TenantId;
use domain::failure::StoreError;
use domain::integration::credentials_place;
use domain::opening::OpenedBy;
use domain::seal::{Purpose, SealContext, Sealed};
use futures_util::stream::{self, StreamExt};
use store::sealed_records::{Place, SealedRecord, SealedRecords};
use vault::{OpenError, Opener, Sealer};

/// Records found at once.
const PAGE: i32 = 500;
/// Records worked on side by side.
const ABREAST: usize = 16;
/// Times that the index may show a record which is not there, or is elsewhere, before it is left aside: it lags behind
/// for moments only.
const MOST_OVERTAKEN: u32 = 20;
/// Looks in a row that must find nothing before the work is done, for the index lags behind.
const EMPTY_LOOKS: usize = 3;

/// How far it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Records moved.
    pub moved: usize,
    /// Records that others changed or removed meanwhile, or that were elsewhere already.
    pub overtaken: usize,
    /// Records that do not open: somebody has changed them. They stay as they are.
    pub unopened: usize,
}

/// Why it was broken off. What was done stays done.
#[derive(Debug, thiserror::Error)]
pub enum Interrupted {
    /// A table did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys cannot be had, or an opening cannot be recorded.
    #[error(transparent)]
    Vault(#[from] OpenError),
}

/// Seals records anew.
pub struct Resealing {
    records: SealedRecords,
    openers: [(Purpose, Opener, Sealer); 2],
}

enum Moved {
    Yes,
    Overtaken,
    Unopened,
}

impl Resealing {
    /// Over both tables; each purpose has its own opener and sealer.
    pub fn new(
        records: SealedRecords,
        credentials: (Opener, Sealer),
        webhook_secrets: (Opener, Sealer),
    ) -> Self {
        Self {
            records,
            openers: [
                (Purpose::Credentials, credentials.0, credentials.1),
                (
                    Purpose::WebhookSecrets,
                    webhook_secrets.0,
                    webhook_secrets.1,
                ),
            ],
        }
    }

    /// Moves all that a version of a ring holds, or what it holds of one tenant. `pause` is the time between looks at
    /// the index; `told` hears of every page.
    ///
    /// # Errors
    /// [`Interrupted`]; run it again.
    pub async fn run(
        &self,
        (ring, version): (&str, u32),
        tenant: Option<&TenantId>,
        by: OpenedBy<'_>,
        pause: Duration,
        mut told: impl FnMut(Progress),
    ) -> Result<Progress, Interrupted> {
        let mut progress = Progress::default();
        let mut empty = 0;
        let mut aside: HashSet<Place> = HashSet::new();
        let mut overtaken: HashMap<Place, u32> = HashMap::new();
        while empty < EMPTY_LOOKS {
            let limit = PAGE + i32::try_from(aside.len()).unwrap_or(i32::MAX - PAGE);
            let mut places = self.records.held_by(ring, version, tenant, limit).await?;
            places.retain(|place| !aside.contains(place));
            if places.is_empty() {
                empty += 1;
                tokio::time::sleep(pause).await;
                continue;
            }
            empty = 0;
            let moves: Vec<_> = stream::iter(places)
                .map(|place| async move {
                    let moved = self.reseal(&place, (ring, version), by).await;
                    (place, moved)
                })
                .buffer_unordered(ABREAST)
                .collect()
                .await;
            let before = progress.moved;
            for (place, moved) in moves {
                match moved? {
                    Moved::Yes => progress.moved += 1,
                    Moved::Overtaken => {
                        let times = overtaken.entry(place.clone()).or_default();
                        *times += 1;
                        if *times >= MOST_OVERTAKEN {
                            aside.insert(place);
                        }
                    }
                    Moved::Unopened => {
                        progress.unopened += 1;
                        aside.insert(place);
                    }
                }
            }
            progress.overtaken = overtaken.len();
            told(progress);
            if progress.moved == before {
                tokio::time::sleep(pause).await;
            }
        }
        Ok(progress)
    }

    async fn reseal(
        &self,
        place: &Place,
        from: (&str, u32),
        by: OpenedBy<'_>,
    ) -> Result<Moved, Interrupted> {
        let record = match self.records.find(place).await {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(Moved::Overtaken),
            Err(StoreError::Malformed(what)) => {
                tracing::error!(?place, what, "a record is not in our form");
                return Ok(Moved::Unopened);
            }
            Err(error) => return Err(error.into()),
        };
        let sealed = record.sealed();
        // The index lags behind: it may be where it belongs already.
        if sealed.ring() != Some(from) {
            return Ok(Moved::Overtaken);
        }
        let context = context(&record);
        let Some((_, opener, sealer)) = self
            .openers
            .iter()
            .find(|(purpose, ..)| *purpose == context.purpose)
        else {
            return Ok(Moved::Unopened);
        };
        let plaintext = match opener.open(&context, sealed, by).await {
            Ok(plaintext) => plaintext,
            Err(OpenError::DoesNotOpen) => return Ok(Moved::Unopened),
            Err(error @ OpenError::Unavailable(_)) => return Err(error.into()),
        };
        let anew: Sealed = sealer.seal(&context, plaintext.expose()).await?;
        let replaced = self.records.replace(place, sealed, &anew).await?;
        Ok(if replaced {
            Moved::Yes
        } else {
            Moved::Overtaken
        })
    }
}

/// The place that a record's seal is bound to.
fn context(record: &SealedRecord) -> SealContext<'_> {
    match record {
        SealedRecord::Integration(integration) => crate::place(integration),
        SealedRecord::Route(route) => route.secret_place(),
        SealedRecord::Previous {
            tenant,
            provider,
            integration,
            previous,
        } => credentials_place(
            tenant,
            provider,
            integration,
            previous.credential_version,
            crate::address(provider, &previous.settings),
        ),
    }
}
