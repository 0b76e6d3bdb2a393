//! A sealed value opens in its own place and nowhere else.

use std::collections::HashMap;

use domain::ProviderId;
use domain::seal::{Purpose, Sealed};
use proptest::prelude::*;
use vault::CacheLimits;
use vault::context::canonical;

use crate::fakes::{Dice, Place, Vault, does_not_open, integration, tenant};

/// Three tenants, three integrations, three fields, three versions.
fn cells() -> Vec<Place> {
    let fields = [
        (Purpose::Credentials, "integration"),
        (Purpose::WebhookSecrets, "integration"),
        (Purpose::WebhookSecrets, "webhook-route"),
    ];
    let mut cells = Vec::new();
    for name in ["t_one", "t_two", "t_on"] {
        for number in 1..=3 {
            for (purpose, record) in fields {
                for revision in 1..=3 {
                    cells.push(Place {
                        tenant: tenant(name),
                        integration: integration(number),
                        purpose,
                        record,
                        revision,
                        ..Place::of("t_one")
                    });
                }
            }
        }
    }
    cells
}

#[tokio::test]
async fn f2_of_81_cells_only_its_own_opens_a_value() {
    let vault = Vault::new();
    let vaults = [Purpose::Credentials, Purpose::WebhookSecrets]
        .map(|purpose| (purpose, vault.another_for(purpose)))
        .into_iter()
        .collect::<HashMap<_, _>>();
    let cells = cells();
    let mut sealed = Vec::new();
    for cell in &cells {
        let plaintext = format!("{cell:?}");
        sealed.push(vaults[&cell.purpose].seal(cell, plaintext.as_bytes()).await);
    }
    let (mut opened, mut refused) = (0, 0);
    for (value, own) in sealed.iter().zip(&cells) {
        for cell in &cells {
            let answer = vaults[&cell.purpose].open(cell, value).await;
            if cell == own {
                assert_eq!(answer.expect("its own"), format!("{cell:?}").as_bytes());
                opened += 1;
            } else {
                does_not_open(answer, &format!("{own:?} in {cell:?}"));
                refused += 1;
            }
        }
    }
    assert_eq!((opened, refused), (81, 81 * 80));
}

/// Any place of many, each part of it as the dice fall.
fn some_place(dice: &mut Dice) -> Place {
    let origins = [
        None,
        Some("https://crm.example:443"),
        Some("https://crm.example:444"),
    ];
    Place {
        tenant: tenant(&format!("t_{}", dice.below(50))),
        provider: ProviderId::parse(["whatsapp", "custom_crm"][dice.below(2)]).expect("one"),
        integration: integration(u8::try_from(dice.below(200)).expect("small")),
        record: ["integration", "webhook-route"][dice.below(2)],
        revision: u64::try_from(dice.below(1_000)).expect("small"),
        origin: origins[dice.below(3)].map(str::to_owned),
        ..Place::of("t_one")
    }
}

/// How many of that many values open in the place of another; `bound` is the place that a value is sealed and opened for.
async fn opened_of(swaps: usize, bound: impl Fn(&Place) -> Place) -> usize {
    let mut dice = Dice::seeded("swaps");
    let vault = Vault::with(
        CacheLimits {
            uses: u64::MAX,
            ..CacheLimits::default()
        },
        4,
    );
    let mut values = Vec::new();
    for _ in 0..500 {
        let place = some_place(&mut dice);
        values.push((vault.seal(&bound(&place), b"value").await, place));
    }
    let mut opened = 0;
    let mut swapped = 0;
    while swapped < swaps {
        let ((value, own), (_, other)) = (
            &values[dice.below(values.len())],
            &values[dice.below(values.len())],
        );
        if own != other {
            swapped += 1;
            opened += usize::from(vault.open(&bound(other), value).await.is_ok());
        }
    }
    opened
}

#[tokio::test]
async fn f2_of_100_000_swapped_values_none_opens() {
    let opened = opened_of(100_000, Place::clone).await;
    println!("opened of 100,000 swapped values: {opened}");
    assert_eq!(opened, 0);
}

#[tokio::test]
async fn f2_control_values_that_are_bound_to_their_tenant_alone_are_found() {
    let tenant_only = |place: &Place| Place::of(place.tenant.as_str());
    let opened = opened_of(10_000, tenant_only).await;
    assert!((100..400).contains(&opened), "about one in fifty: {opened}");
}

#[tokio::test]
async fn f2_each_part_of_a_place_counts() {
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
async fn f2_purposes_are_worlds_apart() {
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
async fn f1_no_two_seals_are_alike() {
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
    fn f1_whatever_is_sealed_opens_again(
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
    fn f2_two_places_never_have_one_form(one in places(), other in places()) {
        let same = canonical(&one.context()) == canonical(&other.context());
        prop_assert_eq!(same, one == other);
    }

    #[test]
    fn f3_arbitrary_bytes_never_open(bytes in prop::collection::vec(any::<u8>(), 0..400), framed in any::<bool>()) {
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
