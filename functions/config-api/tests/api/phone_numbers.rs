//! The numbers of accounts: they come by themselves, everybody sees them, and admins assign them.

use http::Method;
use serde_json::{Value, json};

use crate::stage::{
    ADMIN, AGENT, INTEGRATIONS, MANAGER, Person, Reply, SERVICE, STRANGER, Stage, WHATSAPP,
};

const NUMBERS: &str = "/api/v1/settings/phone-numbers";
const EXOTEL: &str = "/api/v1/settings/integrations/exotel_phone";
const SYNC: &str = "/api/v1/settings/integrations/exotel_phone/sync";

/// The numbers of Exotel's account one; the first is the one that it is set up with.
const OF_ONE: [&str; 4] = [
    "+911140000000",
    "+911140000001",
    "+911140000002",
    "+911140000003",
];

async fn exotel(stage: &Stage, account: &str) -> Value {
    let path = format!("/_sandbox/credentials?account={account}");
    let all = stage.control(Method::GET, &path, Value::Null).await;
    all["exotel_phone"].clone()
}

/// Connects an account of Exotel's.
async fn connect(stage: &Stage, who: Person, account: &str, changes: Value) -> Reply {
    let mut form = exotel(stage, account).await;
    for (name, value) in changes.as_object().into_iter().flatten() {
        form[name] = value.clone();
    }
    form["provider"] = "exotel_phone".into();
    let reply = stage.call(who, "POST", INTEGRATIONS, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply
}

async fn with_exotel() -> (Stage, Reply) {
    let stage = Stage::new().await;
    let reply = connect(&stage, ADMIN, "one", Value::Null).await;
    (stage, reply)
}

fn lines(reply: &Reply) -> &Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.body["data"].as_array().expect("a list")
}

/// What is told of all numbers by that name.
async fn each(stage: &Stage, who: Person, name: &str) -> Vec<Value> {
    let reply = stage.get(who, NUMBERS).await;
    let lines = lines(&reply).iter();
    lines.map(|line| line[name].clone()).collect()
}

/// A number as it is listed.
async fn find(stage: &Stage, who: Person, number: &str) -> Value {
    let reply = stage.get(who, NUMBERS).await;
    let mut lines = lines(&reply).iter();
    let found = lines.find(|line| line["phone_number"] == number);
    found.expect("listed").clone()
}

async fn path_of(stage: &Stage, number: &str) -> String {
    let found = find(stage, ADMIN, number).await;
    format!("{NUMBERS}/{}/assign", found["id"].as_str().expect("an id"))
}

/// Makes the provider fail to list numbers.
async fn numbers_fail(stage: &Stage, fault: Value) {
    let rule =
        json!({"provider": "exotel_phone", "path": "PageSize=50", "fault": fault, "times": 0});
    stage.control(Method::POST, "/_sandbox/faults", rule).await;
}

#[tokio::test]
async fn s1_17_a_number_is_told_in_the_shape_of_the_guide() {
    let (stage, one) = with_exotel().await;
    let first = json!({
        "id": find(&stage, ADMIN, OF_ONE[0]).await["id"],
        "integration_id": one.id(),
        "provider_id": "01140000000",
        "phone_number": OF_ONE[0],
        "display_name": "01140000000",
        "number_type": "virtual",
        "assigned_to_user_id": null,
        "is_primary": true,
        "can_call": true,
        "can_sms": true,
        "is_active": true,
        "synced_at": "2026-01-01T00:00:00.000Z",
        "revision": 1,
    });
    for who in [ADMIN, MANAGER, AGENT, SERVICE] {
        let reply = stage.get(who, NUMBERS).await;
        assert_eq!(reply.body["success"], true);
        assert_eq!(lines(&reply)[0], first);
        assert_eq!(each(&stage, who, "phone_number").await, OF_ONE);
    }
    assert_eq!(
        each(&stage, ADMIN, "is_primary").await,
        [true, false, false, false]
    );
    assert_eq!(
        each(&stage, ADMIN, "can_call").await,
        [true, true, true, false]
    );
    assert!(each(&stage, STRANGER, "id").await.is_empty());
}

