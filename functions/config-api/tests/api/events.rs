//! What providers told us: through ingress and router into the list, once, newest first, for those who may see it.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::IntegrationId;
use http::Method;
use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::queue;
use crate::stage::{
    ADMIN, AGENT, INTEGRATIONS, MANAGER, OPERATOR, Person, Reply, SERVICE, STRANGER, Stage, event,
};

const EVENTS: &str = "/api/v1/events";
/// Where in a cursor the name of its ring is over.
const BEHIND_THE_RING: usize = 29;

/// Connects an account for somebody; the integration's id.
async fn connect(stage: &Stage, who: Person, account: &str, owner: &str) -> String {
    let about = json!({"provider": "whatsapp", "owner": owner});
    let form = stage.form_with(account, about).await;
    let reply = stage.call(who, "POST", INTEGRATIONS, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.id().to_owned()
}

/// The provider delivers something of an account.
async fn deliver(stage: &Stage, account: &str, what: Value) {
    let mut wanted = json!({"provider": "whatsapp", "account": account});
    for (name, value) in what.as_object().into_iter().flatten() {
        wanted[name] = value.clone();
    }
    let sent = stage.control(Method::POST, "/_sandbox/send", wanted).await;
    assert_eq!(sent["status"], 200, "{sent}");
}

/// Somebody writes to an account.
async fn write_in(stage: &Stage, account: &str, text: &str) {
    deliver(stage, account, json!({ "text": text })).await;
}

/// Hands all that is on the inbound queue to the router.
async fn route(stage: &Stage) {
    let sdk = stage.cloud.sdk_config();
    let config = inbound_router::config::Config {
        activity_table: names::ACTIVITY.into(),
        audit_table: names::AUDIT.into(),
    };
    let router = inbound_router::Context::with(config, &sdk, stage.clock.clone());
    while !stage.cloud.messages(names::INBOUND).is_empty() {
        let batch = queue::take(&stage.cloud, names::INBOUND).await;
        let batch = serde_json::from_value(batch).expect("a batch");
        let reply = inbound_router::handle(&router, &batch).await;
        let reply = serde_json::to_value(reply).expect("an answer");
        assert_eq!(reply, json!({"batchItemFailures": []}));
    }
}

/// Asks as somebody of tenant one, or for it.
async fn ask(stage: &Stage, who: Person, query: &str) -> Reply {
    let mut event = event(who, "GET", EVENTS, &Value::Null);
    event["rawQueryString"] = query.into();
    if who.role == "operator" {
        event["headers"]["x-switchboard-tenant"] = "t_one".into();
    }
    stage.raw(event).await
}

fn lines(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.body["data"].as_array().expect("a list").clone()
}

fn texts(reply: &Reply) -> Vec<String> {
    let lines = lines(reply);
    let text = |line: &Value| line["payload"]["text"]["body"].as_str().map(str::to_owned);
    lines.iter().map(|line| text(line).expect("text")).collect()
}

fn cursor(reply: &Reply) -> Option<&str> {
    reply.body["next_cursor"].as_str()
}

/// All pages of a query, one after another.
async fn pages(stage: &Stage, who: Person, query: &str) -> Vec<Reply> {
    let mut pages = vec![ask(stage, who, query).await];
    while let Some(next) = pages.last().and_then(cursor) {
        let next = ask(stage, who, &format!("{query}&cursor={next}")).await;
        pages.push(next);
        assert!(pages.len() < 200, "it does not end");
    }
    pages
}

#[tokio::test]
async fn what_the_provider_sent_is_listed_newest_first_as_it_came() {
    let stage = Stage::new().await;
    let id = connect(&stage, ADMIN, "one", "tenant").await;
    for text in ["first", "नमस्ते \"second\" \\", "third"] {
        stage.clock.advance(Duration::from_millis(1));
        write_in(&stage, "one", text).await;
    }
    let sent = stage.events();
    assert!(lines(&ask(&stage, ADMIN, "").await).is_empty());
    route(&stage).await;
    let reply = ask(&stage, ADMIN, "").await;
    assert_eq!(texts(&reply), ["third", "नमस्ते \"second\" \\", "first"]);
    assert_eq!(cursor(&reply), None);
    for (line, sent) in lines(&reply).iter().zip(sent.iter().rev()) {
        assert_eq!(line["kind"], "message");
        assert_eq!(line["provider"], "whatsapp");
        assert_eq!(line["integration_id"], *id);
        assert_eq!(line["received_at"], sent["received_at"]);
        for name in ["account", "occurred_at", "payload"] {
            assert_eq!(line[name], sent["event"][name], "{name}");
        }
        let name = line["id"].as_str().expect("an id");
        assert!(name.starts_with("evt_") && name.len() == 62, "{name}");
    }
    assert_eq!(ask(&stage, ADMIN, "").await.text, reply.text);
}

#[tokio::test]
async fn a_payload_keeps_the_providers_own_spelling() {
    let stage = Stage::new().await;
    connect(&stage, ADMIN, "one", "tenant").await;
    write_in(&stage, "one", "x").await;
    let body = &stage.events()[0]["event"];
    let (account, form) = (&body["account"], stage.form("one").await);
    let message =
        r#"{"id":"wamid.9","timestamp":"1767225600","n":12345678901234567890123,"t":"\u00e9\/"}"#;
    let raw = format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":{},"changes":[{{"field":"messages","value":
        {{"messaging_product":"whatsapp","metadata":{{"phone_number_id":{account}}},"messages":[{message}]}}}}]}}]}}"#,
        form["waba_id"],
    );
    deliver(&stage, "one", json!({ "raw_body": raw })).await;
    route(&stage).await;
    let reply = ask(&stage, ADMIN, "").await;
    assert_eq!(lines(&reply).len(), 2);
    assert!(reply.text.contains(message), "{}", reply.text);
}

