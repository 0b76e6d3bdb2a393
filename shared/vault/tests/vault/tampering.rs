//! Whatever is changed in a sealed value, it does not open, no more is said, and the operator hears of it once.

use std::ops::Range;
use std::time::{Duration, Instant};

use domain::key_ring::WrappedRingKey;
use domain::seal::Sealed;
use vault::{CacheLimits, OpenError};

use crate::fakes::{Alarms, Place, Trouble, Vault, does_not_open, is_unavailable};

const PLAINTEXT: &[u8] = b"CANARY-EAAG-0123456789";
/// `credentials/shared-0` stands from byte 5 on.
const RING: Range<usize> = 5..25;
const VERSION: Range<usize> = 25..29;
const SALT: Range<usize> = 29..61;
const COMMITMENT: Range<usize> = 61..93;

/// A value in its place, and somebody who listens for alarms.
struct Bench {
    vault: Vault,
    place: Place,
    bytes: Vec<u8>,
    alarms: Alarms,
}

impl Bench {
    async fn new() -> Self {
        let vault = Vault::with(
            CacheLimits {
                uses: u64::MAX,
                ..CacheLimits::default()
            },
            1,
        );
        let place = Place::of("t_one");
        let bytes = vault.seal(&place, PLAINTEXT).await.as_bytes().to_vec();
        assert_eq!(&bytes[RING], b"credentials/shared-0");
        assert_eq!(bytes[VERSION], [0, 0, 0, 1]);
        assert_eq!(bytes.len(), COMMITMENT.end + PLAINTEXT.len() + 16);
        let alarms = Alarms::watch();
        Self {
            vault,
            place,
            bytes,
            alarms,
        }
    }

    async fn another_value(&self) -> Vec<u8> {
        let other = self.vault.seal(&self.place, b"another-EAAG-012345678");
        other.await.as_bytes().to_vec()
    }

    fn edited(&self, range: Range<usize>, with: &[u8]) -> Vec<u8> {
        let mut changed = self.bytes.clone();
        changed[range].copy_from_slice(with);
        changed
    }

    /// Whether the value is refused as every changed value is: with the one error, and one alarm that names the place.
    async fn is_refused(&self, bytes: Vec<u8>) -> bool {
        let opened = self
            .vault
            .open(&self.place, &Sealed::from_bytes(bytes))
            .await;
        let told = opened.err().map(|error| error.to_string());
        let alarms = self.alarms.take();
        let [alarm] = alarms.as_slice() else {
            return false;
        };
        told.as_deref() == Some("the sealed value does not open")
            && alarm.field("alarm") == Some("tamper")
            && alarm.field("tenant") == Some("t_one")
            && alarm.field("record") == Some("integration")
    }

    async fn refuses(&self, bytes: Vec<u8>, what: &str) {
        assert!(self.is_refused(bytes).await, "{what}");
    }
}

#[tokio::test]
async fn f3_control_a_value_that_opens_is_not_counted_as_refused() {
    let bench = Bench::new().await;
    assert!(!bench.is_refused(bench.bytes.clone()).await);
    bench.vault.rows.put(WrappedRingKey {
        wrapped: b"another".to_vec(),
        ..bench.vault.rows.all().remove(0)
    });
    let cold = Bench {
        vault: bench.vault.another(),
        ..bench
    };
    assert!(!cold.is_refused(cold.bytes.clone()).await);
}

#[tokio::test]
async fn f3_every_single_bit_counts() {
    let bench = Bench::new().await;
    for bit in 0..bench.bytes.len() * 8 {
        let mut changed = bench.bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        bench.refuses(changed, &format!("bit {bit}")).await;
    }
    let unchanged = Sealed::from_bytes(bench.bytes.clone());
    let opened = bench.vault.open(&bench.place, &unchanged).await;
    assert_eq!(opened.expect("unchanged"), PLAINTEXT);
}

#[tokio::test]
async fn f3_a_shorter_or_longer_value_does_not_open() {
    let bench = Bench::new().await;
    let bytes = &bench.bytes;
    for length in 0..bytes.len() {
        let (first, last) = (&bytes[..length], &bytes[bytes.len() - length..]);
        bench
            .refuses(first.to_vec(), &format!("{length} bytes"))
            .await;
        bench
            .refuses(last.to_vec(), &format!("last {length} bytes"))
            .await;
    }
    for more in 1..=64 {
        for byte in [0, 0xff] {
            let longer = [bytes.as_slice(), &vec![byte; more]].concat();
            bench.refuses(longer, &format!("{more} bytes more")).await;
            let shifted = [&vec![byte; more], bytes.as_slice()].concat();
            bench
                .refuses(shifted, &format!("{more} bytes before"))
                .await;
        }
    }
}