#[tokio::test]
async fn s1_16_cursors_lead_through_all_numbers_once_and_in_order() {
    let (stage, _) = with_exotel().await;
    let mut seen = Vec::new();
    let mut query = "limit=3".to_owned();
    for more in [true, false] {
        let reply = stage.query(AGENT, NUMBERS, &query).await;
        seen.extend(
            lines(&reply)
                .iter()
                .map(|line| line["phone_number"].clone()),
        );
        assert_eq!(reply.body["next_cursor"].is_string(), more);
        let next = reply.body["next_cursor"].as_str().unwrap_or_default();
        query = format!("limit=3&cursor={next}");
    }
    assert_eq!(seen, OF_ONE);
    let reply = stage.query(AGENT, NUMBERS, "cursor=abc").await;
    reply.is_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn s1_52_numbers_come_by_themselves_when_an_account_is_connected() {
    for (account, count) in [("one", 4), ("many", 120)] {
        let stage = Stage::new().await;
        let reply = connect(&stage, ADMIN, account, Value::Null).await;
        assert!(reply.body["data"]["warnings"].is_null(), "{}", reply.text);
        let reply = stage.query(ADMIN, NUMBERS, "limit=100").await;
        assert_eq!(lines(&reply).len(), count.min(100));
        let is_sync = |record: &&Value| record["action"] == "phone_numbers.sync";
        let records = stage.records();
        let syncs: Vec<_> = records.iter().filter(is_sync).collect();
        assert_eq!(syncs.len(), 1);
        assert_eq!(syncs[0]["count"], count);
        assert_eq!(syncs[0]["provider"], "exotel_phone");
    }
    // A name is no account: nobody is asked.
    let (stage, _) = with_exotel().await;
    let asked = stage.requests().await.len();
    let named = json!({"name": "Sales"});
    let reply = stage.call(ADMIN, "PATCH", EXOTEL, named).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(stage.requests().await.len(), asked);
}

#[tokio::test]
async fn s1_52_a_save_stands_though_its_numbers_do_not_come() {
    let stage = Stage::new().await;
    let form = stage.form("one").await;
    let rule = json!({"provider": "whatsapp", "path": "/phone_numbers?", "fault": {"status": 503}, "times": 0});
    stage.control(Method::POST, "/_sandbox/faults", rule).await;
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form.clone()).await;
    let is_told = |reply: &Reply| {
        let warnings = reply.body["data"]["warnings"].to_string();
        warnings.contains("phone numbers were not taken over")
    };
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert!(is_told(&reply), "{}", reply.text);
    assert_eq!(reply.body["data"]["status"], "connected");
    assert!(each(&stage, ADMIN, "id").await.is_empty());
    let refused = ("phone_numbers.sync".into(), "provider_unavailable".into());
    assert!(stage.trail().contains(&refused), "{:?}", stage.trail());
    // The control: without the fault they come.
    stage
        .control(Method::DELETE, "/_sandbox/faults", Value::Null)
        .await;
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(
        (reply.status, is_told(&reply)),
        (200, false),
        "{}",
        reply.text
    );
    assert_eq!(each(&stage, ADMIN, "id").await.len(), 2);
}

