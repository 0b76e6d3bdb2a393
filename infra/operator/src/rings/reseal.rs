//! Empties versions of rings that do not seal any more.

use std::time::Duration;

use domain::key_ring::RowName;
use serde::Serialize;

use super::known::Ring;
use crate::emptying::{Emptied, Emptying};
use crate::failure::Failure;
use crate::names::{Chain, RingName};
use crate::run::{Deed, Run};
use crate::voice::{Outcome, Voice};

/// What was moved.
#[derive(Debug, Serialize)]
pub(super) struct Resealed {
    versions: Vec<String>,
    #[serde(flatten)]
    emptied: Emptied,
}

pub(super) async fn reseal(
    run: &Run<'_>,
    which: Option<(&RingName, u32)>,
    pause: Duration,
    voice: &mut Voice<'_>,
) -> Result<Resealed, Failure> {
    let versions = match which {
        Some((ring, version)) => vec![one(run, &ring.name, version).await?],
        None => {
            let rings = Ring::find_all(run.context, [], []).await?;
            rings.iter().flat_map(Ring::old).collect()
        }
    };
    let names: Vec<String> = versions
        .iter()
        .map(|RowName { ring, version }| format!("{ring} {version}"))
        .collect();
    let chain = Chain::of_platform();
    let deed = Deed {
        chain: &chain.0,
        action: "ring.reseal",
        subject: Some(match &names[..] {
            [one] => one.clone(),
            all => format!("{} old versions", all.len()),
        }),
    };
    let emptying = Emptying {
        run,
        versions,
        tenant: None,
        pause,
    };
    let emptied = run
        .recorded(deed, async {
            let emptied = emptying.run(voice).await?;
            let ended = emptied.ended();
            Ok((emptied, ended))
        })
        .await?;
    Ok(Resealed {
        versions: names,
        emptied,
    })
}

/// A version, if it does not seal any more: what seals cannot be emptied.
async fn one(run: &Run<'_>, name: &str, version: u32) -> Result<RowName, Failure> {
    let ring = Ring::find(run.context, name).await?;
    let Some(ring) = ring.filter(|ring| ring.versions.iter().any(|row| row.version == version))
    else {
        return Err(Failure::Refused(format!(
            "There is no version {version} of {name}: `operator rings list` shows those that are."
        )));
    };
    ring.old()
        .find(|row| row.version == version)
        .ok_or_else(|| {
            Failure::Refused(format!(
                "Version {version} of {name} still seals, so it would never be empty: \
                 `operator rings rotate {name}` first."
            ))
        })
}

impl Outcome for Resealed {
    fn is_complete(&self) -> bool {
        self.emptied.is_complete()
    }

    fn text(&self) -> String {
        match &self.versions[..] {
            [] => "There are no old versions.".to_owned(),
            [one] => format!("{one}: {}", self.emptied.text()),
            all => format!("{} old versions: {}", all.len(), self.emptied.text()),
        }
    }
}