#[tokio::test]
async fn more_than_a_hundred_come_page_by_page_also_of_one_millisecond() {
    let stage = Stage::new().await;
    connect(&stage, ADMIN, "one", "tenant").await;
    for number in 0..130 {
        if number % 50 == 0 {
            stage.clock.advance(Duration::from_millis(1));
        }
        write_in(&stage, "one", &number.to_string()).await;
    }
    route(&stage).await;
    for (limit, sizes) in [
        (100, vec![100, 30]),
        (65, vec![65, 65]),
        (33, vec![33, 33, 33, 31]),
    ] {
        let pages = pages(&stage, ADMIN, &format!("limit={limit}")).await;
        let counts: Vec<_> = pages.iter().map(|page| lines(page).len()).collect();
        assert_eq!(counts, sizes);
        let all: Vec<_> = pages.iter().flat_map(texts).collect();
        let numbers: Vec<u32> = all.iter().map(|text| text.parse().expect("one")).collect();
        // Those of one millisecond are in no order, and those of a later one come first.
        assert!(numbers.is_sorted_by_key(|number| std::cmp::Reverse(number / 50)));
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), 130);
    }
    assert_eq!(lines(&ask(&stage, ADMIN, "").await).len(), 50);
}

#[tokio::test]
async fn one_integration_can_be_asked_for() {
    let stage = Stage::new().await;
    let one = connect(&stage, ADMIN, "one", "tenant").await;
    let two = connect(&stage, ADMIN, "two", "tenant").await;
    for number in 0..5 {
        stage.clock.advance(Duration::from_millis(1));
        write_in(&stage, "one", &format!("one {number}")).await;
        write_in(&stage, "two", &format!("two {number}")).await;
    }
    route(&stage).await;
    assert_eq!(lines(&ask(&stage, ADMIN, "").await).len(), 10);
    for (id, name) in [(&one, "one"), (&two, "two")] {
        let expected: Vec<_> = (0..5).rev().map(|n| format!("{name} {n}")).collect();
        let pages = pages(&stage, ADMIN, &format!("integration={id}&limit=2")).await;
        let found: Vec<_> = pages.iter().flat_map(texts).collect();
        assert_eq!((found, pages.len()), (expected, 3));
    }
    for id in ["", "x", "whatsapp", "int_", &one.to_uppercase()] {
        let reply = ask(&stage, ADMIN, &format!("integration={id}")).await;
        reply.is_problem(400, "invalid_parameter");
        assert!(reply.text.contains("integration"), "{}", reply.text);
    }
}

