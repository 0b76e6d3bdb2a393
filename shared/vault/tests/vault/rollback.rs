//! An older value in the place of a newer one.

use crate::fakes::{Place, Vault, does_not_open};

#[tokio::test]
async fn f4_an_older_value_does_not_open_in_a_newer_record() {
    let vault = Vault::new();
    let place = Place::of("t_one");
    let mut values = Vec::new();
    for revision in 1..=20 {
        values.push(vault.seal(&place.at(revision), b"token").await);
    }
    for (written, value) in (1..).zip(&values) {
        for now in 1..=20 {
            let opened = vault.open(&place.at(now), value).await;
            if written == now {
                assert_eq!(opened.expect("its own version"), b"token");
            } else {
                does_not_open(
                    opened,
                    &format!("version {written} in a record of version {now}"),
                );
            }
        }
    }
}

/// Cryptography alone cannot see this: who can put back a whole table can put back whatever shows its age.
#[tokio::test]
async fn f4_control_and_limit_a_whole_older_record_opens() {
    let vault = Vault::new();
    let place = Place::of("t_one");
    let older = (place.at(1), vault.seal(&place.at(1), b"old token").await);
    vault.seal(&place.at(2), b"new token").await;
    let opened = vault.open(&older.0, &older.1).await;
    assert_eq!(opened.expect("as it once was"), b"old token");
}