#[tokio::test]
async fn s1_19_a_sync_takes_over_what_the_account_has_now() {
    let (stage, _) = with_exotel().await;
    let assign = path_of(&stage, OF_ONE[1]).await;
    let reply = stage
        .call(ADMIN, "POST", &assign, json!({"user_id": "u-2"}))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let reply = stage.call(ADMIN, "POST", SYNC, Value::Null).await;
    let told = json!({"phone_numbers": 4, "added": 0, "retired": 0});
    assert_eq!(
        (reply.status, &reply.body["data"]),
        (200, &told),
        "{}",
        reply.text
    );
    let opened = stage
        .records()
        .into_iter()
        .rfind(|one| one["action"] == "credentials.open");
    assert_eq!(opened.expect("on record")["purpose"], "read");
    assert_eq!(
        find(&stage, ADMIN, OF_ONE[1]).await["assigned_to_user_id"],
        "u-2"
    );

    // Another account in the place of this one: its numbers come, and the others retire.
    let other = exotel(&stage, "old").await;
    let reply = stage.call(ADMIN, "PATCH", EXOTEL, other).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let active = each(&stage, ADMIN, "is_active").await;
    assert_eq!(active, [false, false, false, false, true, true, true, true]);
    let retired = find(&stage, ADMIN, OF_ONE[1]).await;
    assert_eq!(retired["assigned_to_user_id"], "u-2", "for when it is back");
    let primary = each(&stage, ADMIN, "is_primary").await;
    assert_eq!(primary.iter().position(|is| *is == true), Some(4));
}

#[tokio::test]
async fn s1_19_a_provider_that_is_down_changes_nothing() {
    let (stage, _) = with_exotel().await;
    let before = stage.get(ADMIN, NUMBERS).await.body;
    for (fault, status, code) in [
        (json!({"status": 503}), 503, "provider_unavailable"),
        (json!("rate_limit"), 503, "provider_rate_limit"),
        (json!("bad_credential"), 422, "credentials_rejected"),
    ] {
        numbers_fail(&stage, fault).await;
        let reply = stage.call(ADMIN, "POST", SYNC, Value::Null).await;
        reply.is_problem(status, code);
        stage
            .control(Method::DELETE, "/_sandbox/faults", Value::Null)
            .await;
        assert!(
            stage
                .trail()
                .contains(&("phone_numbers.sync".into(), code.into()))
        );
        assert_eq!(stage.get(ADMIN, NUMBERS).await.body, before);
    }
    let shown = stage.get(ADMIN, EXOTEL).await;
    assert_eq!(shown.body["data"]["status"], "connected", "it is only told");
    let reply = stage.call(ADMIN, "POST", SYNC, Value::Null).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test]
async fn s1_19_who_may_change_an_account_may_sync_it() {
    let (stage, one) = with_exotel().await;
    let by_id = format!("{INTEGRATIONS}/{}/sync", one.id());
    for who in [MANAGER, AGENT, SERVICE] {
        let reply = stage.call(who, "POST", &by_id, Value::Null).await;
        reply.is_problem(403, "forbidden");
    }
    let never = format!("{INTEGRATIONS}/int_00000000000000000000000000/sync");
    let foreign = stage.call(STRANGER, "POST", &by_id, Value::Null).await;
    let unknown = stage.call(STRANGER, "POST", &never, Value::Null).await;
    assert_eq!(foreign.but_for_its_id(), unknown.but_for_its_id());
    foreign.is_problem(404, "not_found");
    connect(&stage, AGENT, "many", json!({"owner": "user"})).await;
    let reply = stage.call(AGENT, "POST", SYNC, Value::Null).await;
    assert_eq!(reply.body["data"]["phone_numbers"], 120, "{}", reply.text);
    let reply = stage.call(ADMIN, "POST", &by_id, Value::Null).await;
    assert_eq!(reply.body["data"]["phone_numbers"], 4, "{}", reply.text);
}

#[tokio::test]
async fn a_provider_without_numbers_says_so_and_is_saved_without_a_word() {
    let stage = Stage::new().await;
    let path = "/_sandbox/credentials?account=one";
    let all = stage.control(Method::GET, path, Value::Null).await;
    let place = format!("{INTEGRATIONS}/exotel_sms");
    let reply = stage
        .call(ADMIN, "POST", &place, all["exotel_sms"].clone())
        .await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert!(reply.body["data"]["warnings"].is_null(), "{}", reply.text);
    let reply = stage
        .call(ADMIN, "POST", &format!("{place}/sync"), Value::Null)
        .await;
    reply.is_problem(422, "capability_missing");
    let synced = stage
        .trail()
        .into_iter()
        .any(|(action, _)| action == "phone_numbers.sync");
    assert!(!synced);
}

