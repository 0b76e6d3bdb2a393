//! Versions of rings are emptied: their records are sealed anew under what seals now, until none is left.
//!
//! Whoever changed a record at the same time may put it back under its old seal, as long as that change takes. So it
//! ends only when nothing was found in three looks, with pauses that together are longer than any request.

use std::collections::HashMap;
use std::time::Duration;

use custody::resealing::Progress;
use domain::key_ring::RowName;
use domain::opening::Reason;
use domain::{TenantId, Timestamp};
use serde::Serialize;
use store::sealed_records::{Place, SealedRecord};

use crate::failure::Failure;
use crate::run::{Ended, Run};
use crate::table::table;
use crate::voice::Voice;

/// Looks in a row that must find nothing.
const LOOKS: u32 = 3;
/// What an index takes, as a rule, to show a change.
const LAG: Duration = Duration::from_millis(500);
/// Records that are shown, of each version, if they cannot be moved.
const SHOWN: i32 = 50;

/// What is to be emptied, and how.
pub(crate) struct Emptying<'a> {
    pub(crate) run: &'a Run<'a>,
    /// None of them seals any more.
    pub(crate) versions: Vec<RowName>,
    /// Only of this tenant's records.
    pub(crate) tenant: Option<&'a TenantId>,
    pub(crate) pause: Duration,
}

/// What was moved, and what was not.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Emptied {
    moved: usize,
    changed_by_others: usize,
    left: usize,
    /// Some of those that are left.
    do_not_open: Vec<Left>,
}

/// A record that does not open, and stays where it is.
#[derive(Debug, Serialize)]
struct Left {
    ring: String,
    version: u32,
    tenant: String,
    integration: String,
    record: &'static str,
}

impl Emptying<'_> {
    /// Moves everything.
    pub(crate) async fn run(&self, voice: &mut Voice<'_>) -> Result<Emptied, Failure> {
        let resealing = self.run.context.resealing();
        let by = self.run.opens_for(Reason::Reseal);
        let mut emptied = Emptied::default();
        let mut unopened: HashMap<&RowName, usize> = HashMap::new();
        let mut quiet_looks = 0;
        while quiet_looks < LOOKS {
            let mut quiet = true;
            emptied.left = 0;
            for version in &self.versions {
                let held = self.count(version).await?;
                if held <= unopened.get(version).copied().unwrap_or_default() {
                    emptied.left += held;
                    continue;
                }
                quiet = false;
                let row = (version.ring.as_str(), version.version);
                let mut pace = Pace::new(self.run, version, held);
                let told = |progress| pace.tell(voice, progress);
                let progress = resealing
                    .run(row, self.tenant, by, self.pause.min(LAG), told)
                    .await?;
                emptied.moved += progress.moved;
                emptied.changed_by_others += progress.overtaken;
                unopened.insert(version, progress.unopened);
            }
            quiet_looks = if quiet { quiet_looks + 1 } else { 0 };
            if quiet && quiet_looks < LOOKS {
                tokio::time::sleep(self.pause).await;
            }
        }
        for (version, count) in unopened {
            if count > 0 {
                emptied.do_not_open.extend(self.name_left(version).await?);
            }
        }
        Ok(emptied)
    }

    async fn count(&self, RowName { ring, version }: &RowName) -> Result<usize, Failure> {
        let records = &self.run.context.records;
        Ok(records
            .count(ring, *version, self.tenant, usize::MAX)
            .await?)
    }

    async fn name_left(&self, version: &RowName) -> Result<Vec<Left>, Failure> {
        let records = &self.run.context.records;
        let places = records
            .held_by(&version.ring, version.version, self.tenant, SHOWN)
            .await?;
        let mut left = Vec::new();
        for place in &places {
            let found = records.find(place).await;
            let (tenant, integration, record) = match &found {
                Ok(Some(record)) => names(record),
                // What cannot be read is named by its place.
                _ => match place {
                    Place::Integrations(tenant, key) => (&**tenant, &**key, "malformed"),
                    Place::WebhookRoutes(key) => ("unknown", &**key, "malformed"),
                },
            };
            left.push(Left {
                ring: version.ring.clone(),
                version: version.version,
                tenant: tenant.to_owned(),
                integration: integration.to_owned(),
                record,
            });
        }
        Ok(left)
    }
}

fn names(record: &SealedRecord) -> (&str, &str, &'static str) {
    match record {
        SealedRecord::Integration(of) => (of.tenant.as_str(), of.id.as_str(), "credentials"),
        SealedRecord::Route(of) => (
            of.tenant.as_str(),
            of.integration.as_str(),
            "webhook secret",
        ),
        SealedRecord::Previous {
            tenant,
            integration,
            ..
        } => (
            tenant.as_str(),
            integration.as_str(),
            "previous credentials",
        ),
    }
}

impl Emptied {
    /// Whether nothing is left.
    pub(crate) fn is_complete(&self) -> bool {
        self.left == 0
    }

    pub(crate) fn ended(&self) -> Ended {
        Ended {
            complete: self.is_complete(),
            count: Some(self.moved),
        }
    }

    pub(crate) fn text(&self) -> String {
        let Self {
            moved,
            changed_by_others,
            left,
            do_not_open,
        } = self;
        let mut text = format!(
            "moved {moved}, changed or removed by others meanwhile {changed_by_others}, left {left}\n"
        );
        if self.is_complete() {
            return text;
        }
        text.push_str(
            "\nWhat is left does not open: it was changed in its table, or its key is gone. It stays as it is. \
             Its tenants have to enter these credentials again, or restore the table.\n\n",
        );
        let rows: Vec<[String; 5]> = do_not_open
            .iter()
            .map(|of| {
                [
                    of.ring.clone(),
                    of.version.to_string(),
                    of.tenant.clone(),
                    of.integration.clone(),
                    of.record.to_owned(),
                ]
            })
            .collect();
        text.push_str(&table(
            ["ring", "version", "tenant", "integration", "record"],
            &rows,
        ));
        text
    }
}

/// Tells how fast it goes and how much is left.
struct Pace<'a> {
    run: &'a Run<'a>,
    version: &'a RowName,
    held: usize,
    since: Timestamp,
}

impl<'a> Pace<'a> {
    fn new(run: &'a Run<'a>, version: &'a RowName, held: usize) -> Self {
        let since = run.context.clock.now();
        Self {
            run,
            version,
            held,
            since,
        }
    }

    fn tell(&mut self, voice: &mut Voice<'_>, progress: Progress) {
        let Progress {
            moved,
            overtaken,
            unopened,
        } = progress;
        let RowName { ring, version } = self.version;
        let seconds = self.since.until(self.run.context.clock.now()).as_secs_f64();
        let pace = if seconds > 0.0 {
            format!(", {:.0} a second", moved as f64 / seconds)
        } else {
            String::new()
        };
        let left = self.held.saturating_sub(moved + overtaken + unopened);
        let unopened = match unopened {
            0 => String::new(),
            count => format!(", {count} do not open"),
        };
        voice.tell(format_args!(
            "{ring} {version}: {moved} moved{pace}, {left} left{unopened}"
        ));
    }
}
