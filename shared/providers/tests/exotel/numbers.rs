//! The list of an account's numbers (S1-8, S1-58).

use domain::FailureKind::{AccountBlocked, CredentialsRejected, Throttled, Unavailable};
use providers::{MOST_NUMBERS, NumberKind, PhoneNumber, PhoneNumbers};
use serde_json::{Value, json};

use crate::stage::{PHONE, SMS, Stage, WHATSAPP, is_sound, provider};

fn numbers() -> &'static dyn PhoneNumbers {
    provider(PHONE).phone_numbers().expect("it lists them")
}

async fn list(stage: &Stage, account: &str) -> Vec<PhoneNumber> {
    let filled = stage.filled(PHONE, account, json!({})).await;
    let listed = numbers().list(stage.connect(PHONE, &filled)).await;
    listed.expect("a list")
}

#[tokio::test]
async fn s1_58_numbers_come_as_e164_with_what_they_can_do() {
    let stage = Stage::new().await;
    let all = list(&stage, "one").await;
    let shown: Vec<_> = all
        .iter()
        .map(|n| {
            (
                n.number.as_str(),
                n.display_name.as_str(),
                n.can_call,
                n.can_sms,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("+911140000000", "01140000000", true, true),
            ("+911140000001", "Front desk", true, false),
            ("+911140000002", "+911140000002", true, false),
            ("+911140000003", "Alerts", false, true),
        ]
    );
    assert!(all.iter().all(|n| n.kind == NumberKind::Virtual));
    assert_eq!(all[0].provider_id.as_deref(), Some("01140000000"));
    // Those of WhatsApp belong to Meta's account, and text messages go out from the same numbers as calls.
    for id in [WHATSAPP, SMS] {
        assert!(provider(id).phone_numbers().is_none());
    }
}

#[tokio::test]
async fn s1_8_all_pages_are_read_and_their_addresses_never_followed() {
    let stage = Stage::new().await;
    let all = list(&stage, "many").await;
    assert_eq!(all.len(), 120);
    let calls = stage.requests().await;
    let pages: Vec<_> = calls.iter().map(|call| call["path"].to_string()).collect();
    assert_eq!(pages.len(), 3);
    for (number, path) in pages.iter().enumerate() {
        let query = format!("IncomingPhoneNumbers?Page={number}&PageSize=50");
        assert!(path.contains(&query), "{path}");
    }
}

#[tokio::test]
async fn a_list_without_end_is_cut_off_and_repeats_count_once() {
    let item = |n: usize| json!({"phone_number": format!("+9111{:08}", 40_000_000 + n)});
    for (items, numbers, calls) in [
        ((0..50).map(item).collect::<Vec<_>>(), 50, 10),
        ((0..600).map(item).collect(), MOST_NUMBERS, 10),
        (Vec::new(), 0, 1),
        (
            vec![json!(null), json!({}), item(1), json!([item(2)])],
            1,
            10,
        ),
    ] {
        let stage = Stage::new().await;
        let body = json!({"incoming_phone_numbers": items, "next_page_uri": "http://127.0.0.1:1/"});
        stage
            .fault(PHONE, "", json!({"status": 200, "body": body}))
            .await;
        assert_eq!(list(&stage, "one").await.len(), numbers);
        assert_eq!(stage.requests().await.len(), calls);
    }
}

#[tokio::test]
async fn a_page_that_fails_fails_the_list() {
    for (fault, kind) in [
        (json!("rate_limit"), Throttled),
        (json!("truncate"), Unavailable),
        (json!({"status": 500}), Unavailable),
        (json!("bad_credential"), CredentialsRejected),
        (json!("missing_scope"), AccountBlocked),
        (json!({"status": 200, "body": {}}), Unavailable),
    ] {
        for page in ["Page=0", "Page=2"] {
            let stage = Stage::new().await;
            assert_eq!(list(&stage, "many").await.len(), 120);
            stage.fault(PHONE, page, fault.clone()).await;
            let filled = stage.filled(PHONE, "many", json!({})).await;
            let listed = numbers().list(stage.connect(PHONE, &filled)).await;
            let failure = listed.expect_err("a page is missing");
            assert_eq!(failure.kind, kind, "{page} {fault}");
            is_sound(&failure, &filled);
        }
    }
}

#[tokio::test]
async fn nothing_but_reads_is_sent() {
    let stage = Stage::new().await;
    list(&stage, "many").await;
    for call in stage.requests().await {
        assert_eq!(
            (&call["method"], &call["body"]),
            (&json!("GET"), &Value::Null)
        );
    }
}
