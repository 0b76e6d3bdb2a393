//! What an operator does with rings, one thing at a time; [`crate::traffic`] does it while others work.

use std::sync::atomic::Ordering;

use domain::key_ring::{KeyRingUpkeep, KeyRings, OwnRing};
use domain::seal::Purpose;
use vault::{KeeperError, RingKeeper};

use crate::fakes::{KMS_KEY, OTHER_KMS_KEY, Place, Trouble, Vault, tenant};
use crate::rings::ring_of;

const SHARED: &str = "credentials/shared-0";

/// A vault in which `t_one` has sealed something under the shared ring.
async fn setup() -> (Vault, RingKeeper, Place) {
    let vault = Vault::new();
    let place = Place::of("t_one");
    vault.seal(&place, b"value").await;
    let keeper = vault.keeper();
    (vault, keeper, place)
}

fn own() -> OwnRing {
    OwnRing::of(Purpose::Credentials, &tenant("t_one"))
}

#[tokio::test]
async fn giving_a_ring_twice_gives_it_once() {
    let (vault, keeper, place) = setup().await;
    let one = keeper
        .give_own_ring(&place.tenant, KMS_KEY)
        .await
        .expect("given");
    let two = keeper
        .give_own_ring(&place.tenant, KMS_KEY)
        .await
        .expect("given");
    assert_eq!((one.ring.as_str(), one.version), (own().as_str(), 1));
    assert_eq!(one, two);
    assert_eq!(vault.rows.versions(own().as_str()), [1]);
}

#[tokio::test]
async fn a_ring_is_switched_on_again_and_another_kms_key_makes_a_version() {
    let (vault, keeper, place) = setup().await;
    let tenant = &place.tenant;
    keeper.give_own_ring(tenant, KMS_KEY).await.expect("given");
    keeper.return_to_shared(tenant).await.expect("returned");
    keeper
        .return_to_shared(tenant)
        .await
        .expect("there already");
    let again = keeper.give_own_ring(tenant, KMS_KEY).await.expect("given");
    assert_eq!((again.version, again.seals), (1, true));
    assert_eq!(
        ring_of(&vault.seal(&place, b"x").await),
        (own().to_string(), 1)
    );

    for off in [false, true] {
        if off {
            keeper.return_to_shared(tenant).await.expect("returned");
        }
        let key = if off { KMS_KEY } else { OTHER_KMS_KEY };
        let newer = keeper.give_own_ring(tenant, key).await.expect("given");
        assert_eq!(newer.kms_key, key);
        assert_eq!(
            ring_of(&vault.seal(&place, b"x").await),
            (own().to_string(), newer.version)
        );
    }
    assert_eq!(vault.rows.versions(own().as_str()), [1, 2, 3]);
}

#[tokio::test]
async fn a_tenant_without_a_ring_of_its_own_is_in_the_shared_one() {
    let (vault, keeper, place) = setup().await;
    keeper
        .return_to_shared(&place.tenant)
        .await
        .expect("nothing to do");
    assert_eq!(vault.rows.all().len(), 1);
}

#[tokio::test]
async fn two_who_give_a_ring_at_once_give_one() {
    let (vault, keeper, place) = setup().await;
    let (one, two) = tokio::join!(
        keeper.give_own_ring(&place.tenant, KMS_KEY),
        keeper.give_own_ring(&place.tenant, KMS_KEY)
    );
    assert_eq!(one.expect("given"), two.expect("given"));
    assert_eq!(vault.rows.versions(own().as_str()), [1]);
}

#[tokio::test]
async fn f6_rotation_adds_a_version_under_the_same_or_another_kms_key() {
    let (vault, keeper, place) = setup().await;
    let two = keeper.rotate(SHARED, None).await.expect("rotated");
    assert_eq!((two.version, two.kms_key.as_str()), (2, KMS_KEY));
    let three = keeper
        .rotate(SHARED, Some(OTHER_KMS_KEY))
        .await
        .expect("rotated");
    assert_eq!((three.version, three.kms_key.as_str()), (3, OTHER_KMS_KEY));
    assert_eq!(ring_of(&vault.seal(&place, b"x").await), (SHARED.into(), 3));
    assert!(matches!(
        keeper.rotate("credentials/shared-9", None).await,
        Err(KeeperError::NoSuchRing(_))
    ));
    for ring in [
        "webhook-secrets/shared-0",
        "credentials",
        "credentialsX/shared-0",
    ] {
        let refused = keeper.rotate(ring, None).await;
        assert!(
            matches!(refused, Err(KeeperError::OtherPurpose(_))),
            "{ring}"
        );
    }
}