#[tokio::test]
async fn s1_59_a_number_of_two_accounts_is_listed_once() {
    let stage = Stage::new().await;
    let form = stage.form("one").await;
    let first = stage.call(ADMIN, "POST", WHATSAPP, form.clone()).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let before = each(&stage, ADMIN, "phone_number").await;
    assert_eq!(before, ["+15550100001", "+15550100002"]);
    // The business account's other number, as an integration of its own.
    let other = find(&stage, ADMIN, "+15550100002").await["provider_id"].clone();
    let mut second = form;
    second["provider"] = "whatsapp".into();
    second["phone_number_id"] = other;
    let second = stage.call(ADMIN, "POST", INTEGRATIONS, second).await;
    assert_eq!(second.status, 201, "{}", second.text);
    assert_eq!(each(&stage, ADMIN, "phone_number").await, before);
    let owners = each(&stage, ADMIN, "integration_id").await;
    assert_eq!(owners, [first.id(), second.id()], "each has its own");
    assert_eq!(each(&stage, ADMIN, "is_primary").await, [true, true]);
}

#[tokio::test]
async fn s1_18_an_admin_assigns_a_number_and_takes_it_back() {
    let (stage, one) = with_exotel().await;
    let path = path_of(&stage, OF_ONE[0]).await;
    for (number, user) in [(2, json!("u-agent")), (3, json!("u-2")), (4, Value::Null)] {
        let reply = stage
            .call(ADMIN, "POST", &path, json!({"user_id": user}))
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert_eq!(reply.headers["etag"], format!("\"{number}\""));
        assert_eq!(reply.body["data"]["assigned_to_user_id"], user);
        assert_eq!(reply.body["data"], find(&stage, AGENT, OF_ONE[0]).await);
    }
    let id = find(&stage, ADMIN, OF_ONE[0]).await["id"].clone();
    let id = id.as_str().expect("an id");
    let records = stage.records();
    let assigned = records
        .iter()
        .filter(|one| one["action"] == "phone_number.assign");
    let assigned: Vec<_> = assigned.collect();
    let purposes: Vec<_> = assigned.iter().map(|one| one["purpose"].clone()).collect();
    let told = ["u-agent", "u-2", "nobody"].map(|user| format!("{id} to {user}"));
    assert_eq!(purposes, told);
    for record in assigned {
        assert_eq!(record["actor"], ADMIN.user);
        assert_eq!(record["provider"], "exotel_phone");
        assert_eq!(record["integration"], one.id());
    }
}

#[tokio::test]
async fn s1_18_a_stale_entity_tag_is_refused() {
    let (stage, _) = with_exotel().await;
    let path = path_of(&stage, OF_ONE[0]).await;
    let assign = async |user: &str, tag: &str| {
        let body = json!({"user_id": user});
        let headers = [("if-match", tag)];
        stage.call_with(ADMIN, "POST", &path, body, &headers).await
    };
    assert_eq!(assign("u-1", "\"1\"").await.status, 200);
    assign("u-2", "\"1\"")
        .await
        .is_problem(412, "changed_meanwhile");
    assert_eq!(
        find(&stage, ADMIN, OF_ONE[0]).await["assigned_to_user_id"],
        "u-1"
    );
    // Being seen at the provider again is no change.
    stage.call(ADMIN, "POST", SYNC, Value::Null).await;
    assert_eq!(assign("u-2", "\"2\"").await.status, 200);
    assert_eq!(assign("u-3", "*").await.status, 200);
}

#[tokio::test]
async fn s1_18_two_admins_at_once_are_not_both_told_that_it_is_done() {
    let (stage, _) = with_exotel().await;
    let path = path_of(&stage, OF_ONE[0]).await;
    let tag = [("if-match", "\"1\"")];
    let assign = |user: &str| stage.call_with(ADMIN, "POST", &path, json!({"user_id": user}), &tag);
    let (one, two) = tokio::join!(assign("u-1"), assign("u-2"));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert!(matches!(statuses, [200, 409 | 412]), "{statuses:?}");
    let winner = if one.status == 200 { "u-1" } else { "u-2" };
    assert_eq!(
        find(&stage, ADMIN, OF_ONE[0]).await["assigned_to_user_id"],
        winner
    );
}

