//! The connection test: what is asked, and what each kind of account is told.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::FailureKind::{
    self, AccountBlocked, CredentialsRejected, InvalidRequest, NotFound, Throttled, Unavailable,
};
use providers::Overrides;
use providers::http::{Egress, Reach};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::stage::{PHONE, SMS, Stage, TYPES, WHATSAPP, is_sound, provider};

/// Nobody's.
const STRANGER: &str = "+911199999999";

#[tokio::test]
async fn good_credentials_are_verified_with_one_read() {
    for id in TYPES {
        for account in ["one", "two", "old"] {
            let stage = Stage::new().await;
            let filled = stage.filled(id, account, json!({})).await;
            let checked = stage.check(id, &filled).await.expect("good");
            // The operator's address has no region to find.
            assert!(checked.discovered.is_empty());
            let calls = stage.requests().await;
            assert_eq!(calls.len(), 1, "{id} {account}");
            let sid = filled.settings["account_sid"].as_str().expect("text");
            let path =
                format!("/{id}/v2_beta/Accounts/{sid}/IncomingPhoneNumbers?Page=0&PageSize=50");
            assert_eq!(
                (&calls[0]["method"], &calls[0]["path"]),
                (&json!("GET"), &json!(path))
            );
        }
    }
}

#[tokio::test]
async fn t7_key_and_token_travel_in_a_header_and_never_in_a_url() {
    let stage = Stage::new().await;
    let filled = stage.filled(PHONE, "one", json!({})).await;
    stage.check(PHONE, &filled).await.expect("good");
    let secret = |name| filled.credentials.get(name).expect("given").expose_secret();
    let (key, token) = (secret("api_key"), secret("api_token"));
    let pair = STANDARD.encode(format!("{key}:{token}"));
    for call in stage.requests().await {
        assert_eq!(call["headers"]["authorization"], format!("Basic {pair}"));
        let path = call["path"].as_str().expect("a path");
        assert!(!path.contains(key) && !path.contains(token), "{path}");
    }
}

#[tokio::test]
async fn s1_54_what_was_verified_is_told_apart() {
    let stage = Stage::new().await;
    let phone = stage.filled(PHONE, "one", json!({})).await;
    let facts = stage.check(PHONE, &phone).await.expect("good");
    assert!(facts.warnings.is_empty(), "{:?}", facts.warnings);
    assert_eq!(
        facts.facts["virtual_number"],
        phone.settings["virtual_number"]
    );
    assert_eq!(facts.facts["caller_id_name"], "Front desk");

    let whatsapp = stage.filled(WHATSAPP, "one", json!({})).await;
    let checked = stage.check(WHATSAPP, &whatsapp).await.expect("good");
    assert_eq!(checked.warnings.len(), 1);
    assert!(checked.warnings[0].contains("whatsapp_number"));
    let name = |id| provider(id).descriptor().name;
    assert!(name(PHONE).starts_with("Exotel") && !name(PHONE).contains("WhatsApp"));
    assert!(name(WHATSAPP).contains("WhatsApp Business API"));
}

#[tokio::test]
async fn s1_68_each_cause_has_its_verdict() {
    let token = || json!({"api_token": "wrong-token"});
    let cases: Vec<(&str, Value, FailureKind, &str)> = vec![
        ("one", token(), CredentialsRejected, "API settings"),
        (
            "one",
            json!({"api_key": "wrong-key"}),
            CredentialsRejected,
            "API settings",
        ),
        ("suspended", token(), CredentialsRejected, "API settings"),
        (
            "one",
            json!({"account_sid": "sandbox9999"}),
            NotFound,
            "account SID",
        ),
        (
            "one",
            json!({"account_sid": "a/../b?c#d"}),
            NotFound,
            "account SID",
        ),
        ("suspended", json!({}), AccountBlocked, "support"),
        (
            "no_balance",
            json!({}),
            AccountBlocked,
            "Top the account up",
        ),
    ];
    for id in TYPES {
        for (account, changes, kind, hint) in &cases {
            let stage = Stage::new().await;
            let what = format!("{id} {account} {changes}");
            let filled = stage.filled(id, account, changes.clone()).await;
            let failure = stage.check(id, &filled).await.expect_err(&what);
            assert_eq!(failure.kind, *kind, "{what}: {failure:?}");
            assert!(failure.hint.contains(hint), "{what}: {}", failure.hint);
            is_sound(&failure, &filled);
            // With nothing changed the same accounts get on, or are refused for what they are.
            let filled = stage.filled(id, account, json!({})).await;
            let result = stage.check(id, &filled).await.err();
            let kind = result.map(|failure| failure.kind);
            assert_eq!(kind, (*account != "one").then_some(AccountBlocked));
        }
    }
}