#[tokio::test]
async fn f6_rotating_a_ring_that_does_not_seal_leaves_its_tenant_where_it_is() {
    let (vault, keeper, place) = setup().await;
    keeper
        .give_own_ring(&place.tenant, KMS_KEY)
        .await
        .expect("given");
    keeper
        .return_to_shared(&place.tenant)
        .await
        .expect("returned");
    let row = keeper.rotate(own().as_str(), None).await.expect("rotated");
    assert_eq!((row.version, row.seals), (2, false));
    assert_eq!(ring_of(&vault.seal(&place, b"x").await), (SHARED.into(), 1));
}

/// However the steps of the two fall between each other, the tenant ends in its shared ring.
#[tokio::test]
async fn f6_a_return_during_a_rotation_holds() {
    for steps in 0..12 {
        let (vault, keeper, place) = setup().await;
        keeper
            .give_own_ring(&place.tenant, KMS_KEY)
            .await
            .expect("given");
        let (ring, later) = (own(), async {
            for _ in 0..steps {
                tokio::task::yield_now().await;
            }
            keeper.return_to_shared(&place.tenant).await
        });
        let (rotated, returned) = tokio::join!(keeper.rotate(ring.as_str(), None), later);
        rotated.expect("rotated");
        returned.expect("returned");
        let sealed = vault.seal(&place, b"x").await;
        assert_eq!(ring_of(&sealed), (SHARED.into(), 1), "{steps} steps later");
    }
}

/// Of several rotators at once: how many were told that they rotated, how many that they came too late, and the versions
/// that there are now.
async fn rotate_at_once(vault: &Vault, rotators: usize) -> (usize, usize, Vec<u32>) {
    let keepers: Vec<_> = (0..rotators).map(|_| vault.keeper()).collect();
    let rotations = keepers.iter().map(|keeper| keeper.rotate(SHARED, None));
    let told = futures_util::future::join_all(rotations).await;
    let won = told.iter().filter(|told| told.is_ok()).count();
    let overtaken = |told: &&Result<_, _>| matches!(told, Err(KeeperError::Overtaken(_)));
    let lost = told.iter().filter(overtaken).count();
    (won, lost, vault.rows.versions(SHARED))
}

#[tokio::test]
async fn f6_of_several_rotators_at_once_one_wins_and_the_others_are_told() {
    let (vault, ..) = setup().await;
    assert_eq!(rotate_at_once(&vault, 2).await, (1, 1, vec![1, 2]));
    assert_eq!(rotate_at_once(&vault, 20).await, (1, 19, vec![1, 2, 3]));
}

#[tokio::test]
async fn f6_control_writes_without_condition_make_two_winners() {
    let (vault, ..) = setup().await;
    vault.rows.writes_blindly.store(true, Ordering::SeqCst);
    assert_eq!(rotate_at_once(&vault, 2).await, (2, 0, vec![1, 2]));
}

#[tokio::test]
async fn f6_a_rewrapped_row_opens_under_the_new_kms_key_alone() {
    let (vault, keeper, place) = setup().await;
    let sealed = vault.seal(&place, b"value").await;
    let row = vault.rows.all().remove(0);
    assert!(keeper.rewrap(&row, OTHER_KMS_KEY).await.expect("rewrapped"));
    let now = vault.rows.all().remove(0);
    assert_eq!(now.kms_key, OTHER_KMS_KEY);
    assert_eq!(
        (now.version, now.seals, now.created_at),
        (1, true, row.created_at)
    );
    vault.service.disable(KMS_KEY);
    let opened = vault.another().open(&place, &sealed).await;
    assert_eq!(opened.expect("opens"), b"value");
    // Once more, by one who knows the row as it is and by one who knows it as it was.
    for row in [&now, &row] {
        assert!(
            !keeper
                .rewrap(row, OTHER_KMS_KEY)
                .await
                .expect("nothing to do")
        );
    }
    assert_eq!(vault.rows.all(), [now]);
}

#[tokio::test]
async fn f6_a_row_that_is_gone_is_not_brought_back_by_rewrapping() {
    let (vault, keeper, place) = setup().await;
    let row = keeper
        .give_own_ring(&place.tenant, KMS_KEY)
        .await
        .expect("given");
    assert_eq!(vault.rows.destroy(&own()).await.expect("destroyed"), 1);
    assert!(
        !keeper
            .rewrap(&row, OTHER_KMS_KEY)
            .await
            .expect("nothing to do")
    );
    assert_eq!(vault.rows.versions(own().as_str()), [0; 0]);
}