#[tokio::test]
async fn s1_18_what_is_no_assignment_is_refused_by_its_field() {
    let (stage, _) = with_exotel().await;
    let path = path_of(&stage, OF_ONE[0]).await;
    for (body, field) in [
        (json!({}), "user_id"),
        (json!({"user_id": 7}), "user_id"),
        (json!({"user_id": "a b"}), "user_id"),
        (json!({"user_id": "u-1", "colour": "red"}), "colour"),
    ] {
        let reply = stage.call(ADMIN, "POST", &path, body).await;
        reply.is_problem(422, "invalid_fields");
        assert_eq!(reply.body["errors"][0]["field"], field, "{}", reply.text);
    }
    assert_eq!(find(&stage, ADMIN, OF_ONE[0]).await["revision"], 1);
    let reply = stage
        .call(ADMIN, "POST", &path, json!({"userId": "u-1"}))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test]
async fn s1_18_only_admins_of_the_tenant_assign() {
    let (stage, _) = with_exotel().await;
    let path = path_of(&stage, OF_ONE[0]).await;
    let body = json!({"user_id": "u-1"});
    for who in [MANAGER, AGENT, SERVICE] {
        let reply = stage.call(who, "POST", &path, body.clone()).await;
        reply.is_problem(403, "forbidden");
    }
    let of = |id: &str| format!("{NUMBERS}/{id}/assign");
    let unknown = of("num_00000000000000000000000000");
    let unknown = stage.call(STRANGER, "POST", &unknown, body.clone()).await;
    unknown.is_problem(404, "not_found");
    for path in [
        path.clone(),
        of("x"),
        of(OF_ONE[0]),
        of("int_00000000000000000000000000"),
    ] {
        let reply = stage.call(STRANGER, "POST", &path, body.clone()).await;
        assert_eq!(reply.but_for_its_id(), unknown.but_for_its_id(), "{path}");
    }
    assert_eq!(find(&stage, ADMIN, OF_ONE[0]).await["revision"], 1);
    assert_eq!(stage.call(ADMIN, "POST", &path, body).await.status, 200);
}

#[tokio::test]
async fn numbers_of_a_personal_account_are_its_owners_alone() {
    let stage = Stage::new().await;
    connect(&stage, ADMIN, "one", json!({"owner": "user"})).await;
    assert_eq!(each(&stage, ADMIN, "phone_number").await, OF_ONE);
    let other_admin = Person {
        user: "u-admin-2",
        ..ADMIN
    };
    for who in [other_admin, AGENT, SERVICE] {
        assert!(each(&stage, who, "id").await.is_empty());
    }
    let path = path_of(&stage, OF_ONE[0]).await;
    let to = |user: &str| json!({"user_id": user});
    let unknown = format!("{NUMBERS}/num_00000000000000000000000000/assign");
    let unknown = stage.call(other_admin, "POST", &unknown, to("u-2")).await;
    let foreign = stage.call(other_admin, "POST", &path, to("u-2")).await;
    assert_eq!(foreign.but_for_its_id(), unknown.but_for_its_id());
    let reply = stage.call(ADMIN, "POST", &path, to("u-2")).await;
    reply.is_problem(409, "personal_integration");
    let reply = stage.call(ADMIN, "POST", &path, to(ADMIN.user)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test]
async fn with_an_integration_its_numbers_go() {
    let (stage, _) = with_exotel().await;
    let form = stage.form("one").await;
    stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(each(&stage, ADMIN, "id").await.len(), 6);
    let reply = stage.call(ADMIN, "DELETE", EXOTEL, Value::Null).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let left = each(&stage, ADMIN, "phone_number").await;
    assert_eq!(left, ["+15550100001", "+15550100002"]);
    stage.call(ADMIN, "DELETE", WHATSAPP, Value::Null).await;
    assert!(stage.item("NUMBER#").is_none());
}
