//! The KeyRings table, spoken to over the real client.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::key_ring::{KeyRingUpkeep, KeyRings, OwnRing, RowName, WrappedRingKey};
use domain::time::Timestamp;
use store::key_rings::KeyRingsTable;
use testing::clock::ManualClock;
use testing::cloud::Cloud;
use testing::switchboard::{self, KEY_RINGS};

const OWN: &str = "credentials/tenant-0123456789abcdefghjkmnpqrs";
const SHARED: &str = "credentials/shared-3";

fn setup() -> (Cloud, Client, KeyRingsTable) {
    let cloud = switchboard::cloud(Arc::new(ManualClock::default()));
    let client = Client::new(&cloud.sdk_config());
    let table = KeyRingsTable::new(client.clone(), KEY_RINGS.into());
    (cloud, client, table)
}

fn row(ring: &str, version: u32) -> WrappedRingKey {
    WrappedRingKey {
        ring: ring.into(),
        version,
        kms_key: "arn:one".into(),
        wrapped: version.to_be_bytes().to_vec(),
        seals: true,
        created_at: Timestamp::from_millis(1_767_225_600_123),
    }
}

async fn versions(table: &KeyRingsTable, ring: &str) -> Vec<u32> {
    let rows = table.list_versions(ring).await.expect("listed");
    rows.iter().map(|row| row.version).collect()
}

#[tokio::test]
async fn rows_come_back_as_they_were_added() {
    let (_cloud, _, table) = setup();
    let off = WrappedRingKey {
        seals: false,
        ..row(OWN, 2)
    };
    for row in [&row(OWN, 1), &off, &row(OWN, 10), &row(SHARED, 11)] {
        assert!(table.add(row).await.expect("added"));
    }
    assert_eq!(table.find(OWN, 2).await.expect("read"), Some(off));
    assert_eq!(table.find(OWN, 3).await.expect("read"), None);
    let newest = table.find_newest(OWN).await.expect("read");
    assert_eq!(newest, Some(row(OWN, 10)), "10 is more than 2");
    assert_eq!(versions(&table, OWN).await, [1, 2, 10]);
    assert_eq!(versions(&table, "credentials/shared-4").await, [0; 0]);
}

#[tokio::test]
async fn f6_a_version_is_added_once() {
    let (_cloud, _, table) = setup();
    assert!(table.add(&row(SHARED, 1)).await.expect("added"));
    let other = WrappedRingKey {
        wrapped: b"other".to_vec(),
        ..row(SHARED, 1)
    };
    assert!(!table.add(&other).await.expect("refused"));
    assert_eq!(
        table.find(SHARED, 1).await.expect("read"),
        Some(row(SHARED, 1))
    );
}

#[tokio::test]
async fn a_row_that_does_not_say_whether_it_seals_does() {
    let (_cloud, client, table) = setup();
    client
        .put_item()
        .table_name(KEY_RINGS)
        .item("ring", AttributeValue::S(SHARED.into()))
        .item("version", AttributeValue::N("1".into()))
        .item("kms_key", AttributeValue::S("arn:one".into()))
        .item("wrapped", AttributeValue::B(Blob::new(1_u32.to_be_bytes())))
        .item("created_at", AttributeValue::N("1767225600123".into()))
        .send()
        .await
        .expect("put");
    assert_eq!(
        table.find(SHARED, 1).await.expect("read"),
        Some(row(SHARED, 1))
    );
}

#[tokio::test]
async fn f6_wrapped_bytes_are_replaced_where_the_old_ones_still_are() {
    let (_cloud, _, table) = setup();
    let old = row(SHARED, 1);
    assert!(table.add(&old).await.expect("added"));
    assert!(
        table
            .replace_wrapped(&old, "arn:two", b"new")
            .await
            .expect("replaced")
    );
    let new = WrappedRingKey {
        kms_key: "arn:two".into(),
        wrapped: b"new".to_vec(),
        ..old.clone()
    };
    assert_eq!(
        table.find(SHARED, 1).await.expect("read"),
        Some(new.clone())
    );
    assert!(
        !table
            .replace_wrapped(&old, "arn:three", b"newer")
            .await
            .expect("refused")
    );
    assert_eq!(table.find(SHARED, 1).await.expect("read"), Some(new));
    // A row that is gone stays gone.
    assert!(
        !table
            .replace_wrapped(&row(OWN, 1), "arn:two", b"new")
            .await
            .expect("refused")
    );
    assert_eq!(versions(&table, OWN).await, [0; 0]);
}

#[tokio::test]
async fn a_ring_is_switched_off_and_on_where_it_exists() {
    let (_cloud, _, table) = setup();
    assert!(table.add(&row(OWN, 1)).await.expect("added"));
    for seals in [false, false, true] {
        assert!(table.set_seals(OWN, 1, seals).await.expect("set"));
        let now = table.find(OWN, 1).await.expect("read").expect("a row");
        assert_eq!(
            now,
            WrappedRingKey {
                seals,
                ..row(OWN, 1)
            }
        );
    }
    assert!(!table.set_seals(OWN, 2, false).await.expect("no such row"));
    assert_eq!(versions(&table, OWN).await, [1]);
}

#[tokio::test]
async fn f6_rows_are_found_by_their_kms_key_from_any_place_on() {
    let (cloud, _, table) = setup();
    let names = [(SHARED, 1), (SHARED, 2), (OWN, 1)];
    for (ring, version) in names {
        assert!(table.add(&row(ring, version)).await.expect("added"));
    }
    assert!(
        table
            .replace_wrapped(&row(SHARED, 2), "arn:two", b"new")
            .await
            .expect("replaced")
    );
    let _operator = cloud.as_operator();
    let name = |ring: &str, version| RowName {
        ring: ring.into(),
        version,
    };
    let all = table.list_under("arn:one", None).await.expect("listed");
    assert_eq!(all.rows, [name(SHARED, 1), name(OWN, 1)]);
    assert_eq!(all.next, None);
    let after = table.list_under("arn:one", Some(&name(SHARED, 1))).await;
    assert_eq!(after.expect("listed").rows, [name(OWN, 1)]);
    let other = table.list_under("arn:two", None).await.expect("listed");
    assert_eq!(other.rows, [name(SHARED, 2)]);
    let none = table.list_under("arn:three", None).await.expect("listed");
    assert_eq!(none.rows, []);
}

#[tokio::test]
async fn f9_a_destroyed_ring_is_gone_and_no_other() {
    let (_cloud, _, table) = setup();
    for (ring, version) in [(OWN, 1), (OWN, 2), (SHARED, 1)] {
        assert!(table.add(&row(ring, version)).await.expect("added"));
    }
    let ring = OwnRing::parse(OWN).expect("a tenant's own");
    assert_eq!(table.destroy(&ring).await.expect("destroyed"), 2);
    assert_eq!(table.destroy(&ring).await.expect("nothing left"), 0);
    assert_eq!(versions(&table, OWN).await, [0; 0]);
    assert_eq!(versions(&table, SHARED).await, [1]);
    assert_eq!(
        OwnRing::parse(SHARED),
        None,
        "a shared ring cannot be named"
    );
}