#[tokio::test]
async fn f6_two_who_rewrap_under_two_kms_keys_do_not_mix_them_up() {
    let (vault, keeper, place) = setup().await;
    let sealed = vault.seal(&place, b"value").await;
    let row = vault.rows.all().remove(0);
    let (one, two) = tokio::join!(
        keeper.rewrap(&row, OTHER_KMS_KEY),
        keeper.rewrap(&row, "arn:kms:third")
    );
    assert!(one.expect("the first"));
    assert!(matches!(two, Err(KeeperError::Overtaken(_))));
    assert_eq!(vault.rows.all()[0].kms_key, OTHER_KMS_KEY);
    assert!(vault.another().open(&place, &sealed).await.is_ok());
}

#[tokio::test]
async fn f6_control_rewrapping_without_condition_loses_the_key() {
    let (vault, keeper, _) = setup().await;
    let row = vault.rows.all().remove(0);
    vault.rows.writes_blindly.store(true, Ordering::SeqCst);
    let (one, two) = tokio::join!(
        keeper.rewrap(&row, OTHER_KMS_KEY),
        keeper.rewrap(&row, "arn:kms:third")
    );
    assert!(one.expect("wrote") && two.expect("wrote over it"));
}

#[tokio::test]
async fn f6_a_rewrap_that_was_killed_is_repeated() {
    let (vault, keeper, place) = setup().await;
    let sealed = vault.seal(&place, b"value").await;
    let row = vault.rows.all().remove(0);
    {
        let mut rewrap = Box::pin(keeper.rewrap(&row, OTHER_KMS_KEY));
        let waker = futures_util::task::noop_waker();
        let mut turn = std::task::Context::from_waker(&waker);
        while vault.service.rewrapped.load(Ordering::SeqCst) == 0 {
            assert!(rewrap.as_mut().poll(&mut turn).is_pending());
        }
        // KMS has answered, the row is not written: this is where it dies.
    }
    assert_eq!(vault.rows.all()[0], row);
    assert!(keeper.rewrap(&row, OTHER_KMS_KEY).await.expect("repeated"));
    vault.service.disable(KMS_KEY);
    let opened = vault.another().open(&place, &sealed).await;
    assert_eq!(opened.expect("opens"), b"value");
}

#[tokio::test]
async fn f6_a_write_whose_answer_was_lost_is_repeated_without_harm() {
    let (vault, keeper, place) = setup().await;
    let row = vault.rows.all().remove(0);
    let lose = |yes| vault.rows.loses_answers.store(yes, Ordering::SeqCst);
    lose(true);
    let lost = keeper.rewrap(&row, OTHER_KMS_KEY).await;
    assert!(matches!(lost, Err(KeeperError::Unavailable(_))));
    let lost = keeper.give_own_ring(&place.tenant, KMS_KEY).await;
    assert!(matches!(lost, Err(KeeperError::Unavailable(_))));
    lose(false);
    assert!(
        !keeper
            .rewrap(&row, OTHER_KMS_KEY)
            .await
            .expect("done already")
    );
    let given = keeper
        .give_own_ring(&place.tenant, KMS_KEY)
        .await
        .expect("given");
    assert_eq!(given.version, 1);
}

#[tokio::test]
async fn trouble_leaves_rings_as_they_are_and_says_what_to_do() {
    let (vault, keeper, place) = setup().await;
    let before = vault.rows.all();
    for trouble in [
        Trouble::Throttled,
        Trouble::AccessDenied,
        Trouble::InvalidCiphertext,
    ] {
        vault.service.fail(trouble);
        let told = [
            keeper.give_own_ring(&place.tenant, KMS_KEY).await.err(),
            keeper.rotate(SHARED, None).await.err(),
            keeper.rewrap(&before[0], OTHER_KMS_KEY).await.err(),
        ];
        for error in told {
            let text = error.expect("not done").to_string();
            assert!(
                text.contains("repeat this") || text.contains("restore it"),
                "{text}"
            );
        }
        assert_eq!(vault.rows.all(), before);
    }
}

#[tokio::test]
async fn f6_all_rows_under_a_kms_key_are_found_page_by_page() {
    let (vault, keeper, _) = setup().await;
    for _ in 0..6 {
        keeper.rotate(SHARED, None).await.expect("rotated");
    }
    let mut next = None;
    let mut rewrapped = 0;
    loop {
        let page = vault
            .rows
            .list_under(KMS_KEY, next.as_ref())
            .await
            .expect("a page");
        for name in page.rows {
            let row = vault
                .rows
                .find(&name.ring, name.version)
                .await
                .expect("read");
            let row = row.expect("a row");
            rewrapped += usize::from(keeper.rewrap(&row, OTHER_KMS_KEY).await.expect("rewrapped"));
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(rewrapped, 7);
    assert!(
        vault
            .rows
            .all()
            .iter()
            .all(|row| row.kms_key == OTHER_KMS_KEY)
    );
}
