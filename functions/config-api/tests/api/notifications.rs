//! What somebody should know, told to those whose integration it is about and to nobody else.

use std::time::Duration;

use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{
    ADMIN, AGENT, INTEGRATIONS, MANAGER, OPERATOR, Person, Reply, SERVICE, STRANGER, Stage, event,
};

const NOTIFICATIONS: &str = "/api/v1/settings/notifications";
/// Where in a cursor the name of its ring is over.
const BEHIND_THE_RING: usize = 29;

async fn connect(stage: &Stage, who: Person, account: &str, owner: &str) -> String {
    let about = json!({"provider": "whatsapp", "owner": owner, "name": account});
    let form = stage.form_with(account, about).await;
    let reply = stage.call(who, "POST", INTEGRATIONS, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.id().to_owned()
}

/// Asks as somebody of tenant one, or for it.
async fn ask(stage: &Stage, who: Person, path: &str, query: &str) -> Reply {
    let mut event = event(who, "GET", path, &Value::Null);
    event["rawQueryString"] = query.into();
    if who.role == "operator" {
        event["headers"]["x-switchboard-tenant"] = "t_one".into();
    }
    stage.raw(event).await
}

async fn reveal(stage: &Stage, who: Person, id: &str) {
    let path = format!("{INTEGRATIONS}/{id}/credentials");
    let reply = ask(stage, who, &path, "reason=a+move").await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

/// The provider refuses what is stored, which a test of it finds out.
async fn refuse(stage: &Stage, who: Person, id: &str) {
    stage.fault(json!("bad_credential")).await;
    let path = format!("{INTEGRATIONS}/{id}/test");
    let request = serde_json::from_value(event(who, "POST", &path, &Value::Null));
    let request = request.expect("an event");
    let reply = connection_test::handle(&stage.connection_test(), request).await;
    assert_ne!(reply.status(), 200, "{}", reply.body());
    let reset = json!({});
    stage
        .control(http::Method::DELETE, "/_sandbox/faults", reset)
        .await;
}

fn lines(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.body["data"].as_array().expect("a list").clone()
}

fn cursor(reply: &Reply) -> Option<&str> {
    reply.body["next_cursor"].as_str()
}

async fn codes(stage: &Stage, who: Person) -> Vec<Value> {
    let reply = ask(stage, who, NOTIFICATIONS, "").await;
    lines(&reply)
        .iter()
        .map(|line| line["code"].clone())
        .collect()
}

/// All pages of a list, one after another.
async fn pages(stage: &Stage, who: Person, limit: usize) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut query = format!("limit={limit}");
    loop {
        let reply = ask(stage, who, NOTIFICATIONS, &query).await;
        pages.push(lines(&reply));
        assert!(pages.len() < 200, "it does not end");
        match cursor(&reply) {
            Some(next) => query = format!("limit={limit}&cursor={next}"),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn admins_are_told_of_the_organisations_integrations_and_nobody_else_is() {
    let stage = Stage::new().await;
    let id = connect(&stage, ADMIN, "one", "tenant").await;
    assert!(codes(&stage, ADMIN).await.is_empty());
    reveal(&stage, ADMIN, &id).await;
    stage.clock.advance(Duration::from_secs(1));
    refuse(&stage, ADMIN, &id).await;
    let expected = ["integration_invalid", "credentials_revealed"];
    for who in [ADMIN, OPERATOR] {
        assert_eq!(codes(&stage, who).await, expected, "{who:?}");
    }
    for who in [MANAGER, AGENT, SERVICE, STRANGER] {
        assert!(codes(&stage, who).await.is_empty(), "{who:?}");
    }
    let reply = ask(&stage, ADMIN, NOTIFICATIONS, "").await;
    let [invalid, revealed] = &lines(&reply)[..] else {
        panic!("two, not {}", reply.text);
    };
    assert_eq!(invalid["integration_id"], *id);
    assert_eq!(invalid["at"], "2026-01-01T00:00:01.000Z");
    let hint = invalid["hint"].as_str().expect("a hint");
    assert!(!hint.is_empty());
    let told = revealed["detail"].as_str().expect("a sentence");
    assert!(
        told.contains(ADMIN.user) && told.contains("a move"),
        "{told}"
    );
    for line in [invalid, revealed] {
        let name = line["id"].as_str().expect("an id");
        assert!(name.starts_with("ntf_") && name.len() == 20, "{name}");
    }
    assert_eq!(ask(&stage, ADMIN, NOTIFICATIONS, "").await.text, reply.text);
}

#[tokio::test]
async fn of_a_personal_integration_its_owner_is_told_whatever_their_role_and_nobody_else() {
    let stage = Stage::new().await;
    for (owner, account) in [(AGENT, "one"), (ADMIN, "two")] {
        let id = connect(&stage, owner, account, "user").await;
        refuse(&stage, owner, &id).await;
    }
    for who in [ADMIN, AGENT] {
        let reply = ask(&stage, who, NOTIFICATIONS, "").await;
        let [line] = &lines(&reply)[..] else {
            panic!("one, not {}", reply.text);
        };
        let detail = line["detail"].as_str().expect("a sentence");
        let own = if who.user == AGENT.user { "one" } else { "two" };
        assert!(detail.starts_with(own), "{detail}");
    }
    for who in [MANAGER, OPERATOR, SERVICE, STRANGER] {
        assert!(codes(&stage, who).await.is_empty(), "{who:?}");
    }
}

#[tokio::test]
async fn a_service_that_fetches_credentials_notifies_nobody() {
    let stage = Stage::new().await;
    let id = connect(&stage, ADMIN, "one", "tenant").await;
    reveal(&stage, SERVICE, &id).await;
    assert!(codes(&stage, ADMIN).await.is_empty());
    reveal(&stage, ADMIN, &id).await;
    assert_eq!(codes(&stage, ADMIN).await, ["credentials_revealed"]);
}

#[tokio::test]
async fn more_than_a_hundred_come_page_by_page_and_those_of_others_are_not_in_the_way() {
    let stage = Stage::new().await;
    let tenants = connect(&stage, ADMIN, "one", "tenant").await;
    let own = connect(&stage, ADMIN, "two", "user").await;
    for number in 0..120 {
        if number % 40 == 0 {
            stage.clock.advance(Duration::from_millis(1));
            reveal(&stage, ADMIN, &own).await;
        }
        reveal(&stage, ADMIN, &tenants).await;
    }
    for (who, count) in [(ADMIN, 123), (OPERATOR, 120), (AGENT, 0)] {
        let whole = pages(&stage, who, 100).await.concat();
        assert_eq!(whole.len(), count);
        let at: Vec<_> = whole.iter().map(|line| line["at"].as_str()).collect();
        assert!(at.is_sorted_by(|one, next| one >= next));
        for limit in [7, 50] {
            let pages = pages(&stage, who, limit).await;
            assert_eq!(pages.concat(), whole, "by {limit}");
            assert_eq!(pages.len(), count.div_ceil(limit).max(1), "by {limit}");
        }
    }
    stage.cloud.reset_counts();
    ask(&stage, AGENT, NOTIFICATIONS, "").await;
    assert_eq!(stage.cloud.count("Query"), 1);
    assert!(stage.cloud.units().read <= 1.0);
}

#[tokio::test]
async fn cursors_that_were_not_given_for_this_very_list_are_refused() {
    let stage = Stage::new().await;
    let one = connect(&stage, ADMIN, "one", "tenant").await;
    let two = connect(&stage, STRANGER, "two", "tenant").await;
    for _ in 0..3 {
        reveal(&stage, ADMIN, &one).await;
        reveal(&stage, STRANGER, &two).await;
    }
    let of = |reply: &Reply| cursor(reply).expect("more").to_owned();
    let good = of(&ask(&stage, ADMIN, NOTIFICATIONS, "limit=1").await);
    let logs = "/api/v1/settings/audit-logs";
    let mut refused = vec![
        of(&ask(&stage, STRANGER, NOTIFICATIONS, "limit=1").await),
        of(&ask(&stage, ADMIN, logs, "limit=1").await),
        String::new(),
        "abc".into(),
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
        let query = format!("cursor={cursor}");
        let reply = ask(&stage, ADMIN, NOTIFICATIONS, &query).await;
        reply.is_problem(400, "invalid_parameter");
    }
    let query = format!("cursor={good}");
    let reply = ask(&stage, ADMIN, NOTIFICATIONS, &query).await;
    assert_eq!(lines(&reply).len(), 2);
}

#[tokio::test]
async fn nothing_is_told_while_it_cannot_be_kept_and_the_list_says_when_the_table_is_away() {
    let stage = Stage::new().await;
    let id = connect(&stage, ADMIN, "one", "tenant").await;
    let calls = Calls::of("TransactWriteItems").always();
    stage.cloud.faults().fail(calls, Fault::AccessDenied);
    let path = format!("{INTEGRATIONS}/{id}/credentials");
    let reply = ask(&stage, ADMIN, &path, "reason=a+move").await;
    reply.is_problem(503, "temporarily_unavailable");
    stage.cloud.faults().clear();
    assert!(codes(&stage, ADMIN).await.is_empty());
    reveal(&stage, ADMIN, &id).await;
    let calls = Calls::of("Query").on(names::INTEGRATIONS).always();
    stage.cloud.faults().fail(calls, Fault::AccessDenied);
    let reply = ask(&stage, ADMIN, NOTIFICATIONS, "").await;
    reply.is_problem(503, "temporarily_unavailable");
    stage.cloud.faults().clear();
    assert_eq!(codes(&stage, ADMIN).await, ["credentials_revealed"]);
}
