//! A sealed value opens in its own place and nowhere else.

use domain::ProviderId;
use domain::seal::{Purpose, Sealed};
use proptest::prelude::*;
use vault::context::canonical;

use crate::fakes::{Place, Vault, does_not_open, integration, tenant};

fn all_places() -> Vec<Place> {
    let mut places = Vec::new();
    for name in ["t_one", "t_two", "t_on"] {
        for number in 1..=3 {
            for record in ["integration", "webhook-route"] {
                for revision in 1..=3 {
                    for origin in [None, Some("https://crm.example:443".to_owned())] {
                        places.push(Place {
                            tenant: tenant(name),
                            integration: integration(number),
                            record,
                            revision,
                            origin,
                            ..Place::of("t_one")
                        });
                    }
                }
            }
        }
    }
    places
}

#[tokio::test]
async fn of_all_places_only_its_own_opens_a_value() {
    let vault = Vault::new();
    let places = all_places();
    assert_eq!(places.len(), 108);
    let mut sealed = Vec::new();
    for place in &places {
        sealed.push(vault.seal(place, format!("{place:?}").as_bytes()).await);
    }
    for (value, own) in sealed.iter().zip(&places) {
        for place in &places {
            let opened = vault.open(place, value).await;
            if place == own {
                assert_eq!(
                    opened.expect("its own place"),
                    format!("{place:?}").as_bytes()
                );
            } else {
                does_not_open(opened, &format!("{own:?} in {place:?}"));
            }
        }
    }
}

#[tokio::test]
async fn each_part_of_a_place_counts() {
    let vault = Vault::new();
    let own = Place {
        origin: Some("https://crm.example:443".into()),
        ..Place::of("t_one")
    };
    let sealed = vault.seal(&own, b"value").await;
    let others = [
        Place {
            tenant: tenant("t_one_"),
            ..own.clone()
        },
        Place {
            provider: ProviderId::parse("whatsapp_").expect("a provider"),
            ..own.clone()
        },
        Place {
            integration: integration(2),
            ..own.clone()
        },
        Place {
            purpose: Purpose::WebhookSecrets,
            ..own.clone()
        },
        Place {
            record: "integratio",
            ..own.clone()
        },
        Place {
            revision: 0,
            ..own.clone()
        },
        Place {
            revision: 2,
            ..own.clone()
        },
        Place {
            revision: 1 << 32 | 1,
            ..own.clone()
        },
        Place {
            origin: None,
            ..own.clone()
        },
        Place {
            origin: Some(String::new()),
            ..own.clone()
        },
        Place {
            origin: Some("http://crm.example:443".into()),
            ..own.clone()
        },
        Place {
            origin: Some("https://crm.example:444".into()),
            ..own.clone()
        },
    ];
    for other in others {
        does_not_open(vault.open(&other, &sealed).await, &format!("{other:?}"));
    }
    assert_eq!(
        vault.open(&own, &sealed).await.expect("its own place"),
        b"value"
    );
}

#[tokio::test]
async fn purposes_are_worlds_apart() {
    let vault = Vault::new();
    let webhooks = vault.another_for(Purpose::WebhookSecrets);
    let credential = Place::of("t_one");
    let secret = Place {
        purpose: Purpose::WebhookSecrets,
        ..credential.clone()
    };
    let one = vault.seal(&credential, b"credential").await;
    let two = webhooks.seal(&secret, b"secret").await;
    assert_eq!(vault.rows.all().len(), 2);
    for place in [&credential, &secret] {
        does_not_open(
            vault.open(place, &two).await,
            "a webhook secret among credentials",
        );
        does_not_open(
            webhooks.open(place, &one).await,
            "a credential among webhook secrets",
        );
    }
    does_not_open(vault.open(&secret, &one).await, "the other purpose's place");
    does_not_open(
        vault.sealer.seal(&secret.context(), b"x").await,
        "sealing for the other purpose",
    );
    does_not_open(
        webhooks.sealer.seal(&credential.context(), b"x").await,
        "sealing for the other purpose",
    );
    assert_eq!(
        vault.open(&credential, &one).await.expect("its own"),
        b"credential"
    );
    assert_eq!(
        webhooks.open(&secret, &two).await.expect("its own"),
        b"secret"
    );
}

#[tokio::test]
async fn no_two_seals_are_alike() {
    let vault = Vault::new();
    let place = Place::of("t_one");
    let mut seen = std::collections::HashSet::new();
    for _ in 0..1_000 {
        let sealed = vault.seal(&place, b"").await;
        assert!(seen.insert(sealed.as_bytes().to_vec()));
    }
}

fn places() -> impl Strategy<Value = Place> {
    let names = ("[a-zA-Z0-9_.:-]{1,64}", "[a-z0-9_]{1,32}", any::<u8>());
    let purpose = prop_oneof![Just(Purpose::Credentials), Just(Purpose::WebhookSecrets)];
    let record = prop::sample::select(vec!["integration", "webhook-route", "i", ""]);
    let origin = prop::option::of("[ -~]{0,40}");
    (names, purpose, record, any::<u64>(), origin).prop_map(
        |((name, provider, number), purpose, record, revision, origin)| Place {
            tenant: tenant(&name),
            provider: ProviderId::parse(&provider).expect("a provider"),
            integration: integration(number),
            purpose,
            record,
            revision,
            origin,
        },
    )
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_sealed_opens_again(
        place in places(),
        plaintext in prop::collection::vec(any::<u8>(), 0..4096),
    ) {
        block_on(async {
            let vault = Vault::new().another_for(place.purpose);
            let sealed = vault.seal(&place, &plaintext).await;
            // From the bytes alone, in another process.
            let sealed = Sealed::from_bytes(sealed.as_bytes().to_vec());
            let opened = vault.another_for(place.purpose).open(&place, &sealed).await;
            assert_eq!(opened.expect("its own place"), plaintext);
        });
    }

    #[test]
    fn two_places_never_have_one_form(one in places(), other in places()) {
        let same = canonical(&one.context()) == canonical(&other.context());
        prop_assert_eq!(same, one == other);
    }

    #[test]
    fn arbitrary_bytes_never_open(bytes in prop::collection::vec(any::<u8>(), 0..400), framed in any::<bool>()) {
        block_on(async {
            let vault = Vault::new();
            let place = Place::of("t_one");
            let mut own = vault.seal(&place, b"").await.as_bytes().to_vec();
            let bytes = if framed {
                own.truncate(29);
                own.extend(bytes);
                own
            } else {
                bytes
            };
            does_not_open(vault.open(&place, &Sealed::from_bytes(bytes)).await, "made-up bytes");
        });
    }
}
