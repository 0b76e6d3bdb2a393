//! Exotel: one API, three types of integrations, accounts that live in one of two regions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::harness::{Answer, World, exchange};

const TYPES: [&str; 3] = ["exotel_phone", "exotel_whatsapp", "exotel_sms"];
const NUMBERS: &str = "IncomingPhoneNumbers";

/// Account SID, API key and API token.
#[derive(Debug, Clone)]
struct Keys(String, String, String);

impl Keys {
    fn of(configuration: &Value) -> Self {
        let text = |field: &str| configuration[field].as_str().unwrap().to_owned();
        Self(text("account_sid"), text("api_key"), text("api_token"))
    }

    async fn at(world: &World, account: &str) -> Self {
        Self::of(&forms(world, account).await["exotel_phone"])
    }

    fn path(&self, resource: &str) -> String {
        format!("/v2_beta/Accounts/{}/{resource}", self.0)
    }
}

async fn forms(world: &World, account: &str) -> Value {
    let path = format!("credentials?account={account}");
    world.control(Method::GET, &path, Value::Null).await
}

async fn call(world: &World, method: Method, path: &str, keys: &Keys) -> Answer {
    let pair = STANDARD.encode(format!("{}:{}", keys.1, keys.2));
    let request = Request::builder().method(method).uri(path);
    let request = request.header(header::AUTHORIZATION, format!("Basic {pair}"));
    let request = request.body(Full::new(Bytes::new())).unwrap();
    exchange(world.sandbox.address(), request).await.unwrap()
}

async fn numbers(world: &World, keys: &Keys) -> Answer {
    call(world, Method::GET, &keys.path(NUMBERS), keys).await
}

/// The status, which the body has to repeat.
#[track_caller]
fn refusal(answer: &Answer) -> u16 {
    let exception = &answer.body["RestException"];
    assert_eq!(exception["Status"], answer.status, "{answer:?}");
    assert!(exception["Message"].is_string(), "{answer:?}");
    answer.status
}

#[tokio::test]
async fn s1_82_one_account_has_a_form_for_each_type() {
    let world = World::start().await;
    let forms = forms(&world, "one").await;
    for (kind, own) in TYPES
        .into_iter()
        .zip(["virtual_number", "whatsapp_number", "sender"])
    {
        assert!(forms[kind][own].is_string(), "{kind}");
        for shared in ["account_sid", "api_key", "api_token"] {
            assert_eq!(forms[kind][shared], forms[TYPES[0]][shared]);
        }
    }
}

#[tokio::test]
async fn key_and_token_are_taken_from_the_authorization_header_only() {
    let world = World::start().await;
    let keys = Keys::at(&world, "one").await;
    let Keys(sid, key, token) = keys.clone();
    assert_eq!(numbers(&world, &keys).await.status, 200);
    for wrong in [
        Keys(sid.clone(), key.clone(), "wrong".into()),
        Keys(sid.clone(), token.clone(), key.clone()),
        Keys(sid.clone(), "wrong".into(), token.clone()),
    ] {
        assert_eq!(refusal(&numbers(&world, &wrong).await), 401);
    }
    let other = Keys::at(&world, "suspended").await;
    assert_eq!(
        refusal(&numbers(&world, &Keys(other.0, key, token)).await),
        404
    );
    let bare = Request::get(keys.path(NUMBERS)).body(Full::default());
    let bare = exchange(world.sandbox.address(), bare.unwrap());
    assert_eq!(refusal(&bare.await.unwrap()), 401);
}

#[tokio::test]
async fn s1_68_an_account_that_may_do_nothing_says_so() {
    let world = World::start().await;
    for (account, status) in [("suspended", 403), ("no_balance", 402)] {
        let keys = Keys::at(&world, account).await;
        assert_eq!(refusal(&numbers(&world, &keys).await), status);
        // That comes out only to who has the credentials.
        let wrong = Keys(keys.0, keys.1, "wrong".into());
        assert_eq!(refusal(&numbers(&world, &wrong).await), 401);
    }
    let old = Keys::at(&world, "old").await;
    assert_eq!(old.0, old.1);
    assert_eq!(numbers(&world, &old).await.status, 200);
}

#[tokio::test]
async fn t6_a_region_knows_its_own_accounts_only() {
    let world = World::start().await;
    for (account, singapore, mumbai) in [("one", 200, 401), ("two", 401, 200)] {
        let keys = Keys::at(&world, account).await;
        for (host, status) in [
            ("/api.exotel.com", singapore),
            ("/api.in.exotel.com", mumbai),
            ("", 200),
        ] {
            let path = format!("{host}{}", keys.path(NUMBERS));
            let answer = call(&world, Method::GET, &path, &keys).await;
            assert_eq!(answer.status, status, "{account} {host}");
        }
    }
}

