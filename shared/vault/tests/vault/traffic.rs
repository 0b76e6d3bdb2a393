//! Eight who write and eight who read, each a process of its own that is started anew now and then, while an operator
//! changes the rings under them.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use domain::key_ring::{KeyRingUpkeep, KeyRings, OwnRing};
use domain::seal::{Purpose, Sealed};
use futures_util::future::join_all;
use tokio::task::yield_now;
use vault::CacheLimits;

use crate::fakes::{Dice, KMS_KEY, OTHER_KMS_KEY, Place, Vault, tenant};
use crate::rings::{ring_of, rotate};

const SHARED: &str = "credentials/shared-0";
const WRITERS: usize = 8;
const READERS: usize = 8;
const OPERATIONS: usize = 10_000;
const RECORDS: usize = 32;

/// A record as a table keeps it: its revision, and what was sealed for that.
struct Record {
    place: Place,
    kept: RefCell<(u64, Sealed)>,
}

impl Record {
    fn text(&self, revision: u64) -> String {
        format!("{}: {revision}", self.place.integration)
    }
}

struct Traffic<'a> {
    vault: &'a Vault,
    records: Vec<Record>,
    to_do: Cell<usize>,
    written: Cell<u64>,
    read: Cell<u64>,
    failed: RefCell<Vec<String>>,
}

impl<'a> Traffic<'a> {
    /// Records of those tenants, each written once.
    async fn of(vault: &'a Vault, tenants: &[&str]) -> Self {
        let mut records = Vec::new();
        for number in 0..RECORDS {
            let place = Place {
                integration: crate::fakes::integration(u8::try_from(number).expect("small")),
                ..Place::of(tenants[number % tenants.len()])
            };
            let mut record = Record {
                place,
                kept: RefCell::new((1, Sealed::from_bytes(Vec::new()))),
            };
            let sealed = vault.seal(&record.place, record.text(1).as_bytes()).await;
            record.kept = RefCell::new((1, sealed));
            records.push(record);
        }
        Self {
            vault,
            records,
            to_do: Cell::new(OPERATIONS),
            written: Cell::new(0),
            read: Cell::new(0),
            failed: RefCell::default(),
        }
    }

    fn is_on(&self) -> bool {
        self.to_do.get() > 0
    }

    /// A while in which others go on.
    async fn some_time(&self) {
        self.vault.clock.advance(Duration::from_secs(3));
        for _ in 0..10 {
            yield_now().await;
        }
    }

    async fn run(&self, operator: impl Future<Output = ()>) {
        let workers = (0..WRITERS + READERS).map(|number| self.work(number < WRITERS, number));
        tokio::join!(join_all(workers), operator);
    }

    async fn work(&self, writes: bool, number: usize) {
        let mut dice = Dice::from(u64::try_from(number).expect("small"));
        let mut vault = self.vault.another();
        while self.is_on() {
            self.to_do.set(self.to_do.get() - 1);
            if dice.below(50) == 0 {
                vault = self.vault.another();
            }
            let record = &self.records[dice.below(self.records.len())];
            let done = if writes {
                self.write(&vault, record).await
            } else {
                self.read(&vault, record).await
            };
            if let Err(error) = done {
                self.failed.borrow_mut().push(error);
            }
            yield_now().await;
        }
    }

    async fn write(&self, vault: &Vault, record: &Record) -> Result<(), String> {
        let next = record.kept.borrow().0 + 1;
        let text = record.text(next);
        let place = record.place.at(next);
        let sealed = vault.sealer.seal(&place.context(), text.as_bytes()).await;
        let sealed = sealed.map_err(|error| format!("{}: {error}", record.place.tenant))?;
        let mut kept = record.kept.borrow_mut();
        // As a table does it: on the condition that nobody else has written meanwhile.
        if kept.0 + 1 == next {
            *kept = (next, sealed);
            self.written.set(self.written.get() + 1);
        }
        Ok(())
    }

