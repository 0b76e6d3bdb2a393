//! The single events in a body. The payloads in `webhooks/` have the shapes of real ones and made-up ids.

use std::collections::BTreeMap;
use std::path::Path;

use domain::event::{DeliveryStatus, EventKind, InboundEvent, ProviderEvent};
use domain::{IntegrationId, ProviderId, Timestamp};
use proptest::prelude::*;

use crate::stage::webhooks;

const RECEIVED: Timestamp = Timestamp::from_seconds(1_767_225_600);

fn payloads() -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/webhooks");
    std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let name = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, std::fs::read(&path).expect("readable"))
        })
        .collect()
}

/// An event in a line: kind, id where it is the provider's own, account, time.
fn told(event: &ProviderEvent<'_>) -> String {
    let what = match &event.kind {
        EventKind::Message => format!("message {}", event.id),
        EventKind::Account => "account".to_owned(),
        EventKind::Quarantined => "quarantined".to_owned(),
        EventKind::Status(update) => {
            let status = match update.status {
                DeliveryStatus::Sent => "sent",
                DeliveryStatus::Delivered => "delivered",
                DeliveryStatus::Read => "read",
                DeliveryStatus::Failed => "failed",
            };
            let ours = update.message.as_ref().map_or("-", |id| id.as_str());
            let why = update.failure.as_ref().map(|failure| {
                let code = failure.provider_code.as_deref().unwrap_or_default();
                format!(" {} {code}", failure.kind.code())
            });
            format!(
                "{status} {} of {ours}{}",
                update.provider_id,
                why.unwrap_or_default()
            )
        }
    };
    let account = event.account.as_deref().unwrap_or("-");
    format!("{what} at {account}, {}", event.occurred_at.seconds())
}

const PHONE: &str = "320000000000021";
const WABA: &str = "310000000000011";

fn expected(name: &str) -> Vec<String> {
    let message = |id: &str| format!("message {id} at {PHONE}, 1767225000");
    let status = |what: &str| format!("{what} at {PHONE}, 1767225060");
    let account = |id: &str, seconds: i64| format!("account at {id}, {seconds}");
    let received = RECEIVED.seconds();
    match name {
        "text" => vec![message("wamid.A1")],
        "image" => vec![message("wamid.A2")],
        "button_reply" => vec![message("wamid.A3")],
        "interactive_list" => vec![message("wamid.A4")],
        "reaction_removed" => vec![message("wamid.A5")],
        "unsupported" => vec![message("wamid.A6")],
        "system_number_changed" => vec![message("wamid.A7")],
        "bsuid_only" => vec![message("wamid.A8")],
        "batch" => vec![
            message("wamid.C1"),
            message("wamid.C2"),
            status("sent wamid.D1 of m-1"),
            status("delivered wamid.D1 of m-1"),
            status("read wamid.D2 of m-2"),
            account(WABA, received),
            "message wamid.C3 at 320000000000022, 1767225000".into(),
        ],
        "status_sent" => vec![status("sent wamid.D1 of m-1")],
        "status_delivered" => vec![status("delivered wamid.D1 of m-1")],
        "status_read" => vec![status("read wamid.D1 of m-1")],
        "status_played" => vec![status("read wamid.D3 of m-3")],
        "status_failed_window" => vec![status("failed wamid.D4 of m-4 undeliverable 131047")],
        "status_failed_media" => vec![status(
            "failed wamid.D5 of m-5 provider_refused_request 131053",
        )],
        "status_failed_unlisted" => vec![status("failed wamid.D6 of m-6 undeliverable 199999")],
        "status_failed_without_errors" => vec![status("failed wamid.D7 of m-7 undeliverable ")],
        "status_without_our_id" => vec![status("sent wamid.D8 of -")],
        "status_with_a_foreign_id" => vec![status("sent wamid.D9 of -")],
        "status_of_a_group_member" => vec![status("read wamid.E1 of m-8")],
        "status_deleted" => vec![account(PHONE, received)],
        "unknown_field" => vec![account(WABA, received)],
        "account_update" | "template_status" | "account_id_as_number" => {
            vec![account(WABA, 1_767_225_000)]
        }
        "ids_and_times_as_numbers" => vec![message("wamid.F1")],
        "errors_only" | "message_without_id" => vec![account(PHONE, received)],
        "metadata_missing" => vec![format!("message wamid.F2 at {WABA}, 1767225000")],
        "times_out_of_range" => ["wamid.F3", "wamid.F4", "wamid.F5"]
            .map(|id| format!("message {id} at {PHONE}, {received}"))
            .into(),
        "value_of_another_form" => vec![account(WABA, received); 3],
        "test_button_of_the_dashboard" => {
            vec!["message ABGGFlA5Fpa at 123456123, 1504902988".into()]
        }
        "empty_entry" | "no_changes" | "value_missing" | "another_object" => Vec::new(),
        other => panic!("{other} has no expectation"),
    }
}

