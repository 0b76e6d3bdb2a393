//! Which KMS keys may hold which rings.

use domain::key_ring::KeyRingUpkeep;
use domain::seal::Purpose;
use vault::{KeyContext, KeyService};

use crate::Context;
use crate::failure::Failure;
use crate::names::{PURPOSES, purpose_of};

/// A version that no row has: what is made for it opens nothing.
const NO_VERSION: u32 = 0;

/// Refuses a KMS key that holds, or is meant for, rings of another purpose: whoever opens webhooks at the public door
/// could open credentials.
pub(crate) async fn check_separate(
    context: &Context,
    purpose: Purpose,
    kms_key: &str,
) -> Result<(), Failure> {
    let is_other = |other: &Purpose| *other != purpose;
    let mut taken = PURPOSES
        .into_iter()
        .filter(is_other)
        .any(|other| context.config.kms_key(other) == kms_key);
    let mut after = None;
    while !taken {
        let page = context.rows.list_under(kms_key, after.as_ref()).await?;
        let mut purposes = page.rows.iter().filter_map(|row| purpose_of(&row.ring));
        taken = purposes.any(|found| is_other(&found));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if taken {
        return Err(Failure::Refused(format!(
            "{kms_key} holds rings of another purpose than {}, and functions that may use it there must not use it \
             here: take another KMS key. Nothing was changed.",
            purpose.name()
        )));
    }
    Ok(())
}

/// Makes sure that the operator, at least, may use a KMS key for a ring, before anything depends on it.
pub(crate) async fn check_usable(
    context: &Context,
    purpose: Purpose,
    (ring, kms_key): (&str, &str),
) -> Result<(), Failure> {
    let place = KeyContext {
        purpose,
        ring,
        version: NO_VERSION,
    };
    match context.key_service().generate(kms_key, place).await {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::Refused(format!(
            "{kms_key} cannot be used: {error}. Let the key's policy allow the operator's role \
             kms:GenerateDataKey, kms:Decrypt, kms:ReEncryptFrom and kms:ReEncryptTo, and the functions' roles what \
             they need (`operator tenant own-ring --help` lists it). Nothing was changed."
        ))),
    }
}