#[tokio::test]
async fn f3_two_values_joined_anywhere_do_not_open() {
    let bench = Bench::new().await;
    let (one, other) = (&bench.bytes, bench.another_value().await);
    assert_eq!(one.len(), other.len());
    // Up to the salt both are alike.
    for at in SALT.start + 1..one.len() {
        let joined = [&one[..at], &other[at..]].concat();
        bench.refuses(joined, &format!("joined at {at}")).await;
    }
    // A part of one put into the other anywhere, which also makes it longer.
    for at in 0..=one.len() {
        let inserted = [&one[..at], &other[..], &one[at..]].concat();
        bench.refuses(inserted, &format!("inserted at {at}")).await;
    }
}

#[tokio::test]
async fn f3_a_part_that_stands_twice_is_refused() {
    let bench = Bench::new().await;
    let bytes = &bench.bytes;
    let parts = [
        ("header", 0..COMMITMENT.start),
        ("salt", SALT),
        ("commitment", COMMITMENT),
        ("text", COMMITMENT.end..bytes.len() - 16),
        ("tag", bytes.len() - 16..bytes.len()),
    ];
    for (what, part) in parts {
        let twice = [&bytes[..part.end], &bytes[part.start..]].concat();
        bench.refuses(twice, &format!("the {what} twice")).await;
        let none = [&bytes[..part.start], &bytes[part.end..]].concat();
        bench.refuses(none, &format!("without the {what}")).await;
    }
}

#[tokio::test]
async fn f3_there_is_no_other_format_and_no_other_suite() {
    let bench = Bench::new().await;
    for number in (0..=u8::MAX).filter(|number| *number != 1) {
        bench
            .refuses(bench.edited(2..3, &[number]), &format!("format {number}"))
            .await;
        bench
            .refuses(bench.edited(3..4, &[number]), &format!("suite {number}"))
            .await;
    }
}

#[tokio::test]
async fn f3_a_commitment_of_zeros_or_of_another_value_is_refused() {
    let bench = Bench::new().await;
    let other = bench.another_value().await;
    for commitment in [
        [0; 32].as_slice(),
        &[0xff; 32],
        &other[COMMITMENT],
        &bench.bytes[SALT],
    ] {
        let changed = bench.edited(COMMITMENT, commitment);
        bench.refuses(changed, "another commitment").await;
    }
}

#[tokio::test]
async fn f3_an_edited_version_or_ring_leads_to_another_key() {
    let bench = Bench::new().await;
    // The same ring has a second version, and there are other rings, all with keys that can be had.
    crate::rings::rotate(&bench.vault, "credentials/shared-0", 2);
    crate::rings::rotate(&bench.vault, "credentials/shared-1", 1);
    for version in [0_u32, 2, 3, u32::MAX] {
        let changed = bench.edited(VERSION, &version.to_be_bytes());
        bench.refuses(changed, &format!("version {version}")).await;
    }
    for ring in [
        "credentials/shared-1",
        "credentials/shared-2",
        "credentialsXshared-0",
        "webhook-secrets/ed-0",
    ] {
        bench
            .refuses(bench.edited(RING, ring.as_bytes()), ring)
            .await;
    }
}

/// Refusals that come after the key was found.
async fn refusals(bench: &Bench) -> Vec<(&'static str, Place, Sealed)> {
    crate::rings::rotate(&bench.vault, "credentials/shared-0", 2);
    let last = bench.bytes.len() - 1;
    let bit = |at: usize| bench.edited(at..at + 1, &[bench.bytes[at] ^ 1]);
    let here = [
        ("salt", bit(SALT.start)),
        ("commitment, first byte", bit(COMMITMENT.start)),
        ("commitment, last byte", bit(COMMITMENT.end - 1)),
        ("commitment of zeros", bench.edited(COMMITMENT, &[0; 32])),
        ("text", bit(COMMITMENT.end)),
        ("tag", bit(last)),
        ("a byte less", bench.bytes[..last].to_vec()),
        ("64 bytes more", [bench.bytes.as_slice(), &[0; 64]].concat()),
        (
            "another version",
            bench.edited(VERSION, &2_u32.to_be_bytes()),
        ),
    ]
    .map(|(what, bytes)| (what, bench.place.clone(), Sealed::from_bytes(bytes)));
    let own = || Sealed::from_bytes(bench.bytes.clone());
    let elsewhere = [
        ("another tenant", Place::of("t_two"), own()),
        ("another revision", bench.place.at(2), own()),
    ];
    here.into_iter().chain(elsewhere).collect()
}

