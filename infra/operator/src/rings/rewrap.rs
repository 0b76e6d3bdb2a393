//! Puts all ring keys that a KMS key wraps under another.

use std::time::Duration;

use domain::key_ring::{KeyRingUpkeep, KeyRings, RowName};
use serde::Serialize;

use crate::failure::Failure;
use crate::kms_keys;
use crate::names::{Chain, KmsKey, PURPOSES, purpose_of};
use crate::run::{Deed, Ended, Run};
use crate::voice::{Outcome, Voice};

/// Looks in a row that must find nothing, for the index lags behind.
const LOOKS: u32 = 3;

/// What was put under the new KMS key.
#[derive(Debug, Serialize)]
pub(super) struct Rewrapped {
    from: String,
    to: String,
    rewrapped: usize,
    /// Whether the stack still makes new rings under the old one.
    still_configured: bool,
}

pub(super) async fn rewrap(
    run: &Run<'_>,
    from: &KmsKey,
    to: &KmsKey,
    pause: Duration,
    voice: &mut Voice<'_>,
) -> Result<Rewrapped, Failure> {
    if from == to {
        return Err(Failure::Refused(
            "--from and --to are the same KMS key: there is nothing to do.".into(),
        ));
    }
    let chain = Chain::of_platform();
    let deed = Deed {
        chain: &chain.0,
        action: "ring.rewrap",
        subject: Some(format!("{} to {}", from.0, to.0)),
    };
    let rewrapped = run
        .recorded(deed, async {
            let count = move_all(run, &from.0, &to.0, pause, voice).await?;
            let ended = Ended {
                complete: true,
                count: Some(count),
            };
            Ok((count, ended))
        })
        .await?;
    let config = &run.context.config;
    Ok(Rewrapped {
        from: from.0.clone(),
        to: to.0.clone(),
        rewrapped,
        still_configured: PURPOSES
            .into_iter()
            .any(|purpose| config.kms_key(purpose) == from.0),
    })
}

async fn move_all(
    run: &Run<'_>,
    from: &str,
    to: &str,
    pause: Duration,
    voice: &mut Voice<'_>,
) -> Result<usize, Failure> {
    let mut rewrapped = 0;
    let mut looks = 0;
    while looks < LOOKS {
        let rows = all_under(run, from).await?;
        looks = if rows.is_empty() { looks + 1 } else { 0 };
        let mut changed = 0;
        for row in &rows {
            changed += usize::from(rewrap_one(run, row, from, to).await?);
        }
        rewrapped += changed;
        if changed > 0 {
            voice.tell(format_args!("{rewrapped} ring keys are under {to}"));
        } else if looks < LOOKS {
            tokio::time::sleep(pause).await;
        }
    }
    Ok(rewrapped)
}

/// Whether this changed the row; the index may name some that are not under the old KMS key any more.
async fn rewrap_one(
    run: &Run<'_>,
    RowName { ring, version }: &RowName,
    from: &str,
    to: &str,
) -> Result<bool, Failure> {
    let Some(purpose) = purpose_of(ring) else {
        return Err(Failure::Refused(format!(
            "{ring} is no ring of ours, but stands in the table: see who put it there."
        )));
    };
    let row = run.context.rows.find(ring, *version).await?;
    match row.filter(|row| row.kms_key == from) {
        Some(row) => {
            kms_keys::check_separate(run.context, purpose, to).await?;
            Ok(run.context.keeper(purpose).rewrap(&row, to).await?)
        }
        None => Ok(false),
    }
}

async fn all_under(run: &Run<'_>, kms_key: &str) -> Result<Vec<RowName>, Failure> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = run.context.rows.list_under(kms_key, after.as_ref()).await?;
        rows.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}

impl Outcome for Rewrapped {
    fn text(&self) -> String {
        let Self {
            from,
            to,
            rewrapped,
            still_configured,
        } = self;
        let mut text = match rewrapped {
            0 => format!("No ring key is under {from}. If that is the KMS key you mean:\n\n"),
            count => {
                format!("{count} ring keys were put under {to}; none is left under {from}.\n\n")
            }
        };
        if *still_configured {
            text.push_str(
                "The stack is still deployed with the old KMS key and makes new rings under it. Deploy it with the new \
                 one, run this once more, and then the old one may be disabled.\n",
            );
        } else {
            text.push_str(
                "The old KMS key may be disabled. Delete it only when no restored copy of the KeyRings table is to be \
                 used any more: backups reach back 35 days.\n",
            );
        }
        text
    }
}