#[tokio::test]
async fn s1_68_a_number_that_is_not_the_accounts_is_refused_by_its_field() {
    for (id, field) in [
        (PHONE, "virtual_number"),
        (PHONE, "caller_id"),
        (SMS, "sender"),
    ] {
        for account in ["one", "many"] {
            let stage = Stage::new().await;
            let filled = stage.filled(id, account, json!({field: STRANGER})).await;
            let failure = stage.check(id, &filled).await.expect_err("a stranger");
            assert_eq!(failure.kind, NotFound);
            assert!(failure.detail.contains(field), "{failure:?}");
            assert!(failure.hint.contains(field), "{failure:?}");
            is_sound(&failure, &filled);
            let filled = stage.filled(id, account, json!({})).await;
            stage.check(id, &filled).await.expect("its own number");
        }
    }
}

#[tokio::test]
async fn a_number_on_a_later_page_is_found() {
    let stage = Stage::new().await;
    let numbers = provider(PHONE).phone_numbers().expect("it lists them");
    let filled = stage.filled(PHONE, "many", json!({})).await;
    let all = numbers.list(stage.connect(PHONE, &filled)).await;
    let last = all.expect("a list").pop().expect("many").number.to_string();
    let filled = stage
        .filled(PHONE, "many", json!({"virtual_number": last}))
        .await;
    let before = stage.requests().await.len();
    let checked = stage.check(PHONE, &filled).await.expect("its own");
    assert_eq!(checked.facts["virtual_number"], last);
    assert_eq!(stage.requests().await.len() - before, 3);
}

#[tokio::test]
async fn an_account_with_more_numbers_than_are_read_is_not_refused_for_it() {
    let items: Vec<Value> = (0..50)
        .map(|n| json!({"phone_number": format!("+9111{:08}", 70_000_000 + n)}))
        .collect();
    for (next, calls) in [(json!("http://127.0.0.1:1/"), 10), (Value::Null, 1)] {
        let stage = Stage::new().await;
        let filled = stage.filled(PHONE, "one", json!({})).await;
        let body = json!({"incoming_phone_numbers": items, "next_page_uri": next});
        let fault = json!({"status": 200, "body": body});
        stage.fault(PHONE, "", fault).await;
        match stage.check(PHONE, &filled).await {
            Ok(checked) => assert!(checked.warnings[0].contains("virtual_number")),
            Err(failure) => assert_eq!((failure.kind, calls), (NotFound, 1)),
        }
        assert_eq!(stage.requests().await.len(), calls);
    }
}

#[tokio::test]
async fn what_a_number_cannot_do_is_a_warning() {
    let stage = Stage::new().await;
    let numbers = provider(PHONE).phone_numbers().expect("it lists them");
    let filled = stage.filled(PHONE, "one", json!({})).await;
    let all = numbers.list(stage.connect(PHONE, &filled)).await;
    let all = all.expect("a list");
    let with = |voice, sms| {
        let mut found = all
            .iter()
            .filter(|n| n.can_call == voice && n.can_sms == sms);
        found.next().expect("one").number.to_string()
    };
    for (id, field, number, warning) in [
        (PHONE, "virtual_number", with(true, false), None),
        (PHONE, "virtual_number", with(false, true), Some("voice")),
        (PHONE, "caller_id", with(false, true), Some("caller ID")),
        (SMS, "sender", with(false, true), None),
        (SMS, "sender", with(true, false), Some("SMS")),
        (SMS, "sender", "SHOPIN".to_owned(), Some("first message")),
    ] {
        let filled = stage.filled(id, "one", json!({field: number})).await;
        let warnings = stage.check(id, &filled).await.expect("good").warnings;
        assert_eq!(
            warnings.len(),
            usize::from(warning.is_some()),
            "{warnings:?}"
        );
        assert!(
            warnings
                .iter()
                .all(|text| text.contains(warning.unwrap_or_default()))
        );
    }
}

