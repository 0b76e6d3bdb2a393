//! What the older paths read is wiped: the body as it came, our own types, and the form that they become; also if it cannot
//! be read because of another field.
//!
//! The canaries are in memory before anything is watched, and are lent to what is watched.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

use contract::older::{
    CreateIntegration, ElevenLabsConfig, TenantWhatsApp, TestIntegration, WhatsAppSettings,
};
use domain::Given;
use edge::{Problem, input};
use heap_watch::{HeapWatch, Left, left_behind};
use providers::descriptor::Category;
use serde::de::DeserializeOwned;

#[global_allocator]
static HEAP: HeapWatch = HeapWatch;

const TOKEN: &str = "CANARY-EAAG-4f1d9b0e7c2a58364f1d9b0e";
const APP_SECRET: &str = "ca4a12e5ca4a12e50123456789abcdef";
const SECRETS: &[&str] = &[TOKEN, APP_SECRET];

/// How a path turns its body into fields of a form.
type Read = fn(Given) -> Result<Given, Problem>;

const ELEVENLABS: Read = |given| Ok(input::read::<ElevenLabsConfig>(given)?.fields());
const WHATSAPP: Read = |given| Ok(input::read::<WhatsAppSettings>(given)?.fields());
const TENANT_WHATSAPP: Read = |given| Ok(input::read::<TenantWhatsApp>(given)?.fields());
const CREATE: Read = |given| {
    let given: CreateIntegration = input::read(given)?;
    Ok(given.configuration.of_category(Category::Crm)?.1)
};
const TEST: Read = |given| {
    let given: TestIntegration = input::read(given)?;
    Ok(given.configuration.of_category(Category::Crm)?.1)
};

/// Reads the body as the path does; whether it was taken, and what was left in memory of it.
fn reading(read: Read, body: &str) -> (bool, Vec<Left>) {
    let mut taken = false;
    let left = left_behind(SECRETS, || {
        let given: Given = serde_json::from_str(body).expect("JSON");
        let fields = read(given);
        taken = fields.is_ok();
        fields
    });
    (taken, left)
}

/// The body of a CRM, with these members besides.
fn crm(configuration: &str, besides: &str) -> String {
    format!(
        r#"{{"name":"Mine","type":"CRM","configuration":{{"provider":"CUSTOM_CRM",{configuration}}}{besides}}}"#
    )
}

#[test]
fn e6_a_body_of_an_older_path_leaves_nothing() {
    let whatsapp = format!(
        r#"{{"accessToken":"{TOKEN}","phoneNumberId":"106540352242922","appSecret":"{APP_SECRET}"}}"#
    );
    let object = format!(
        r#""baseUrl":"https://crm.example.com","credentials":{{"username":"{TOKEN}","password":"{APP_SECRET}"}}"#
    );
    let flags = format!(r#""apiKey":"{TOKEN}","features":{{"syncContacts":true}}"#);
    for (read, body) in [
        (ELEVENLABS, format!(r#"{{"apiKey":"{TOKEN}"}}"#)),
        (WHATSAPP, whatsapp.clone()),
        (TENANT_WHATSAPP, whatsapp),
        (CREATE, crm(&object, "")),
        (CREATE, crm(&flags, "")),
        (TEST, crm(&object, "").replace(r#""name":"Mine","#, "")),
    ] {
        assert_eq!(reading(read, &body), (true, vec![]), "{body}");
    }
}

#[test]
fn e6_a_body_with_another_field_that_is_wrong_leaves_nothing() {
    let whatsapp =
        |wrong: &str| format!(r#"{{"accessToken":"{TOKEN}",{wrong},"appSecret":"{APP_SECRET}"}}"#);
    let configuration = format!(r#""apiKey":"{TOKEN}","apiToken":"{APP_SECRET}""#);
    let mut bodies = Vec::new();
    for wrong in [
        r#""phoneNumberId":106540352242922"#,
        r#""phone_number_id":"1","phoneNumberId":"1""#,
        r#""access_token":"1""#,
        r#""aaa":1"#,
        r#""zzz":1"#,
    ] {
        bodies.push((WHATSAPP, whatsapp(wrong)));
        bodies.push((TENANT_WHATSAPP, whatsapp(wrong)));
    }
    // In the wrong places themselves.
    for misplaced in [
        format!(r#"{{"enabled":"{TOKEN}"}}"#),
        format!(r#"{{"accessToken":["{TOKEN}",{{"x":"{APP_SECRET}"}}]}}"#),
        format!(r#"{{"colour":"{TOKEN}","accessToken":"{APP_SECRET}"}}"#),
    ] {
        bodies.push((WHATSAPP, misplaced));
    }
    bodies.push((
        ELEVENLABS,
        format!(r#"{{"agentId":7,"apiKey":"{TOKEN}","phoneNumberId":{{"x":"{APP_SECRET}"}}}}"#),
    ));
    for read in [CREATE, TEST] {
        bodies.push((read, crm(&configuration, r#","colour":1"#)));
        let unknown = crm(&configuration, "").replace("CUSTOM_CRM", "WHATSAPP");
        bodies.push((read, unknown));
        bodies.push((read, crm(&format!(r#"{configuration},"features":[1]"#), "")));
        let twice = format!(r#"{configuration},"features":{{"api_key":"{TOKEN}"}}"#);
        bodies.push((read, crm(&twice, "")));
    }
    for (read, body) in bodies {
        assert_eq!(reading(read, &body), (false, vec![]), "{body}");
    }
}

/// Reads as anybody would: values move out of what wipes them, or are copied on the way.
fn carelessly<T: DeserializeOwned>(mut given: Given) -> Result<Given, Problem> {
    let fields = std::mem::take(&mut *given);
    let read: Result<T, _> = serde_json::from_value(fields.into());
    read.map(|_| Given::default())
        .map_err(|error| Problem::bad_body(error.to_string()))
}

#[test]
fn e6_what_nobody_wipes_is_found() {
    let misplaced = format!(r#"{{"access_token":"{TOKEN}","enabled":"{APP_SECRET}"}}"#);
    let object = format!(r#""credentials":{{"username":"{TOKEN}","password":"{APP_SECRET}"}}"#);
    for (read, body, is_taken) in [
        (carelessly::<WhatsAppSettings> as Read, misplaced, false),
        (carelessly::<CreateIntegration>, crm(&object, ""), true),
    ] {
        let (taken, left) = reading(read, &body);
        assert_eq!(taken, is_taken, "{body}");
        assert!(!left.is_empty(), "{body}");
    }
}
