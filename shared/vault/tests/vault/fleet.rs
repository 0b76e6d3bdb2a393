//! Many processes that send messages for many tenants, and how often they ask the key service.

use std::time::Duration;

use domain::seal::Sealed;
use futures_util::future::join_all;
use vault::{CacheLimits, OpenError};

use crate::fakes::{Dice, KMS_KEY, Place, Vault};

/// Which rings tenants are in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rings {
    Shared(u32),
    Own,
}

pub(crate) struct Fleet {
    pub(crate) containers: Vec<Vault>,
    pub(crate) values: Vec<(Place, Sealed)>,
    vault: Vault,
}

impl Fleet {
    /// Containers that have just been started, and a sealed credential for each tenant.
    pub(crate) async fn new(
        containers: usize,
        tenants: usize,
        rings: Rings,
        limits: CacheLimits,
    ) -> Self {
        let shared = match rings {
            Rings::Shared(count) => count,
            Rings::Own => 1,
        };
        let vault = Vault::with(limits, shared);
        let mut values = Vec::new();
        for number in 0..tenants {
            let place = Place::of(&format!("t_{number}"));
            if rings == Rings::Own {
                let given = vault.keeper().give_own_ring(&place.tenant, KMS_KEY).await;
                given.expect("given");
            }
            let sealed = vault.seal(&place, b"credential").await;
            values.push((place, sealed));
        }
        Self {
            containers: (0..containers).map(|_| vault.another()).collect(),
            values,
            vault,
        }
    }

    /// The key service, the table and the clock that all share.
    pub(crate) fn world(&self) -> &Vault {
        &self.vault
    }

    pub(crate) fn wait(&self, time: Duration) {
        self.vault.clock.advance(time);
    }

    /// Calls to unwrap a key so far.
    pub(crate) fn calls(&self) -> usize {
        self.vault.service.unwraps()
    }

    pub(crate) async fn open(&self, container: usize, tenant: usize) -> Result<(), OpenError> {
        let (place, sealed) = &self.values[tenant];
        self.containers[container]
            .open(place, sealed)
            .await
            .map(drop)
    }

    /// A batch of ten messages in one container, each for some tenant; all must open.
    pub(crate) async fn dispatch(&self, container: usize, dice: &mut Dice) {
        let tenants: Vec<usize> = (0..10).map(|_| dice.below(self.values.len())).collect();
        let batch = tenants
            .into_iter()
            .map(|tenant| self.open(container, tenant));
        for opened in join_all(batch).await {
            opened.expect("opens");
        }
    }
}