#[test]
fn every_payload_becomes_its_events() {
    let payloads = payloads();
    assert!(payloads.len() >= 30);
    for (name, body) in &payloads {
        let events = webhooks().events(body, RECEIVED).expect(name);
        let told: Vec<String> = events.iter().map(told).collect();
        assert_eq!(told, expected(name), "{name}");
    }
}

#[test]
fn an_event_has_one_id_however_it_is_delivered() {
    for (name, body) in payloads() {
        let ids = |body: &[u8], received_at| -> Vec<String> {
            let events = webhooks().events(body, received_at).expect("readable");
            events.into_iter().map(|event| event.id).collect()
        };
        let first = ids(&body, RECEIVED);
        assert_eq!(first, ids(&body, RECEIVED), "{name}");
        // Events without a time of their own are told apart by when they came.
        if name.starts_with("text") || name.starts_with("status_read") {
            let later = RECEIVED.after(std::time::Duration::from_secs(3600));
            assert_eq!(first, ids(&body, later), "{name}");
        }
        let mut distinct = first.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), first.len(), "{name}: {first:?}");
    }
}

#[test]
fn people_and_payload_are_handed_on_as_they_came() {
    let payloads = payloads();
    let events = webhooks()
        .events(&payloads["text"], RECEIVED)
        .expect("readable");
    let contacts = events[0].contacts.expect("contacts").get();
    assert!(contacts.contains("Ravi Example"));
    assert!(events[0].payload.get().contains("Is it ready? 👋"));
}

#[test]
fn what_is_no_body_of_metas_is_told_so() {
    let bodies: [&[u8]; 8] = [
        b"",
        b"{",
        b"1",
        b"null",
        b"\"x\"",
        b"\xff",
        b"{}{}",
        br#"{"entry": {}}"#,
    ];
    for body in bodies {
        assert!(webhooks().events(body, RECEIVED).is_err(), "{body:?}");
    }
}

/// Reads a body, and if it has events, writes and reads them as the queue does.
fn exercise(body: &[u8]) {
    let Ok(events) = webhooks().events(body, RECEIVED) else {
        return;
    };
    for event in events {
        let event = InboundEvent {
            tenant: "t_one".into(),
            integration: IntegrationId::make(),
            provider: ProviderId::parse("whatsapp").expect("valid"),
            received_at: RECEIVED,
            event,
        };
        let text = serde_json::to_string(&event).expect("written");
        let again: InboundEvent<'_> = serde_json::from_str(&text).expect("read");
        assert_eq!(again.event.id, event.event.id);
        assert_eq!(again.event.kind, event.event.kind);
        assert_eq!(again.event.occurred_at, event.event.occurred_at);
    }
}

/// Where and how a real body is spoilt.
#[derive(Debug, Clone)]
enum Spoil {
    Set(usize, u8),
    Cut(usize),
    Remove(usize, usize),
    Insert(usize, String),
    Double(usize, usize),
}

