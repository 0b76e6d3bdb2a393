//! The golden file: what was sealed once opens for ever, what was refused once is refused for ever.

use std::sync::atomic::Ordering;

use domain::key_ring::WrappedRingKey;
use domain::seal::{Purpose, Sealed};
use domain::{Clock, IntegrationId, ProviderId};
use serde::Deserialize;
use vault::KeyContext;

use crate::fakes::{KMS_KEY, Place, Vault, does_not_open, tenant};

#[derive(Deserialize)]
struct Vectors {
    rings: Vec<Ring>,
    opens: Vec<Opens>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Ring {
    ring: String,
    version: u32,
    key: String,
}

#[derive(Deserialize)]
struct Opens {
    plaintext: String,
    #[serde(flatten)]
    value: Value,
}

#[derive(Deserialize)]
struct Refused {
    class: Class,
    #[serde(flatten)]
    value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Class {
    Malformed,
    UnknownRing,
    DoesNotOpen,
}

#[derive(Deserialize)]
struct Value {
    name: String,
    tenant: String,
    provider: String,
    integration: String,
    purpose: Purpose,
    record: String,
    revision: u64,
    origin: Option<String>,
    sealed: String,
}

impl Value {
    fn place(&self) -> Place {
        Place {
            tenant: tenant(&self.tenant),
            provider: ProviderId::parse(&self.provider).expect("a provider"),
            integration: IntegrationId::parse(&self.integration).expect("an integration"),
            purpose: self.purpose,
            record: self.record.clone().leak(),
            revision: self.revision,
            origin: self.origin.clone(),
        }
    }

    fn sealed(&self) -> Sealed {
        Sealed::from_bytes(hex::decode(&self.sealed).expect("hex"))
    }
}

impl Ring {
    fn purpose(&self) -> Purpose {
        if self.ring.starts_with("webhook-secrets/") {
            Purpose::WebhookSecrets
        } else {
            Purpose::Credentials
        }
    }

    fn put_in(&self, vault: &Vault) {
        let context = KeyContext {
            purpose: self.purpose(),
            ring: &self.ring,
            version: self.version,
        };
        let key = hex::decode(&self.key).expect("hex");
        let key = key.try_into().expect("32 bytes");
        vault.rows.put(WrappedRingKey {
            ring: self.ring.clone(),
            version: self.version,
            kms_key: KMS_KEY.into(),
            wrapped: vault.service.wrap(context, key),
            seals: true,
            created_at: vault.clock.now(),
        });
    }
}

impl Vectors {
    fn read() -> Self {
        serde_json::from_str(include_str!("../vectors.json")).expect("vectors")
    }

    /// A vault that has every ring of the file.
    fn vault(&self) -> Vault {
        let vault = Vault::new();
        for ring in &self.rings {
            ring.put_in(&vault);
        }
        vault
    }
}

#[tokio::test]
async fn f1_what_was_sealed_once_opens_for_ever() {
    let vectors = Vectors::read();
    let vault = vectors.vault();
    assert!(vectors.opens.len() >= 30);
    for Opens { plaintext, value } in &vectors.opens {
        let opener = vault.another_for(value.purpose);
        let opened = opener.open(&value.place(), &value.sealed()).await;
        let opened = opened.expect(&value.name);
        assert_eq!(&hex::encode(opened), plaintext, "{}", value.name);
    }
}

/// One error for all, but the vault gets only as far as the class of the vector says.
#[tokio::test]
async fn f1_what_was_refused_once_is_refused_for_ever() {
    let vectors = Vectors::read();
    let vault = vectors.vault();
    assert!(vectors.refused.len() >= 200);
    for Refused { class, value } in &vectors.refused {
        let reads = vault.rows.reads.load(Ordering::SeqCst);
        let unwraps = vault.service.unwraps();
        let opener = vault.another_for(value.purpose);
        let opened = opener.open(&value.place(), &value.sealed()).await;
        does_not_open(opened, &value.name);
        let read = vault.rows.reads.load(Ordering::SeqCst) > reads;
        let unwrapped = vault.service.unwraps() > unwraps;
        let as_far_as_its_class = match class {
            Class::Malformed => !read && !unwrapped,
            Class::UnknownRing => !unwrapped,
            Class::DoesNotOpen => read && unwrapped,
        };
        assert!(as_far_as_its_class, "{}: {class:?}", value.name);
    }
}

#[tokio::test]
async fn f2_no_vector_opens_in_the_place_of_another() {
    let vectors = Vectors::read();
    let vault = vectors.vault();
    let openers = [Purpose::Credentials, Purpose::WebhookSecrets]
        .map(|purpose| (purpose, vault.another_for(purpose)));
    for one in &vectors.opens {
        for other in &vectors.opens {
            let (one, other) = (&one.value, &other.value);
            if one.place() == other.place() {
                continue;
            }
            for (_, opener) in openers
                .iter()
                .filter(|(purpose, _)| *purpose == other.purpose)
            {
                let opened = opener.open(&other.place(), &one.sealed()).await;
                let what = format!("{} in the place of {}", one.name, other.name);
                does_not_open(opened, &what);
            }
        }
    }
}
