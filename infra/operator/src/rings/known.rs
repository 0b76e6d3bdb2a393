//! Which rings there are.

use std::collections::BTreeSet;

use domain::key_ring::{KeyRingUpkeep, OwnRing, RowName, WrappedRingKey};
use domain::seal::Purpose;

use crate::Context;
use crate::failure::Failure;
use crate::names::{PURPOSES, purpose_of};

/// A ring with all its versions, lowest first; there is at least one.
pub(crate) struct Ring {
    pub(crate) name: String,
    pub(crate) purpose: Purpose,
    pub(crate) versions: Vec<WrappedRingKey>,
}

impl Ring {
    /// The ring of that name, if there is one.
    pub(crate) async fn find(context: &Context, name: &str) -> Result<Option<Self>, Failure> {
        let versions = context.rows.list_versions(name).await?;
        let purpose = purpose_of(name).filter(|_| !versions.is_empty());
        Ok(purpose.map(|purpose| Self {
            name: name.to_owned(),
            purpose,
            versions,
        }))
    }

    /// All rings: those that tenants share, and those that are found under the stack's KMS keys, under these, and
    /// under any that a ring found so is under.
    pub(crate) async fn find_all(
        context: &Context,
        kms_keys: impl IntoIterator<Item = String>,
        named: impl IntoIterator<Item = String>,
    ) -> Result<Vec<Self>, Failure> {
        let mut names: BTreeSet<String> = context.shared_rings().chain(named).collect();
        let own = PURPOSES.map(|purpose| context.config.kms_key(purpose).to_owned());
        let mut keys: BTreeSet<String> = kms_keys.into_iter().chain(own).collect();
        let mut looked_at: BTreeSet<String> = BTreeSet::new();
        let mut rings: Vec<Self> = Vec::new();
        while !names.is_empty() || !keys.is_empty() {
            while let Some(key) = keys.pop_first() {
                names.extend(under(context, &key).await?);
                looked_at.insert(key);
            }
            while let Some(name) = names.pop_first() {
                if rings.iter().any(|ring| ring.name == name) {
                    continue;
                }
                let Some(ring) = Self::find(context, &name).await? else {
                    continue;
                };
                let found = ring.versions.iter().map(|row| row.kms_key.clone());
                keys.extend(found.filter(|key| !looked_at.contains(key)));
                rings.push(ring);
            }
        }
        rings.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(rings)
    }

    /// The version that seals: the newest, unless the ring is one of a tenant that is back under a shared one.
    pub(crate) fn sealing(&self) -> Option<&WrappedRingKey> {
        let newest = self.versions.last()?;
        (newest.seals || OwnRing::parse(&self.name).is_none()).then_some(newest)
    }

    /// The versions that only open.
    pub(crate) fn old(&self) -> impl Iterator<Item = RowName> {
        let sealing = self.sealing().map(|row| row.version);
        self.versions
            .iter()
            .filter(move |row| Some(row.version) != sealing)
            .map(|row| RowName {
                ring: row.ring.clone(),
                version: row.version,
            })
    }
}

/// The names of rings that have a version under that KMS key.
async fn under(context: &Context, kms_key: &str) -> Result<BTreeSet<String>, Failure> {
    let mut names = BTreeSet::new();
    let mut after = None;
    loop {
        let page = context.rows.list_under(kms_key, after.as_ref()).await?;
        names.extend(page.rows.into_iter().map(|row| row.ring));
        after = page.next;
        if after.is_none() {
            return Ok(names);
        }
    }
}