    async fn read(&self, vault: &Vault, record: &Record) -> Result<(), String> {
        let (revision, sealed) = record.kept.borrow().clone();
        let opened = vault.open(&record.place.at(revision), &sealed).await;
        self.read.set(self.read.get() + 1);
        match opened {
            Ok(text) if text == record.text(revision).as_bytes() => Ok(()),
            Ok(_) => Err(format!("{:?}: another text", ring_of(&sealed))),
            Err(error) => Err(format!("{:?}: {error}", ring_of(&sealed))),
        }
    }

    /// All records, read by a process that has no key yet, whatever happened before.
    async fn read_all_anew(&self) {
        let vault = self.vault.another();
        for record in &self.records {
            if let Err(error) = self.read(&vault, record).await {
                self.failed.borrow_mut().push(error);
            }
        }
    }

    fn failures(&self) -> usize {
        self.failed.borrow().len()
    }

    #[track_caller]
    fn assert_nothing_failed(&self, what: &str) {
        let (written, read) = (self.written.get(), self.read.get());
        println!(
            "{what}: {written} written, {read} read, {} failed",
            self.failures()
        );
        assert_eq!(*self.failed.borrow(), [""; 0]);
        let revisions = self.records.iter().map(|record| record.kept.borrow().0 - 1);
        assert_eq!(revisions.sum::<u64>(), written, "no update is lost");
        assert!(written > 1_000 && read > 1_000);
    }
}

#[tokio::test]
async fn f6_rotation_under_traffic_fails_no_read_and_leaves_one_newest() {
    let vault = Vault::new();
    let traffic = Traffic::of(&vault, &["t_one", "t_two"]).await;
    let rotated = Cell::new(1);
    traffic
        .run(async {
            while traffic.is_on() {
                let row = vault.keeper().rotate(SHARED, None).await.expect("rotated");
                rotated.set(rotated.get() + 1);
                assert_eq!(row.version, rotated.get());
                traffic.some_time().await;
            }
        })
        .await;
    traffic.read_all_anew().await;
    traffic.assert_nothing_failed(&format!("rotated {} times", rotated.get()));
    assert!(rotated.get() > 20);
    let all: Vec<u32> = (1..=rotated.get()).collect();
    assert_eq!(vault.rows.versions(SHARED), all);
    let newest = vault.rows.find_newest(SHARED).await.expect("read");
    assert_eq!(newest.expect("a row").version, rotated.get());
    let sealed = vault.seal(&Place::of("t_one"), b"x").await;
    assert_eq!(ring_of(&sealed), (SHARED.into(), rotated.get()));
}

#[tokio::test]
async fn f6_control_a_rotation_that_writes_over_the_key_fails_reads() {
    let vault = Vault::new();
    let traffic = Traffic::of(&vault, &["t_one", "t_two"]).await;
    traffic
        .run(async {
            while traffic.is_on() {
                rotate(&vault, SHARED, 1);
                traffic.some_time().await;
            }
        })
        .await;
    assert!(traffic.failures() > 100, "{}", traffic.failures());
}

/// Four rings with four versions each, under traffic; rows are put under another KMS key, or are not; then the old one
/// is disabled, while all go on.
async fn change_kms_key(vault: &Vault, rewrap: bool) -> Traffic<'_> {
    let tenants = [
        "t_1", "t_2", "t_3", "t_4", "t_5", "t_6", "t_7", "t_8", "t_9",
    ];
    let traffic = Traffic::of(vault, &tenants).await;
    let keeper = vault.keeper();
    traffic
        .run(async {
            for _ in 0..3 {
                for row in vault.rows.all() {
                    if vault.rows.versions(&row.ring).last() == Some(&row.version) {
                        keeper.rotate(&row.ring, None).await.expect("rotated");
                    }
                }
                traffic.some_time().await;
            }
            for row in vault.rows.all().into_iter().filter(|_| rewrap) {
                assert!(keeper.rewrap(&row, OTHER_KMS_KEY).await.expect("rewrapped"));
                traffic.some_time().await;
            }
            assert!(traffic.is_on());
            vault.service.disable(KMS_KEY);
        })
        .await;
    traffic.read_all_anew().await;
    traffic
}

