//! A tenant that is removed with its ring: nothing of it opens any more, wherever a copy of it may turn up.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::key_ring::{KeyRingUpkeep, OwnRing};
use domain::seal::{Purpose, Sealed};

use crate::fakes::{OTHER_KMS_KEY, Place, Vault, does_not_open, is_unavailable};
use crate::rings::ring_of;

const SECOND: Duration = Duration::from_secs(1);

/// A process that has opened what a tenant sealed under two versions of its own ring, and a neighbour's value.
struct Setup {
    vault: Vault,
    place: Place,
    values: Vec<Sealed>,
    neighbour: (Place, Sealed),
}

impl Setup {
    async fn new() -> Self {
        let vault = Vault::new();
        let (keeper, place) = (vault.keeper(), Place::of("t_gone"));
        let neighbour = Place::of("t_stays");
        let given = keeper.give_own_ring(&place.tenant, OTHER_KMS_KEY).await;
        let ring = given.expect("given").ring;
        let one = vault.seal(&place, b"value").await;
        keeper.rotate(&ring, None).await.expect("rotated");
        let two = vault.seal(&place, b"value").await;
        let kept = vault.seal(&neighbour, b"value").await;
        let setup = Self {
            vault,
            place,
            values: vec![one, two],
            neighbour: (neighbour, kept),
        };
        for value in &setup.values {
            assert!(setup.vault.open(&setup.place, value).await.is_ok());
        }
        setup
    }

    async fn destroy(&self) {
        let ring = OwnRing::of(Purpose::Credentials, &self.place.tenant);
        let destroyed = self.vault.rows.destroy(&ring).await;
        assert_eq!(destroyed.expect("destroyed"), 2);
    }

    async fn nothing_opens_in(&self, vault: &Vault, what: &str) {
        for value in &self.values {
            does_not_open(vault.open(&self.place, value).await, what);
        }
        let (place, value) = &self.neighbour;
        let opened = vault.open(place, value).await;
        assert_eq!(opened.expect("the neighbour's"), b"value", "{what}");
    }
}

#[tokio::test]
async fn f9_a_destroyed_ring_opens_nothing_any_more() {
    let setup = Setup::new().await;
    // As an old copy of the records has them.
    let copy: Vec<Vec<u8>> = setup.values.iter().map(|v| v.as_bytes().to_vec()).collect();
    setup.destroy().await;
    setup
        .nothing_opens_in(&setup.vault.another(), "destroyed")
        .await;
    // What KMS wrapped is not stored any more, so there is nothing to ask it for.
    let before = setup.vault.service.unwraps();
    let restored = Setup {
        values: copy.into_iter().map(Sealed::from_bytes).collect(),
        ..setup
    };
    let cold = restored.vault.another();
    restored.nothing_opens_in(&cold, "restored").await;
    assert_eq!(
        restored.vault.service.unwraps() - before,
        1,
        "the neighbour's alone"
    );
}

#[tokio::test]
async fn f9_control_a_ring_that_was_not_destroyed_opens_what_is_restored() {
    let setup = Setup::new().await;
    for value in &setup.values {
        assert!(
            setup
                .vault
                .another()
                .open(&setup.place, value)
                .await
                .is_ok()
        );
    }
}

#[tokio::test]
async fn f9_a_process_that_is_at_work_forgets_when_it_looks_at_the_ring_again() {
    let setup = Setup::new().await;
    setup.destroy().await;
    setup.vault.clock.advance(300 * SECOND);
    setup.nothing_opens_in(&setup.vault, "looked again").await;
    setup.nothing_opens_in(&setup.vault, "and again").await;
}

#[tokio::test]
async fn f9_a_process_that_cannot_look_forgets_at_the_hard_limit() {
    let setup = Setup::new().await;
    setup.destroy().await;
    setup.vault.rows.down.store(true, Ordering::SeqCst);
    setup.vault.clock.advance(899 * SECOND);
    for value in &setup.values {
        assert!(setup.vault.open(&setup.place, value).await.is_ok());
    }
    setup.vault.clock.advance(SECOND);
    for value in &setup.values {
        is_unavailable(setup.vault.open(&setup.place, value).await, "forgotten");
    }
    setup.vault.rows.down.store(false, Ordering::SeqCst);
    setup.nothing_opens_in(&setup.vault, "looked again").await;
}

/// Not even a copy of the ring's rows helps, once the tenant's own KMS key is gone.
#[tokio::test]
async fn f9_restored_rows_are_worth_nothing_without_their_kms_key() {
    let setup = Setup::new().await;
    let rows = setup.vault.rows.all();
    setup.destroy().await;
    for row in rows {
        setup.vault.rows.put(row);
    }
    setup.vault.service.disable(OTHER_KMS_KEY);
    for value in &setup.values {
        is_unavailable(
            setup.vault.another().open(&setup.place, value).await,
            "no key",
        );
    }
}

#[tokio::test]
async fn f9_a_tenant_that_comes_back_begins_in_a_shared_ring() {
    let setup = Setup::new().await;
    setup.destroy().await;
    let sealed = setup.vault.seal(&setup.place, b"new").await;
    assert_eq!(ring_of(&sealed), ("credentials/shared-0".into(), 1));
    assert_eq!(
        setup
            .vault
            .open(&setup.place, &sealed)
            .await
            .expect("opens"),
        b"new"
    );
}

/// A table of records as it was an hour ago still opens, for rotating removes no version.
#[tokio::test]
async fn f10_records_of_an_hour_ago_open_although_rings_were_rotated_since() {
    let vault = Vault::new();
    let place = Place::of("t_one");
    let backup = vault.seal(&place, b"an hour ago").await;
    for _ in 0..5 {
        vault
            .keeper()
            .rotate("credentials/shared-0", None)
            .await
            .expect("rotated");
        vault.clock.advance(720 * SECOND);
    }
    let now = vault.seal(&place.at(2), b"now").await;
    for vault in [&vault, &vault.another()] {
        assert_eq!(
            vault.open(&place, &backup).await.expect("opens"),
            b"an hour ago"
        );
        does_not_open(vault.open(&place, &now).await, "written since");
    }
}