#[tokio::test]
async fn numbers_come_in_pages_that_are_counted() {
    let world = World::start().await;
    let keys = Keys::at(&world, "many").await;
    let page = async |query: &str| {
        let path = format!("{}{query}", keys.path(NUMBERS));
        call(&world, Method::GET, &path, &keys).await
    };
    let mut seen = std::collections::HashSet::new();
    for (number, length) in [(0, 50), (1, 50), (2, 20), (3, 0)] {
        let body = page(&format!("?Page={number}&PageSize=50")).await.body;
        let items = body["incoming_phone_numbers"].as_array().unwrap();
        assert_eq!(items.len(), length);
        assert_eq!(body["next_page_uri"].is_null(), number >= 2, "{number}");
        assert_eq!(body["previous_page_uri"].is_null(), number == 0);
        for item in items {
            assert!(seen.insert(item["phone_number"].to_string()));
        }
    }
    assert_eq!(seen.len(), 120);
    let first = page("").await.body;
    assert_eq!(
        (&first["page"], &first["page_size"]),
        (&0.into(), &50.into())
    );
    for query in [
        "?PageSize=0",
        "?PageSize=101",
        "?Page=-1",
        "?Page=x",
        "?page=1",
    ] {
        assert_eq!(refusal(&page(query).await), 400, "{query}");
    }
}

#[tokio::test]
async fn what_is_not_a_read_of_the_numbers_is_not_found() {
    let world = World::start().await;
    let keys = Keys::at(&world, "one").await;
    let list = keys.path(NUMBERS);
    for (method, path) in [
        (Method::POST, list.clone()),
        (Method::PUT, format!("{list}/1")),
        (Method::GET, keys.path("incomingphonenumbers")),
        (Method::GET, list.replace("v2_beta", "v1")),
        (Method::GET, "/v2_beta/Accounts".to_owned()),
    ] {
        let answer = call(&world, method, &path, &keys).await;
        assert_eq!(refusal(&answer), 404, "{path}");
    }
    assert_eq!(call(&world, Method::GET, &list, &keys).await.status, 200);
}

#[tokio::test]
async fn a_type_can_be_named_in_front_and_fails_alone() {
    let world = World::start().await;
    let keys = Keys::at(&world, "one").await;
    for (fault, status) in [
        ("rate_limit", 429),
        ("bad_credential", 401),
        ("missing_scope", 403),
    ] {
        let rule = json!({"provider": "exotel_sms", "account": "one", "fault": fault});
        world.control(Method::POST, "faults", rule).await;
        for (kind, expected) in [("exotel_phone", 200), ("exotel_sms", status)] {
            let path = format!("/{kind}{}", keys.path(NUMBERS));
            let answer = call(&world, Method::GET, &path, &keys).await;
            assert_eq!(answer.status, expected, "{kind} {fault}");
        }
    }
    let path = "requests?provider=exotel_sms&account=one";
    let log = world.control(Method::GET, path, Value::Null).await;
    assert_eq!(log.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn an_account_can_have_several_keys_and_all_of_them_work() {
    let world = World::start().await;
    let first = Keys::at(&world, "one").await;
    let secrets = json!({"api_key": "another-key", "api_token": "another-token"});
    let wanted = json!({"provider": "exotel_phone", "of": "one", "secrets": secrets});
    let made = world.control(Method::POST, "accounts", wanted).await;
    assert_eq!(made["accounts"][0]["account"], "one-2");
    let second = Keys::of(&made["accounts"][0]["configuration"]);
    assert_eq!((&second.0, second.1.as_str()), (&first.0, "another-key"));
    for keys in [&first, &second] {
        assert_eq!(numbers(&world, keys).await.status, 200);
    }
    let mixed = Keys(first.0, first.1, second.2);
    assert_eq!(refusal(&numbers(&world, &mixed).await), 401);

    let wanted = json!({"provider": "exotel_whatsapp", "count": 2});
    let made = world.control(Method::POST, "accounts", wanted).await;
    let form = &made["accounts"][1]["configuration"];
    assert!(form["whatsapp_number"].is_string());
    assert_eq!(numbers(&world, &Keys::of(form)).await.status, 200);
}

#[tokio::test]
async fn a_sid_is_no_secret_whatever_it_is_used_for() {
    let world = World::start().await;
    let secrets = world.sandbox.secrets();
    let is_secret = |text: &str| secrets.iter().filter(|(_, secret)| secret == text).count();
    let (one, old) = (Keys::at(&world, "one").await, Keys::at(&world, "old").await);
    for (text, times) in [
        (&one.1, 1),
        (&one.2, 1),
        (&old.2, 1),
        (&old.1, 0),
        (&one.0, 0),
    ] {
        assert_eq!(is_secret(text), times);
    }
}