#[tokio::test]
async fn f6_a_new_kms_key_under_traffic_fails_no_read_when_the_old_one_is_disabled() {
    let vault = Vault::with(CacheLimits::default(), 4);
    let traffic = change_kms_key(&vault, true).await;
    assert_eq!(vault.rows.all().len(), 16);
    traffic.assert_nothing_failed("another KMS key");
}

#[tokio::test]
async fn f6_control_without_rewrapping_reads_fail_when_the_old_kms_key_is_disabled() {
    let vault = Vault::with(CacheLimits::default(), 4);
    let traffic = change_kms_key(&vault, false).await;
    assert!(traffic.failures() > 100, "{}", traffic.failures());
}

/// The row is read, then put under another KMS key, then the old one is disabled, and only then KMS looks at the call.
#[tokio::test]
async fn f6_who_read_the_row_before_it_was_rewrapped_reads_it_again() {
    let vault = Vault::new();
    let place = Place::of("t_one");
    let sealed = vault.seal(&place, b"value").await;
    let row = vault.rows.all().remove(0);
    let cold = vault.another();
    let before = vault.service.unwraps();
    let mut opening = Box::pin(cold.open(&place, &sealed));
    let mut turn = std::task::Context::from_waker(futures_util::task::noop_waker_ref());
    while vault.service.unwraps() == before {
        assert!(opening.as_mut().poll(&mut turn).is_pending());
    }
    let rewrapped = vault.keeper().rewrap(&row, OTHER_KMS_KEY).await;
    assert!(rewrapped.expect("rewrapped"));
    vault.service.disable(KMS_KEY);
    assert_eq!(opening.await.expect("opens"), b"value");
    assert_eq!(vault.service.unwraps(), before + 2);
}

/// A tenant moves to a ring of its own, back, and to its ring again under its own KMS key, over and over.
async fn move_about(vault: &Vault, destroys: bool) -> (Traffic<'_>, usize) {
    let traffic = Traffic::of(vault, &["t_one"]).await;
    let (keeper, tenant) = (vault.keeper(), tenant("t_one"));
    let own = OwnRing::of(Purpose::Credentials, &tenant);
    let moves = Cell::new(0);
    let sealed_under = async || ring_of(&vault.seal(&Place::of("t_one"), b"x").await).0;
    traffic
        .run(async {
            while traffic.is_on() {
                for kms_key in [KMS_KEY, OTHER_KMS_KEY] {
                    keeper.give_own_ring(&tenant, kms_key).await.expect("given");
                    assert_eq!(sealed_under().await, own.as_str());
                    traffic.some_time().await;
                    keeper.return_to_shared(&tenant).await.expect("returned");
                    if destroys {
                        vault.rows.destroy(&own).await.expect("destroyed");
                    }
                    assert_eq!(sealed_under().await, SHARED);
                    traffic.some_time().await;
                    moves.set(moves.get() + 2);
                }
            }
        })
        .await;
    traffic.read_all_anew().await;
    (traffic, moves.get())
}

#[tokio::test]
async fn f6_a_tenant_that_moves_between_rings_under_traffic_loses_no_read() {
    let vault = Vault::new();
    let (traffic, moves) = move_about(&vault, false).await;
    traffic.assert_nothing_failed(&format!("moved {moves} times"));
    assert!(moves > 20);
    let mut rings: Vec<_> = traffic
        .records
        .iter()
        .map(|r| ring_of(&r.kept.borrow().1).0)
        .collect();
    rings.sort();
    rings.dedup();
    assert_eq!(
        rings.len(),
        2,
        "some are still under the one, some under the other"
    );
}

#[tokio::test]
async fn f6_control_a_move_that_destroys_the_ring_fails_reads() {
    let vault = Vault::new();
    let (traffic, _) = move_about(&vault, true).await;
    assert!(traffic.failures() > 100, "{}", traffic.failures());
}
