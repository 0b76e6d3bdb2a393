//! The golden file: what was sealed once opens for ever, what was refused once is refused for ever.

use domain::key_ring::WrappedRingKey;
use domain::seal::{Purpose, Sealed};
use domain::{Clock, IntegrationId, ProviderId};
use serde::Deserialize;
use vault::KeyContext;

use crate::fakes::{KMS_KEY, Place, Vault, does_not_open, tenant};

#[derive(Deserialize)]
struct Vectors {
    opens: Vec<Opens>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Opens {
    name: String,
    ring_key: String,
    ring: String,
    ring_version: u32,
    tenant: String,
    provider: String,
    integration: String,
    purpose: Purpose,
    record: String,
    revision: u64,
    origin: Option<String>,
    plaintext: String,
    sealed: String,
}

#[derive(Deserialize)]
struct Refused {
    name: String,
    sealed: String,
}

impl Opens {
    fn place(&self) -> Place {
        Place {
            tenant: tenant(&self.tenant),
            provider: ProviderId::parse(&self.provider).expect("a provider"),
            integration: IntegrationId::parse(&self.integration).expect("an integration"),
            purpose: self.purpose,
            record: if self.record == "integration" {
                "integration"
            } else {
                "webhook-route"
            },
            revision: self.revision,
            origin: self.origin.clone(),
        }
    }

    /// A vault that has this vector's ring.
    fn vault(&self) -> Vault {
        let vault = Vault::new().another_for(self.purpose);
        let context = KeyContext {
            purpose: self.purpose,
            ring: &self.ring,
            version: self.ring_version,
        };
        let key = hex::decode(&self.ring_key)
            .expect("hex")
            .try_into()
            .expect("32 bytes");
        vault.rows.put(WrappedRingKey {
            ring: self.ring.clone(),
            version: self.ring_version,
            kms_key: KMS_KEY.into(),
            wrapped: vault.service.wrap(context, key),
            created_at: vault.clock.now(),
        });
        vault
    }
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../vectors.json")).expect("vectors")
}

fn sealed(hexadecimal: &str) -> Sealed {
    Sealed::from_bytes(hex::decode(hexadecimal).expect("hex"))
}

#[tokio::test]
async fn what_was_sealed_once_opens_for_ever() {
    let vectors = vectors();
    assert!(vectors.opens.len() >= 6);
    for vector in &vectors.opens {
        let opened = vector
            .vault()
            .open(&vector.place(), &sealed(&vector.sealed))
            .await;
        assert_eq!(
            hex::encode(opened.expect(&vector.name)),
            vector.plaintext,
            "{}",
            vector.name
        );
    }
}

#[tokio::test]
async fn what_was_refused_once_is_refused_for_ever() {
    let vectors = vectors();
    let first = &vectors.opens[0];
    let (vault, place) = (first.vault(), first.place());
    assert!(vectors.refused.len() >= 20);
    for vector in &vectors.refused {
        does_not_open(
            vault.open(&place, &sealed(&vector.sealed)).await,
            &vector.name,
        );
    }
}

#[tokio::test]
async fn no_vector_opens_in_the_place_of_another() {
    let all = vectors().opens;
    for one in &all {
        for other in &all {
            if one.place() != other.place() {
                let opened = one.vault().open(&other.place(), &sealed(&one.sealed)).await;
                does_not_open(
                    opened,
                    &format!("{} in the place of {}", one.name, other.name),
                );
            }
        }
    }
}
