//! What the vault attests, nobody else can, and it holds for its tenant and matter alone.

use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::fakes::{KMS_KEY, OTHER_KMS_KEY, Place, Vault};

async fn said(vault: &Vault, place: &Place, matter: &str, text: &str) -> Option<String> {
    let opener = vault.opener();
    let said = opener.attested(&place.tenant, matter, text).await;
    said.expect("the keys are there")
}

#[tokio::test]
async fn f4_a_statement_holds_for_its_tenant_and_matter_alone() {
    let vault = Vault::with(crate::fakes::unvouched(), 4);
    let (place, other) = (Place::of("t_one"), Place::of("t_two"));
    let attest = vault.sealer.attest(&place.tenant, "version", "7");
    let text = attest.await.expect("attested");
    let another = vault.another();
    assert_eq!(
        said(&another, &place, "version", &text).await.as_deref(),
        Some("7")
    );
    assert_eq!(said(&another, &other, "version", &text).await, None);
    assert_eq!(said(&another, &place, "list", &text).await, None);
}

#[tokio::test]
async fn f4_no_bit_of_it_can_be_changed_and_no_ring_chosen() {
    let vault = Vault::new();
    let place = Place::of("t_one");
    let attest = vault.sealer.attest(&place.tenant, "version", "7");
    let text = attest.await.expect("attested");
    for position in 0..text.len() {
        for letter in ["A", "z", "0", "-", "=", "é"] {
            let mut changed = text.clone();
            if !text.is_char_boundary(position) || &text[position..=position] == letter {
                continue;
            }
            changed.replace_range(position..=position, letter);
            let holds = said(&vault, &place, "version", &changed).await;
            assert!(holds.is_none(), "{position} {letter}");
        }
        assert_eq!(
            said(&vault, &place, "version", &text[..position]).await,
            None
        );
    }
    let keeper = vault.keeper();
    let given = keeper.give_own_ring(&place.tenant, OTHER_KMS_KEY).await;
    let ring = given.expect("given").ring;
    let reads = vault.rows.reads.load(Ordering::SeqCst);
    let forged = forged_under(&ring);
    assert_eq!(said(&vault, &place, "version", &forged).await, None);
    assert_eq!(
        vault.rows.reads.load(Ordering::SeqCst),
        reads,
        "its ring was not even looked for"
    );
}

/// A text that names a ring of somebody's choice.
fn forged_under(ring: &str) -> String {
    let length = u8::try_from(ring.len()).expect("short");
    let bytes = [&[length], ring.as_bytes(), &[0, 0, 0, 1], &[0; 16], b"7"].concat();
    URL_SAFE_NO_PAD.encode(bytes)
}

#[tokio::test]
async fn f4_a_statement_outlives_rotation_and_a_ring_of_ones_own() {
    let vault = Vault::new();
    let place = Place::of("t_one");
    let keeper = vault.keeper();
    let given = keeper.give_own_ring(&place.tenant, OTHER_KMS_KEY).await;
    given.expect("given");
    let attest = vault.sealer.attest(&place.tenant, "version", "7");
    let text = attest.await.expect("attested");
    keeper
        .rotate("credentials/shared-0", Some(KMS_KEY))
        .await
        .expect("rotated");
    keeper.return_to_shared(&place.tenant).await.expect("moved");
    vault.service.disable(OTHER_KMS_KEY);
    let another = vault.another();
    assert_eq!(
        said(&another, &place, "version", &text).await.as_deref(),
        Some("7")
    );
}

#[tokio::test]
async fn e4_fingerprints_tell_values_apart_and_stay() {
    let vault = Vault::with(crate::fakes::unvouched(), 2);
    let (one, two) = (Place::of("t_one"), Place::of("t_two"));
    let print = async |vault: &Vault, place: &Place, field: &str, value: &str| {
        let made = vault.sealer.fingerprint(&place.tenant, field, value).await;
        made.expect("made")
    };
    let token = print(&vault, &one, "token", "CANARY").await;
    assert_eq!(token.len(), 13);
    assert_ne!(token, print(&vault, &one, "token", "CANARY2").await);
    assert_ne!(token, print(&vault, &one, "secret", "CANARY").await);
    assert_ne!(token, print(&vault, &two, "token", "CANARY").await);
    for row in vault.rows.all() {
        vault
            .keeper()
            .rotate(&row.ring, None)
            .await
            .expect("rotated");
    }
    assert_eq!(
        token,
        print(&vault.another(), &one, "token", "CANARY").await
    );
}
