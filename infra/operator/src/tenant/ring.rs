//! Moves a tenant between a ring of its own and those that tenants share.

use std::time::Duration;

use domain::TenantId;
use domain::key_ring::{KeyRingUpkeep, KeyRings, OwnRing, RowName, WrappedRingKey};
use domain::seal::Purpose;
use serde::Serialize;

use crate::Context;
use crate::emptying::{Emptied, Emptying};
use crate::failure::Failure;
use crate::kms_keys;
use crate::names::{KmsKey, PURPOSES};
use crate::run::{Deed, Run};
use crate::voice::{Outcome, Voice};

/// Where a tenant's records are now.
#[derive(Debug, Serialize)]
pub(super) struct Moved {
    tenant: TenantId,
    seals: Vec<Sealing>,
    #[serde(flatten)]
    emptied: Emptied,
}

/// What seals for a tenant, per purpose.
#[derive(Debug, Serialize)]
struct Sealing {
    ring: String,
    version: u32,
    kms_key: String,
}

/// Gives the tenant rings of its own, under these KMS keys or the stack's, in the order of the purposes.
pub(super) async fn give_own(
    run: &Run<'_>,
    tenant: &TenantId,
    kms_keys: [Option<&KmsKey>; 2],
    pause: Duration,
    voice: &mut Voice<'_>,
) -> Result<Moved, Failure> {
    let context = run.context;
    check_present(context, tenant).await?;
    let wanted = [0, 1].map(|place| {
        let purpose: Purpose = PURPOSES[place];
        let key = kms_keys[place].map_or(context.config.kms_key(purpose), |key| &key.0);
        (purpose, key)
    });
    if wanted[0].1 == wanted[1].1 {
        return Err(Failure::Refused(
            "Credentials and webhook secrets need a KMS key each: the public ingress may use that of webhook secrets. \
             Nothing was changed."
                .into(),
        ));
    }
    for (purpose, key) in wanted {
        let ring = OwnRing::of(purpose, tenant);
        kms_keys::check_separate(context, purpose, key).await?;
        kms_keys::check_usable(context, purpose, (ring.as_str(), key)).await?;
    }
    let deed = Deed {
        chain: tenant,
        action: "tenant.own_ring",
        subject: Some(format!("{}, {}", wanted[0].1, wanted[1].1)),
    };
    run.recorded(deed, async {
        for (purpose, key) in wanted {
            let row = context.keeper(purpose).give_own_ring(tenant, key).await?;
            voice.tell(format_args!(
                "{} version {} seals for {tenant}",
                row.ring, row.version
            ));
        }
        gather(run, tenant, pause, voice).await
    })
    .await
}

/// Lets the tenant share rings with others again.
pub(super) async fn return_to_shared(
    run: &Run<'_>,
    tenant: &TenantId,
    pause: Duration,
    voice: &mut Voice<'_>,
) -> Result<Moved, Failure> {
    check_present(run.context, tenant).await?;
    let deed = Deed {
        chain: tenant,
        action: "tenant.shared_ring",
        subject: None,
    };
    run.recorded(deed, async {
        for purpose in PURPOSES {
            run.context.keeper(purpose).return_to_shared(tenant).await?;
        }
        voice.tell(format_args!("shared rings seal for {tenant}"));
        gather(run, tenant, pause, voice).await
    })
    .await
}

/// Moves all of a tenant's records under what seals for it now.
async fn gather(
    run: &Run<'_>,
    tenant: &TenantId,
    pause: Duration,
    voice: &mut Voice<'_>,
) -> Result<(Moved, crate::run::Ended), Failure> {
    let context = run.context;
    let mut seals = Vec::new();
    for purpose in PURPOSES {
        seals.extend(sealing(context, purpose, tenant).await?);
    }
    let own = PURPOSES.map(|purpose| OwnRing::of(purpose, tenant).as_str().to_owned());
    let mut versions = Vec::new();
    for ring in context.shared_rings().chain(own) {
        let rows = context.rows.list_versions(&ring).await?;
        versions.extend(rows.into_iter().map(|row| RowName {
            ring: row.ring,
            version: row.version,
        }));
    }
    versions.retain(|row| !seals.iter().any(|seals| seals.is(row)));
    let emptying = Emptying {
        run,
        versions,
        tenant: Some(tenant),
        pause,
    };
    let emptied = emptying.run(voice).await?;
    let ended = emptied.ended();
    let moved = Moved {
        tenant: tenant.clone(),
        seals,
        emptied,
    };
    Ok((moved, ended))
}

/// What seals for a tenant; nothing if its shared ring was never used.
async fn sealing(
    context: &Context,
    purpose: Purpose,
    tenant: &TenantId,
) -> Result<Option<Sealing>, Failure> {
    let own = OwnRing::of(purpose, tenant);
    let own = context.rows.find_newest(own.as_str()).await?;
    let row = match own.filter(|row| row.seals) {
        Some(row) => Some(row),
        None => {
            let shared = context.assignment(purpose).shared_ring(purpose, tenant);
            context.rows.find_newest(&shared).await?
        }
    };
    Ok(row.map(Sealing::from))
}

/// A ring that was destroyed with its tenant must not come back under the same name while processes hold its key.
async fn check_present(context: &Context, tenant: &TenantId) -> Result<(), Failure> {
    let key = (tenant.clone(), None);
    let rosters = context
        .integrations
        .find_rosters(std::slice::from_ref(&key))
        .await?;
    if rosters
        .get(&key)
        .is_some_and(|roster| roster.tenant_removed)
    {
        return Err(Failure::Refused(format!(
            "{tenant} was removed: nothing is sealed for it any more. Nothing was changed."
        )));
    }
    Ok(())
}

impl Sealing {
    fn is(&self, row: &RowName) -> bool {
        self.ring == row.ring && self.version == row.version
    }
}

impl From<WrappedRingKey> for Sealing {
    fn from(row: WrappedRingKey) -> Self {
        Self {
            ring: row.ring,
            version: row.version,
            kms_key: row.kms_key,
        }
    }
}

impl Outcome for Moved {
    fn is_complete(&self) -> bool {
        self.emptied.is_complete()
    }

    fn text(&self) -> String {
        let mut text = format!("{}: {}", self.tenant, self.emptied.text());
        for Sealing {
            ring,
            version,
            kms_key,
        } in &self.seals
        {
            text.push_str(&format!(
                "{ring} version {version} seals, under {kms_key}\n"
            ));
        }
        text
    }
}