fn spoil() -> impl Strategy<Value = Spoil> {
    let at = 0..4096_usize;
    let bits = prop::sample::select(vec![
        "null",
        "{}",
        "[]",
        "0",
        "-1",
        "1e400",
        "99999999999999999999",
        "\"\"",
        "\\u0000",
        "\\ud800",
        ",",
        "\"",
        "[[[[",
        "true",
        "\u{0}",
        "é",
    ]);
    prop_oneof![
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Spoil::Set(at, byte)),
        at.clone().prop_map(Spoil::Cut),
        (at.clone(), 1..64_usize).prop_map(|(at, length)| Spoil::Remove(at, length)),
        (at.clone(), bits).prop_map(|(at, text)| Spoil::Insert(at, text.to_owned())),
        (at, 1..200_usize).prop_map(|(at, length)| Spoil::Double(at, length)),
    ]
}

fn spoilt(mut body: Vec<u8>, spoils: &[Spoil]) -> Vec<u8> {
    for spoil in spoils {
        let place = |at: &usize| at % (body.len() + 1);
        let range = |at: &usize, length: &usize| place(at)..(place(at) + length).min(body.len());
        match spoil {
            Spoil::Set(at, byte) => {
                let at = at % body.len().max(1);
                if let Some(slot) = body.get_mut(at) {
                    *slot = *byte;
                }
            }
            Spoil::Cut(at) => body.truncate(place(at)),
            Spoil::Remove(at, length) => drop(body.drain(range(at, length))),
            Spoil::Insert(at, text) => drop(body.splice(place(at)..place(at), text.bytes())),
            Spoil::Double(at, length) => {
                let part = body[range(at, length)].to_vec();
                drop(body.splice(place(at)..place(at), part));
            }
        }
    }
    body
}

/// A value in a real body is replaced by another.
fn replaced(body: &[u8], number: usize, by: &serde_json::Value) -> Vec<u8> {
    fn walk(value: &mut serde_json::Value, left: &mut usize, by: &serde_json::Value) {
        if *left == 0 {
            *value = by.clone();
        }
        *left = left.wrapping_sub(1);
        match value {
            serde_json::Value::Object(fields) => {
                fields.values_mut().for_each(|one| walk(one, left, by))
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(|one| walk(one, left, by)),
            _ => {}
        }
    }
    let mut value: serde_json::Value = serde_json::from_slice(body).expect("JSON");
    walk(&mut value, &mut (number % 60), by);
    value.to_string().into_bytes()
}

#[test]
fn every_value_may_be_of_another_type() {
    let odd = [
        serde_json::json!(null),
        serde_json::json!(true),
        serde_json::json!(-1),
        serde_json::json!(1.5),
        serde_json::json!(u64::MAX),
        serde_json::json!(""),
        serde_json::json!("x"),
        serde_json::json!([]),
        serde_json::json!([null]),
        serde_json::json!({}),
    ];
    for body in payloads().values() {
        for number in 0..60 {
            for by in &odd {
                exercise(&replaced(body, number, by));
            }
        }
    }
}

#[test]
fn deep_nesting_is_survived() {
    for depth in [100, 200, 100_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        exercise(deep.as_bytes());
        for place in [
            "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[{\"field\":\"messages\",\"value\":@}]}]}",
            "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":@,\"changes\":[]}]}",
        ] {
            exercise(place.replace('@', &deep).as_bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..512)) {
        exercise(&body);
    }

    #[test]
    fn spoilt_bodies_never_panic(which in any::<prop::sample::Index>(), spoils in prop::collection::vec(spoil(), 1..6)) {
        let payloads: Vec<Vec<u8>> = payloads().into_values().collect();
        exercise(&spoilt(which.get(&payloads).clone(), &spoils));
    }
}
