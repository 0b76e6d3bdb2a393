//! What the forms ask for, and what they make of it.

use providers::descriptor::Capability;
use providers::form::{self, Objection};
use serde_json::{Map, Value, json};

use crate::stage::{PHONE, SMS, TYPES, WHATSAPP, provider};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn read(id: &str, changes: Value) -> Result<Map<String, Value>, Vec<Objection>> {
    let mut form = object(
        json!({"account_sid": "yourcompany1", "api_key": "CANARY-key",
        "api_token": "CANARY-token"}),
    );
    form.extend(object(match id {
        PHONE => json!({"virtual_number": "01140001000"}),
        WHATSAPP => json!({"whatsapp_number": "+91 80 4000 1000"}),
        _ => json!({"sender": "SHOPIN"}),
    }));
    form.extend(object(changes));
    form::read(provider(id), form, None).map(|filled| filled.settings)
}

#[test]
fn s1_30_s1_36_the_forms_ask_for_what_the_guide_names() {
    for (id, own) in [
        (PHONE, &["virtual_number", "caller_id"][..]),
        (
            WHATSAPP,
            &[
                "whatsapp_number",
                "business_name",
                "auto_reply",
                "auto_reply_text",
            ],
        ),
        (SMS, &["sender", "dlt_entity_id"]),
    ] {
        let fields = provider(id).descriptor().fields;
        let names: Vec<_> = fields.iter().map(|field| field.name).collect();
        let shared = ["account_sid", "api_key", "api_token", "region"];
        for name in shared.iter().chain(own) {
            assert!(names.contains(name), "{id} {name}");
        }
        let secrets = fields.iter().filter(|field| field.secret);
        let secrets: Vec<_> = secrets.map(|field| field.name).collect();
        assert_eq!(secrets, ["api_key", "api_token"]);
    }
}

#[test]
fn s1_49_help_tells_where_each_value_is_found() {
    for id in TYPES {
        let fields = provider(id).descriptor().fields.iter();
        for field in fields.filter(|field| field.platform.is_some()) {
            assert!(field.help.contains("Exotel dashboard"), "{}", field.name);
        }
    }
}

#[test]
fn s1_82_the_platforms_account_is_one_for_all_types() {
    for (id, own) in [
        (PHONE, "EXOTEL_PHONE_NUMBER"),
        (WHATSAPP, "EXOTEL_WHATSAPP_NUMBER"),
        (SMS, "EXOTEL_SMS_NUMBER"),
    ] {
        let fields = provider(id).descriptor().fields.iter();
        let variables: Vec<_> = fields.filter_map(|field| field.platform).collect();
        let expected = ["EXOTEL_SID", "EXOTEL_API_KEY", "EXOTEL_TOKEN", own];
        assert_eq!(variables, expected);
    }
}

#[test]
fn numbers_are_kept_as_e164_and_defaults_are_filled_in() {
    let settings = read(PHONE, json!({"callerId": "011-4000-1001"})).expect("it holds");
    assert_eq!(
        Value::from(settings),
        json!({"account_sid": "yourcompany1", "virtual_number": "+911140001000",
            "caller_id": "+911140001001", "voice_api": "v1"})
    );
    let settings = read(WHATSAPP, json!({})).expect("it holds");
    assert_eq!(
        (&settings["whatsapp_number"], &settings["auto_reply"]),
        (&json!("+918040001000"), &json!(false))
    );
    let given = json!({"account_sid": "yourcompany1", "api_key": "CANARY-key",
        "api_token": "CANARY-token", "smsNumber": "01140001000"});
    let filled = form::read(provider(SMS), object(given), None).expect("it holds");
    assert_eq!(filled.settings["sender"], "01140001000");
}

#[test]
fn what_does_not_fit_is_refused_by_field() {
    for (id, changes, refused) in [
        (PHONE, json!({"virtual_number": "4000"}), "virtual_number"),
        (PHONE, json!({"caller_id": "SHOPIN"}), "caller_id"),
        (PHONE, json!({"account_sid": ".."}), "account_sid"),
        (PHONE, json!({"region": "london"}), "region"),
        (PHONE, json!({"voice_api": "v2"}), "voice_api"),
        (
            WHATSAPP,
            json!({"whatsapp_number": null}),
            "whatsapp_number",
        ),
        (WHATSAPP, json!({"auto_reply": "yes"}), "auto_reply"),
        (SMS, json!({"sender": "two words"}), "sender"),
        (SMS, json!({"dlt_entity_id": "abc"}), "dlt_entity_id"),
        (SMS, json!({"api_token": null}), "api_token"),
    ] {
        let objections = read(id, changes.clone()).expect_err("refused");
        let fields: Vec<_> = objections.iter().map(|o| o.field.as_str()).collect();
        assert_eq!(fields, [refused], "{changes}");
        read(id, json!({})).expect("it holds without");
    }
}

#[test]
fn s1_40_an_automatic_reply_needs_its_text() {
    let objections = read(WHATSAPP, json!({"auto_reply": true})).expect_err("no text");
    assert_eq!(objections[0].field, "auto_reply_text");
    for changes in [
        json!({"auto_reply": true, "auto_reply_text": "Thank you."}),
        json!({"auto_reply": false}),
        json!({"auto_reply_text": "Thank you."}),
    ] {
        assert!(read(WHATSAPP, changes.clone()).is_ok(), "{changes}");
    }
}

#[test]
fn a_number_can_be_connected_once_and_an_account_often() {
    let accounts = |id: &str, changes: Value| {
        let settings = read(id, changes).expect("it holds");
        provider(id).accounts(&settings)
    };
    let one = accounts(PHONE, json!({}));
    assert_eq!(one.exclusive, ["yourcompany1:+911140001000"]);
    assert_eq!(one.shared, ["yourcompany1"]);
    let same = json!({"virtual_number": "+91 11 4000 1000", "region": "mumbai"});
    assert_eq!(accounts(PHONE, same), one);
    let other = accounts(PHONE, json!({"virtual_number": "01140001001"}));
    assert_ne!(other.exclusive, one.exclusive);
    assert_eq!(other.shared, one.shared);
}

#[test]
fn only_what_works_is_called_ready() {
    for id in TYPES {
        let descriptor = provider(id).descriptor();
        let ready: Vec<_> = descriptor.capabilities.iter().filter(|a| a.ready).collect();
        assert_eq!(ready.len(), usize::from(id == PHONE), "{id}");
    }
    assert!(
        provider(PHONE)
            .descriptor()
            .is_able(Capability::PhoneNumbers)
    );
}
