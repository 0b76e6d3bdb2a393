//! Whatever the vault touches is wiped when it is dropped: values, their plaintext, and ring keys. The allocator looks
//! into every block that is given back.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod stand_ins;

use std::future::Future;
use std::sync::Arc;

use domain::opening::{OpenedBy, Reason};
use domain::seal::{Purpose, SealContext, Sealed};
use domain::{Credentials, IntegrationId, ProviderId, TenantId};
use heap_watch::{HeapWatch, Left, left_behind};
use secrecy::SecretString;
use testing::clock::ManualClock;
use vault::{CacheLimits, OpenError, Opener, RingAssignment, RingKeys, Sealer};

use crate::stand_ins::{Rows, Service, Unrecorded};

#[global_allocator]
static HEAP: HeapWatch = HeapWatch;

const TOKEN: &str = "CANARY-EAAG-4f1d9b0e7c2a58364f1d9b0e";
const APP_SECRET: &str = "ca4a12e5ca4a12e50123456789abcdef";
/// As long as a ring key.
const RING_KEY: &str = "CANARY-ring-key-9d3b70f1c4e8a265";
const VALUES: &[&str] = &[TOKEN, APP_SECRET];
const KEYS: &[&str] = &[RING_KEY];

/// A vault that has just been started.
struct Vault {
    sealer: Sealer,
    opener: Opener,
}

impl Vault {
    fn over(rows: &Arc<Rows>) -> Self {
        let keys = Arc::new(RingKeys::new(
            Purpose::Credentials,
            rows.clone(),
            Arc::new(Service(RING_KEY)),
            Arc::new(ManualClock::default()),
            CacheLimits::default(),
        ));
        let rings = RingAssignment {
            shared_rings: 1,
            kms_key: "arn".into(),
        };
        Self {
            sealer: Sealer::new(keys.clone(), rings),
            opener: Opener::new(keys, Arc::new(Unrecorded)),
        }
    }
}

/// Where the values of the tests belong.
struct Place(TenantId, ProviderId, IntegrationId);

impl Place {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is a trusted source of tenants"
    )]
    fn new() -> Self {
        let tenant = TenantId::from_trusted_source("t_one").expect("a tenant");
        let provider = ProviderId::parse("whatsapp").expect("a provider");
        Self(tenant, provider, IntegrationId::make())
    }

    fn of_revision(&self, revision: u64) -> SealContext<'_> {
        SealContext {
            tenant: &self.0,
            provider: &self.1,
            integration: &self.2,
            purpose: Purpose::Credentials,
            record: "integration",
            revision,
            origin: None,
        }
    }
}

fn credentials() -> Credentials {
    [("access_token", TOKEN), ("app_secret", APP_SECRET)]
        .map(|(name, value)| (name, SecretString::from(value)))
        .into_iter()
        .collect()
}

async fn open(
    vault: &Vault,
    place: &SealContext<'_>,
    sealed: &Sealed,
) -> Result<Credentials, OpenError> {
    let by = OpenedBy {
        actor: "u-1",
        reason: Reason::Send,
        request: "r-1",
    };
    vault.opener.open_credentials(place, sealed, by).await
}

/// Seals and opens, in its place and elsewhere, changed, and in a process that has to fetch the key.
async fn seal_and_open() {
    let (rows, place) = (Arc::new(Rows::default()), Place::new());
    let vault = Vault::over(&rows);
    let plaintext = credentials().to_plaintext();
    let first = place.of_revision(1);
    let sealed = vault.sealer.seal(&first, plaintext.expose()).await;
    let sealed = sealed.expect("sealed");
    for vault in [&vault, &Vault::over(&rows)] {
        let opened = open(vault, &first, &sealed).await;
        assert!(opened.is_ok_and(|values| values.get("access_token").is_some()));
    }
    assert!(open(&vault, &place.of_revision(2), &sealed).await.is_err());
    let mut changed = sealed.as_bytes().to_vec();
    *changed.last_mut().expect("a tag") ^= 1;
    let changed = Sealed::from_bytes(changed);
    assert!(open(&vault, &first, &changed).await.is_err());
}

/// What a piece of work leaves behind, its own state included: in a function, futures live on the heap.
fn left_by<T>(secrets: &'static [&'static str], work: impl Future<Output = T>) -> Vec<Left> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime");
    let work = Box::pin(work);
    left_behind(secrets, || runtime.block_on(work))
}

#[test]
fn e6_values_and_their_plaintext_leave_nothing() {
    let left = left_behind(VALUES, || {
        let mut values = credentials();
        let secret = values.get("app_secret").expect("it was set").clone();
        values.set("access_token", secret);
        values.set("another", SecretString::from(TOKEN));
        values.remove("app_secret");
        let plaintext = values.clone().to_plaintext();
        let again = Credentials::from_plaintext(plaintext.expose()).expect("own form");
        assert_eq!(again.iter().count(), 2);
        let cut = &plaintext.expose()[..plaintext.expose().len() - 1];
        assert!(Credentials::from_plaintext(cut).is_err());
    });
    assert_eq!(left, []);
}

#[test]
fn e6_sealing_and_opening_leave_nothing_of_the_values() {
    assert_eq!(left_by(VALUES, seal_and_open()), []);
}

#[test]
fn e6_sealing_and_opening_leave_nothing_of_the_ring_key() {
    assert_eq!(left_by(KEYS, seal_and_open()), []);
}

#[test]
fn e6_one_copy_that_is_not_wiped_is_found() {
    let found = |secrets, copy: fn() -> Vec<u8>| {
        let left = left_by(secrets, async {
            seal_and_open().await;
            copy()
        });
        left.iter().map(|left| left.text).collect::<Vec<_>>()
    };
    let plaintext = || credentials().to_plaintext().expose().to_vec();
    assert_eq!(found(VALUES, plaintext), VALUES);
    assert!(found(KEYS, || RING_KEY.as_bytes().to_vec()).contains(&RING_KEY));
}
