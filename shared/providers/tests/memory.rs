//! What a tenant filled in is wiped: the parsed body, the form, and what verifies its webhooks.
//!
//! The canaries are in memory before anything is watched, and are lent to what is watched.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

use domain::Given;
use heap_watch::{HeapWatch, Left, left_behind};
use providers::form::{self, Filled};
use providers::{Provider, Webhooks};
use secrecy::SecretString;
use serde_json::{Map, Value};

#[global_allocator]
static HEAP: HeapWatch = HeapWatch;

const TOKEN: &str = "CANARY-EAAG-4f1d9b0e7c2a58364f1d9b0e";
const OTHER_TOKEN: &str = "CANARY-EAAG-b7e2065c9d1f8a43b7e2065c";
const APP_SECRET: &str = "ca4a12e5ca4a12e50123456789abcdef";
const SECRETS: &[&str] = &[TOKEN, OTHER_TOKEN, APP_SECRET];

fn whatsapp() -> &'static dyn Provider {
    providers::find("whatsapp").expect("listed")
}

fn webhooks() -> &'static dyn Webhooks {
    whatsapp().webhooks().expect("it calls us")
}

fn body() -> String {
    format!(
        r#"{{"access_token":"  {TOKEN} ","appSecret":"{APP_SECRET}","phone_number_id":"106540352242922"}}"#
    )
}

fn read(body: &str, stored: Option<&Filled>) -> Option<Filled> {
    let given: Given = serde_json::from_str(body).ok()?;
    form::read(whatsapp(), given, stored).ok()
}

#[track_caller]
fn assert_nothing_left(left: &[Left]) {
    assert_eq!(left, []);
}

#[test]
fn e6_a_form_that_holds_leaves_nothing() {
    let body = body();
    let left = left_behind(SECRETS, || {
        let first = read(&body, None).expect("it holds");
        let changed = format!(r#"{{"app_secret":"{}"}}"#, "••••cdef");
        let second = read(&changed, Some(&first)).expect("it holds");
        let verify_token = SecretString::from(OTHER_TOKEN);
        let secret = webhooks().secret(&second.credentials, &verify_token);
        let secret = secret.expect("an app secret was given");
        drop(webhooks().verifier(Some(&secret)));
    });
    assert_nothing_left(&left);
}

#[test]
fn e6_a_form_that_is_odd_or_refused_leaves_nothing() {
    let whole = body();
    let twice = whole.replace("appSecret", "access_token");
    let unknown = whole.replace("access_token", "acces_token");
    let nested = format!(r#"{{"access_token":[["{TOKEN}",{{"x":"{APP_SECRET}"}}]]}}"#);
    let broken = whole.strip_suffix('}').expect("an object");
    for odd in [&twice, &unknown, &nested, broken] {
        assert_nothing_left(&left_behind(SECRETS, || read(odd, None)));
    }
}

#[test]
fn e6_credentials_in_an_object_leave_nothing() {
    let crm = providers::find("custom_crm").expect("listed");
    let form = |credentials: &str| {
        let start = r#"{"base_url":"https://crm.example.com","auth_type":"basic","credentials":"#;
        format!("{start}{credentials}}}")
    };
    let read = |body: &str| {
        let given: Given = serde_json::from_str(body).expect("JSON");
        form::read(crm, given, None)
    };
    let whole = form(&format!(
        r#"{{"username":"{TOKEN}","password":"{APP_SECRET}"}}"#
    ));
    let nested = form(&format!(
        r#"{{"username":"{TOKEN}","password":["{APP_SECRET}"]}}"#
    ));
    assert!(read(&whole).is_ok() && read(&nested).is_err());
    for body in [&whole, &nested] {
        assert_nothing_left(&left_behind(SECRETS, || read(body)));
    }
}

#[test]
fn e6_a_form_with_a_flag_leaves_nothing() {
    let chatwoot = providers::find("chatwoot").expect("listed");
    let pasted = format!(r#""{APP_SECRET}""#);
    for (flag, holds) in [("true", true), ("1", false), (&pasted, false)] {
        let body = format!(
            r#"{{"base_url":"https://chat.example.com","account_id":"7","api_key":"{TOKEN}","sync_contacts":{flag}}}"#
        );
        let mut held = false;
        let left = left_behind(SECRETS, || {
            let given: Given = serde_json::from_str(&body).expect("JSON");
            let filled = form::read(chatwoot, given, None);
            held = filled.is_ok();
            filled
        });
        assert_eq!(held, holds, "{body}");
        assert_nothing_left(&left);
    }
}

#[test]
fn e6_what_nobody_wipes_is_found() {
    let body = body();
    let plainly = |body: &str| -> Map<String, Value> { serde_json::from_str(body).expect("JSON") };
    let left = left_behind(SECRETS, || drop(plainly(&body)));
    assert_eq!(left.len(), 2, "{left:?}");
    // A text that was built piece by piece has room to spare, which is cut off by copying.
    let left = left_behind(SECRETS, || {
        let mut text = String::with_capacity(2 * TOKEN.len());
        text.push_str(TOKEN);
        SecretString::from(text)
    });
    assert_eq!(left.len(), 1, "{left:?}");
    let left = left_behind(SECRETS, || {
        let mut text = String::with_capacity(2 * TOKEN.len());
        text.push_str(TOKEN);
        domain::secret::take(text)
    });
    assert_nothing_left(&left);
}