#[tokio::test]
async fn everybody_sees_what_they_may_and_no_more() {
    let stage = Stage::new().await;
    let tenants = connect(&stage, ADMIN, "one", "tenant").await;
    let agents = connect(&stage, AGENT, "two", "user").await;
    let made = json!({"provider": "whatsapp", "count": 2});
    let made = stage
        .control(Method::POST, "/_sandbox/accounts", made)
        .await;
    let account = |place: usize| made["accounts"][place]["account"].as_str().expect("a name");
    let own = connect(&stage, ADMIN, account(0), "user").await;
    let foreign = connect(&stage, STRANGER, account(1), "tenant").await;
    for (account, text) in [
        ("one", "the tenant's"),
        ("two", "the agent's"),
        (account(0), "the admin's"),
        (account(1), "a stranger's"),
    ] {
        stage.clock.advance(Duration::from_millis(1));
        write_in(&stage, account, text).await;
    }
    // An account that is not the route's own.
    stage.clock.advance(Duration::from_millis(1));
    let astray = json!({"text": "astray", "phone_number_id": "1"});
    deliver(&stage, "one", astray).await;
    route(&stage).await;

    for who in [MANAGER, AGENT] {
        ask(&stage, who, "").await.is_problem(403, "forbidden");
        let query = format!("integration={agents}");
        ask(&stage, who, &query).await.is_problem(403, "forbidden");
    }
    for (who, seen) in [
        (ADMIN, vec!["astray", "the admin's", "the tenant's"]),
        (OPERATOR, vec!["astray", "the tenant's"]),
        (SERVICE, vec!["astray", "the tenant's"]),
        (STRANGER, vec!["a stranger's"]),
    ] {
        let pages = pages(&stage, who, "limit=1").await;
        let found: Vec<_> = pages.iter().flat_map(texts).collect();
        assert_eq!(found, seen, "{who:?}");
    }
    let kinds: Vec<_> = lines(&ask(&stage, ADMIN, "").await)
        .iter()
        .map(|line| line["kind"].clone())
        .collect();
    assert_eq!(kinds, ["quarantined", "message", "message"]);

    // Of another user's, of another tenant's, and of one that never was, alike.
    let never = IntegrationId::make().to_string();
    let alike: BTreeSet<_> = join(&stage, ADMIN, [&agents, &foreign, &never]).await;
    assert_eq!(alike.len(), 1, "{alike:?}");
    assert!(
        alike
            .iter()
            .all(|(_, _, text)| text.contains(r#""data":[]"#))
    );
    for id in [&tenants, &own] {
        let reply = ask(&stage, ADMIN, &format!("integration={id}")).await;
        assert!(!lines(&reply).is_empty(), "{id}");
    }
}

async fn join(stage: &Stage, who: Person, ids: [&String; 3]) -> BTreeSet<(u64, String, String)> {
    let mut answers = BTreeSet::new();
    for id in ids {
        let reply = ask(stage, who, &format!("integration={id}")).await;
        answers.insert(reply.but_for_its_id());
    }
    answers
}

#[tokio::test]
async fn events_of_a_removed_integration_stay_with_those_who_saw_them() {
    let stage = Stage::new().await;
    let tenants = connect(&stage, ADMIN, "one", "tenant").await;
    let agents = connect(&stage, AGENT, "two", "user").await;
    let made = json!({"provider": "whatsapp", "count": 1});
    let made = stage
        .control(Method::POST, "/_sandbox/accounts", made)
        .await;
    let account = made["accounts"][0]["account"].as_str().expect("a name");
    let own = connect(&stage, ADMIN, account, "user").await;
    for account in ["one", "two", account] {
        write_in(&stage, account, account).await;
    }
    route(&stage).await;
    for who in [ADMIN, OPERATOR, SERVICE] {
        let before = texts(&ask(&stage, who, "").await);
        assert_eq!(before.len(), if who.user == ADMIN.user { 2 } else { 1 });
        assert!(!before.contains(&"two".to_owned()));
    }
    let before = ask(&stage, ADMIN, "").await.body;
    for (who, id) in [(ADMIN, &tenants), (AGENT, &agents), (ADMIN, &own)] {
        let path = format!("{INTEGRATIONS}/{id}");
        let reply = stage.call(who, "DELETE", &path, Value::Null).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    assert_eq!(ask(&stage, ADMIN, "").await.body, before);
    for who in [OPERATOR, SERVICE] {
        assert_eq!(texts(&ask(&stage, who, "").await), ["one"]);
    }
    for (id, count) in [(&tenants, 1), (&own, 1), (&agents, 0)] {
        let reply = ask(&stage, ADMIN, &format!("integration={id}")).await;
        assert_eq!(lines(&reply).len(), count, "{id}");
    }
}

#[tokio::test]
async fn cursors_that_were_not_given_for_this_very_list_are_refused() {
    let stage = Stage::new().await;
    let one = connect(&stage, ADMIN, "one", "tenant").await;
    connect(&stage, STRANGER, "two", "tenant").await;
    for account in ["one", "two"] {
        for text in ["a", "b", "c"] {
            write_in(&stage, account, text).await;
        }
    }
    route(&stage).await;
    let of = |reply: &Reply| cursor(reply).expect("more").to_owned();
    let good = of(&ask(&stage, ADMIN, "limit=1").await);
    let narrow = format!("integration={one}&limit=1");
    let narrow = of(&ask(&stage, ADMIN, &narrow).await);
    let foreign = of(&ask(&stage, STRANGER, "limit=1").await);
    let logs = "/api/v1/settings/audit-logs";
    let logs = of(&stage.query(ADMIN, logs, "limit=1").await);
    let mut refused = vec![
        foreign,
        logs,
        narrow.clone(),
        String::new(),
        "abc".into(),
        "2026-01-01T00:00:00.000Z%230000000000000000".into(),
        format!("{good}A"),
        good[..good.len() - 1].to_owned(),
    ];
    for place in BEHIND_THE_RING..good.len() {
        let other = if &good[place..=place] == "A" {
            "B"
        } else {
            "A"
        };
        let mut forged = good.clone();
        forged.replace_range(place..=place, other);
        refused.push(forged);
    }
    for cursor in refused {
        let reply = ask(&stage, ADMIN, &format!("cursor={cursor}")).await;
        reply.is_problem(400, "invalid_parameter");
    }
    let reply = ask(&stage, ADMIN, &format!("integration={one}&cursor={good}")).await;
    reply.is_problem(400, "invalid_parameter");
    for query in [
        format!("cursor={good}"),
        format!("integration={one}&cursor={narrow}"),
    ] {
        assert_eq!(lines(&ask(&stage, ADMIN, &query).await).len(), 2);
    }
}

#[tokio::test]
async fn no_answer_is_larger_than_lambda_can_hand_over() {
    const LAMBDA: usize = 6 * 1024 * 1024;
    let stage = Stage::new().await;
    connect(&stage, ADMIN, "one", "tenant").await;
    // As large as it gets: quotes are escaped in the payload, and once more in the answer.
    let text = "\"".repeat(90_000);
    for _ in 0..20 {
        write_in(&stage, "one", &text).await;
    }
    route(&stage).await;
    let pages = pages(&stage, ADMIN, "limit=100").await;
    assert!(pages.len() > 1);
    assert_eq!(
        pages.iter().map(|page| lines(page).len()).sum::<usize>(),
        20
    );
    let answers = stage.answers.borrow();
    let largest = answers.iter().map(String::len).max().expect("answers");
    assert!((3_000_000..LAMBDA).contains(&largest), "{largest}");
}

#[tokio::test]
async fn while_a_table_is_away_the_answer_says_so_and_then_the_list_is_back() {
    let stage = Stage::new().await;
    connect(&stage, ADMIN, "one", "tenant").await;
    write_in(&stage, "one", "x").await;
    route(&stage).await;
    for (operation, table) in [
        ("BatchGetItem", names::INTEGRATIONS),
        ("Query", names::INTEGRATIONS),
        ("Query", names::ACTIVITY),
        ("BatchGetItem", names::ACTIVITY),
    ] {
        let calls = Calls::of(operation).on(table).always();
        stage.cloud.faults().fail(calls, Fault::AccessDenied);
        let reply = ask(&stage, ADMIN, "").await;
        reply.is_problem(503, "temporarily_unavailable");
        stage.cloud.faults().clear();
        assert_eq!(texts(&ask(&stage, ADMIN, "").await), ["x"]);
    }
}