#[tokio::test]
async fn s1_68_a_provider_in_trouble_blames_no_credential() {
    let exception = |status: u16| json!({"RestException": {"Status": status, "Message": "m"}});
    for (fault, kind) in [
        (json!("rate_limit"), Throttled),
        (json!({"status": 429, "body": "slow down"}), Throttled),
        (
            json!({"status": 429, "body": "", "headers": {"retry-after": "7"}}),
            Throttled,
        ),
        (json!({"status": 200, "body": exception(429)}), Throttled),
        (json!({"status": 500}), Unavailable),
        (json!({"status": 502, "body": "<html>"}), Unavailable),
        (json!({"status": 503, "body": exception(503)}), Unavailable),
        (json!({"status": 200, "body": exception(500)}), Unavailable),
        (
            json!({"status": 200, "body": "<TwilioResponse/>"}),
            Unavailable,
        ),
        (
            json!({"status": 200, "body": {"incoming_phone_numbers": 1}}),
            Unavailable,
        ),
        (
            json!({"status": 302, "headers": {"location": "http://127.0.0.1:1/"}}),
            InvalidRequest,
        ),
        (
            json!({"status": 400, "body": exception(400)}),
            InvalidRequest,
        ),
        (json!("reset"), Unavailable),
        (json!("truncate"), Unavailable),
        (json!("accept_then_reset"), Unavailable),
    ] {
        for id in TYPES {
            let stage = Stage::new().await;
            let filled = stage.filled(id, "one", json!({})).await;
            stage.check(id, &filled).await.expect("no fault yet");
            stage.fault(id, "IncomingPhoneNumbers", fault.clone()).await;
            let failure = stage.check(id, &filled).await.expect_err("trouble");
            assert_eq!(failure.kind, kind, "{id} {fault}: {failure:?}");
            assert!(!failure.kind.blames_credentials());
            is_sound(&failure, &filled);
        }
    }
}

#[tokio::test]
async fn a_refusal_inside_a_200_is_no_success() {
    let stage = Stage::new().await;
    let filled = stage.filled(PHONE, "one", json!({})).await;
    for (status, kind) in [(401, CredentialsRejected), (403, AccountBlocked)] {
        let body = json!({"RestException": {"Status": status, "Message": "m", "Code": 34001}});
        let fault = json!({"status": 200, "body": body});
        stage.fault(PHONE, "", fault).await;
        let failure = stage.check(PHONE, &filled).await.expect_err("refused");
        assert_eq!(failure.kind, kind);
        assert_eq!(failure.provider_code.as_deref(), Some("34001"));
        let path = "/_sandbox/faults";
        stage.control(http::Method::DELETE, path, Value::Null).await;
    }
    stage
        .check(PHONE, &filled)
        .await
        .expect("no fault any more");
}

#[tokio::test]
async fn s1_68_an_endpoint_that_is_not_there_blames_no_credential() {
    let stage = Stage::new().await;
    for id in TYPES {
        let filled = stage.filled(id, "one", json!({})).await;
        let nowhere = json!({id: {"base_url": "http://127.0.0.1:1"}});
        let overrides: Overrides = serde_json::from_value(nowhere).expect("overrides");
        let http = Egress::new(Reach::new(&overrides)).expect("a client");
        let (settings, credentials) = (&filled.settings, &filled.credentials);
        let connection = overrides.connect(provider(id), settings, credentials, &http);
        let failure = provider(id).check(connection).await.expect_err("nobody");
        assert_eq!(failure.kind, Unavailable);
        is_sound(&failure, &filled);
    }
}