/// The median time in µs that each takes, of many that are taken in turns.
async fn medians(vault: &Vault, values: &[(&str, Place, Sealed)]) -> Vec<f64> {
    const ROUNDS: usize = 301;
    const EACH: u32 = 3;
    let mut times = vec![Vec::with_capacity(ROUNDS); values.len()];
    for _ in 0..ROUNDS {
        for ((_, place, value), times) in values.iter().zip(&mut times) {
            let start = Instant::now();
            for _ in 0..EACH {
                assert!(vault.open(place, value).await.is_err());
            }
            times.push(start.elapsed() / EACH);
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[ROUNDS / 2].as_secs_f64() * 1e6
    };
    times.into_iter().map(median).collect()
}

/// Who holds a value can tell by looking at it whether it has the form of one, so the time of finding that out, too,
/// may tell. Anything that depends on a key may not.
#[tokio::test]
async fn f3_refusals_take_equally_long() {
    let bench = Bench::new().await;
    let values = refusals(&bench).await;
    let Bench { vault, alarms, .. } = bench;
    drop(alarms);
    let times = medians(&vault, &values).await;
    for ((what, ..), time) in values.iter().zip(&times) {
        println!("refused in {time:.1} µs: {what}");
    }
    let shortest = times.iter().copied().fold(f64::INFINITY, f64::min);
    let longest = times.iter().copied().fold(0.0, f64::max);
    println!("spread of the refusals: {:.2}", longest / shortest);
    assert!(longest < 3.0 * shortest);
}

#[tokio::test]
async fn f3_control_a_refusal_without_work_is_noticed_by_its_time() {
    let bench = Bench::new().await;
    let changed = bench.edited(COMMITMENT.end..COMMITMENT.end + 1, &[0]);
    let values =
        [Vec::new(), changed].map(|bytes| ("", bench.place.clone(), Sealed::from_bytes(bytes)));
    let Bench { vault, alarms, .. } = bench;
    drop(alarms);
    let times = medians(&vault, &values).await;
    assert!(times[1] > 3.0 * times[0], "{times:?}");
}

/// Opens the value in a process that has no key yet, and says what the operator heard.
async fn opened_anew(bench: &Bench) -> (Result<Vec<u8>, OpenError>, Vec<(String, String)>) {
    let sealed = Sealed::from_bytes(bench.bytes.clone());
    let opened = bench.vault.another().open(&bench.place, &sealed).await;
    let field = |alarm: &testing::alarms::Alarm, name| alarm.field(name).map(str::to_owned);
    let heard = bench.alarms.take().into_iter().filter_map(|alarm| {
        assert_eq!(alarm.field("alarm"), Some("tamper"));
        Some((field(&alarm, "ring")?, field(&alarm, "version")?))
    });
    (opened, heard.collect())
}

#[tokio::test]
async fn f3_a_ring_row_that_was_changed_pages_the_operator_and_blames_no_credential() {
    let bench = Bench::new().await;
    let own = bench.vault.rows.all().remove(0);
    crate::rings::rotate(&bench.vault, "credentials/shared-1", 1);
    let other = bench.vault.rows.all().remove(1);
    let bits = (0..own.wrapped.len() * 8).map(|bit| {
        let mut wrapped = own.wrapped.clone();
        wrapped[bit / 8] ^= 1 << (bit % 8);
        wrapped
    });
    let made_up = [other.wrapped.clone(), Vec::new(), b"made up".to_vec()];
    let rows = bits
        .chain(made_up)
        .map(|wrapped| WrappedRingKey {
            wrapped,
            ..own.clone()
        })
        .chain([WrappedRingKey {
            kms_key: "arn:kms:another".into(),
            ..own.clone()
        }]);
    let named = vec![("credentials/shared-0".to_owned(), "1".to_owned())];
    for row in rows {
        bench.vault.rows.put(row.clone());
        let (opened, heard) = opened_anew(&bench).await;
        is_unavailable(opened, &format!("{row:?}"));
        assert_eq!(heard, named);
    }
    bench.vault.rows.put(own.clone());
    for trouble in Trouble::TAMPERED {
        bench.vault.service.fail(trouble);
        let (opened, heard) = opened_anew(&bench).await;
        is_unavailable(opened, &format!("{trouble:?}"));
        assert_eq!(heard, named);
    }
    bench.vault.service.fail(None);
    let (opened, heard) = opened_anew(&bench).await;
    assert_eq!(opened.expect("as it was"), PLAINTEXT);
    assert_eq!(heard, []);
}

#[tokio::test]
async fn f3_a_ring_row_that_was_moved_is_no_row_of_the_ring() {
    let bench = Bench::new().await;
    let own = bench.vault.rows.all().remove(0);
    let moved = Vault::new();
    moved.rows.put(WrappedRingKey { version: 2, ..own });
    let sealed = Sealed::from_bytes(bench.bytes.clone());
    does_not_open(moved.open(&bench.place, &sealed).await, "moved");
}

#[tokio::test]
async fn f3_what_opens_and_is_no_credential_is_refused_too() {
    let vault = Vault::new();
    let place = Place::of("t_one");
    for plaintext in [
        b"\x05abc".as_slice(),
        b"\x01a\x00\x00\x00\x09x",
        b"\x01\xff\x00\x00\x00\x00",
    ] {
        let sealed = vault.seal(&place, plaintext).await;
        does_not_open(
            vault.open_credentials(&place, &sealed).await,
            "no credentials",
        );
    }
}
