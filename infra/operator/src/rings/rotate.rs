//! Gives rings new versions.

use std::time::Duration;

use domain::seal::Purpose;
use serde::Serialize;

use super::known::Ring;
use crate::failure::Failure;
use crate::kms_keys;
use crate::names::{Chain, KmsKey, RingName};
use crate::run::{Deed, Ended, Run};
use crate::voice::{Outcome, Voice};

/// Of all rings, those are left alone that got a version this long ago: so a run that was broken off can be repeated.
const FRESH: Duration = Duration::from_secs(3600);

/// Which rings are meant.
pub(super) enum Which<'a> {
    One(&'a RingName),
    All(Option<Purpose>),
}

impl<'a> Which<'a> {
    /// One if it is named, else all, or all of a purpose.
    pub(super) fn new(ring: Option<&'a RingName>, purpose: Option<Purpose>) -> Self {
        ring.map_or(Self::All(purpose), Self::One)
    }
}

/// The new versions.
#[derive(Debug, Default, Serialize)]
pub(super) struct Rotated {
    rotated: Vec<Version>,
    left_alone: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Version {
    ring: String,
    version: u32,
    kms_key: String,
}

pub(super) async fn rotate(
    run: &Run<'_>,
    which: Which<'_>,
    kms_key: Option<&KmsKey>,
    voice: &mut Voice<'_>,
) -> Result<Rotated, Failure> {
    let mut rotated = Rotated::default();
    let rings = match which {
        Which::One(ring) => vec![(ring.purpose, ring.name.clone())],
        Which::All(None) if kms_key.is_some() => {
            return Err(Failure::Refused(
                "Each purpose has KMS keys of its own: say which rings are meant with --purpose."
                    .into(),
            ));
        }
        Which::All(purpose) => {
            let (wanted, fresh) = choose(run, purpose, kms_key).await?;
            rotated.left_alone = fresh;
            wanted
        }
    };
    let kms_key = kms_key.map(|key| key.0.as_str());
    for (purpose, ring) in rings {
        let version = rotate_one(run, purpose, &ring, kms_key).await?;
        voice.tell(format_args!("{ring}: version {} seals", version.version));
        rotated.rotated.push(version);
    }
    Ok(rotated)
}

/// Of all rings that seal, those to rotate, and those that are fresh under the KMS key they are to be under.
async fn choose(
    run: &Run<'_>,
    purpose: Option<Purpose>,
    kms_key: Option<&KmsKey>,
) -> Result<(Vec<(Purpose, String)>, Vec<String>), Failure> {
    let now = run.context.clock.now();
    let (mut wanted, mut left_alone) = (Vec::new(), Vec::new());
    for ring in Ring::find_all(run.context, [], []).await? {
        let Some(row) = ring.sealing() else {
            continue;
        };
        if purpose.is_some_and(|purpose| purpose != ring.purpose) {
            continue;
        }
        let is_fresh = row.created_at.until(now) < FRESH && row.version > 1;
        if is_fresh && kms_key.is_none_or(|key| key.0 == row.kms_key) {
            left_alone.push(ring.name);
        } else {
            wanted.push((ring.purpose, ring.name));
        }
    }
    Ok((wanted, left_alone))
}

async fn rotate_one(
    run: &Run<'_>,
    purpose: Purpose,
    ring: &str,
    kms_key: Option<&str>,
) -> Result<Version, Failure> {
    if let Some(kms_key) = kms_key {
        kms_keys::check_separate(run.context, purpose, kms_key).await?;
    }
    let chain = Chain::of_platform();
    let deed = Deed {
        chain: &chain.0,
        action: "ring.rotate",
        subject: Some(ring.to_owned()),
    };
    run.recorded(deed, async {
        let keeper = run.context.keeper(purpose);
        let row = keeper.rotate(ring, kms_key).await?;
        let version = Version {
            ring: row.ring,
            version: row.version,
            kms_key: row.kms_key,
        };
        Ok((version, Ended::WELL))
    })
    .await
}

impl Outcome for Rotated {
    fn text(&self) -> String {
        let mut text = String::new();
        for Version {
            ring,
            version,
            kms_key,
        } in &self.rotated
        {
            text.push_str(&format!(
                "{ring}: version {version} seals, under {kms_key}\n"
            ));
        }
        for ring in &self.left_alone {
            text.push_str(&format!(
                "{ring}: left alone, its version is less than an hour old\n"
            ));
        }
        match &self.rotated[..] {
            [] if self.left_alone.is_empty() => {
                text.push_str("There is no ring yet: the first value that is sealed makes one.\n");
            }
            [] => {}
            [one] => text.push_str(&format!(
                "\nWhat is sealed already stays under the older versions. Half a minute from now, move it:\n\n  \
                 operator rings reseal {} {}\n",
                one.ring,
                one.version - 1
            )),
            _ => text.push_str(
                "\nWhat is sealed already stays under the older versions. Half a minute from now, move it:\n\n  \
                 operator rings reseal --all-old\n",
            ),
        }
        text
    }
}
