//! What is done with rings of keys.

pub(crate) mod known;
mod list;
mod reseal;
mod rewrap;
mod rotate;

use crate::arguments::Rings;
use crate::failure::Failure;
use crate::run::Run;
use crate::voice::Voice;

/// Carries one command out.
pub(crate) async fn run(
    run: &Run<'_>,
    command: &Rings,
    voice: &mut Voice<'_>,
) -> Result<bool, Failure> {
    match command {
        Rings::List { kms_keys, tenant } => {
            let listed = list::list(run, kms_keys, tenant.as_ref(), voice).await?;
            voice.conclude(&listed)
        }
        Rings::Rotate {
            ring,
            purpose,
            kms_key,
            ..
        } => {
            let purpose = purpose.map(Into::into);
            let which = rotate::Which::new(ring.as_ref(), purpose);
            let rotated = rotate::rotate(run, which, kms_key.as_ref(), voice).await?;
            voice.conclude(&rotated)
        }
        Rings::Reseal {
            ring,
            version,
            looks,
            ..
        } => {
            let which = ring.as_ref().zip(*version);
            let resealed = reseal::reseal(run, which, looks.pause(), voice).await?;
            voice.conclude(&resealed)
        }
        Rings::Rewrap { from, to, looks } => {
            let rewrapped = rewrap::rewrap(run, from, to, looks.pause(), voice).await?;
            voice.conclude(&rewrapped)
        }
    }
}
