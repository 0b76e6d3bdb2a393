//! A test and its line in the audit trail: with a verdict they are one write, and what is opened is on record first.

use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{ADMIN, Stage};

fn of(stage: &Stage, action: &str) -> Vec<Value> {
    let records = stage.records().into_iter();
    records.filter(|one| one["action"] == action).collect()
}

#[tokio::test]
async fn a_test_of_what_is_stored_leaves_its_line_and_that_of_the_opening() {
    let (stage, id) = Stage::connected().await;
    assert_eq!(stage.test(ADMIN, "whatsapp", Value::Null).await.status, 200);
    for (action, purpose) in [
        ("integration.test", json!(null)),
        ("credentials.open", json!("test")),
    ] {
        let lines = of(&stage, action);
        assert_eq!(lines.len(), 1, "{action}");
        let line = &lines[0];
        assert_eq!(line["actor"], ADMIN.1);
        assert_eq!(line["request"], "r-1");
        assert_eq!(line["integration"], id);
        assert_eq!(line["purpose"], purpose);
        assert_eq!(line["outcome"], "ok");
    }
}

#[tokio::test]
async fn a_test_of_given_values_leaves_its_line_and_opens_nothing_unless_some_are_left_out() {
    let stage = Stage::new().await;
    let form = stage.form("one", json!({})).await;
    assert_eq!(stage.test(ADMIN, "whatsapp", form).await.status, 200);
    assert_eq!(of(&stage, "integration.test").len(), 1);
    assert!(of(&stage, "credentials.open").is_empty());
    let (stage, _) = Stage::connected().await;
    let version = json!({"graph_version": "v24.0"});
    assert_eq!(stage.test(ADMIN, "whatsapp", version).await.status, 200);
    assert_eq!(of(&stage, "integration.test").len(), 1);
    assert_eq!(of(&stage, "credentials.open").len(), 1);
}

#[tokio::test]
async fn a_refusal_leaves_the_lines_of_the_test_and_of_what_followed() {
    let (stage, id) = Stage::connected().await;
    stage.fault("bad_credential".into()).await;
    for _ in 0..2 {
        let reply = stage.test(ADMIN, "whatsapp", Value::Null).await;
        reply.is_problem(422, "credentials_rejected");
    }
    assert_eq!(of(&stage, "integration.test").len(), 2);
    let disabled = of(&stage, "integration.disable");
    assert_eq!(disabled.len(), 1);
    assert_eq!(disabled[0]["integration"], id);
    assert_eq!(disabled[0]["outcome"], "credentials_rejected");
    assert_eq!(disabled[0]["actor"], ADMIN.1);
}

#[tokio::test]
async fn a_verdict_that_cannot_be_written_leaves_neither_state_nor_line() {
    for refused in [false, true] {
        let (stage, _) = Stage::connected().await;
        if refused {
            stage.fault("bad_credential".into()).await;
        }
        let before = stage.kept();
        let calls = Calls::of("TransactWriteItems").always();
        stage.cloud.faults().fail(calls, Fault::InternalError);
        let reply = stage.test(ADMIN, "whatsapp", Value::Null).await;
        reply.is_problem(503, "temporarily_unavailable");
        assert_eq!(stage.kept(), before);
        assert!(of(&stage, "integration.test").is_empty());
        assert!(of(&stage, "integration.disable").is_empty());
    }
}

#[tokio::test]
async fn a_verdict_whose_answer_was_lost_counts_once() {
    for times in [1, 3] {
        for (refused, action) in [(false, "integration.test"), (true, "integration.disable")] {
            let (stage, _) = Stage::connected().await;
            if refused {
                stage.fault("bad_credential".into()).await;
            }
            let calls = Calls::of("TransactWriteItems").times(times);
            stage.cloud.faults().fail(calls, Fault::AppliedButLost);
            let reply = stage.test(ADMIN, "whatsapp", Value::Null).await;
            assert_eq!(reply.status, if refused { 422 } else { 200 });
            assert!(stage.cloud.faults().spent());
            assert_eq!(of(&stage, action).len(), 1);
            assert_eq!(of(&stage, "integration.test").len(), 1);
        }
    }
}

#[tokio::test]
async fn what_cannot_be_put_on_record_is_not_opened_and_no_provider_is_asked() {
    let (stage, _) = Stage::connected().await;
    let asked = async || {
        let path = "/_sandbox/requests";
        let all = stage.control(http::Method::GET, path, Value::Null).await;
        all.as_array().map(Vec::len)
    };
    let before = asked().await;
    let calls = Calls::of("PutItem").on(names::AUDIT).always();
    stage.cloud.faults().fail(calls, Fault::Throttle);
    for body in [Value::Null, json!({"graph_version": "v24.0"})] {
        let reply = stage.test(ADMIN, "whatsapp", body).await;
        reply.is_problem(503, "temporarily_unavailable");
    }
    assert_eq!(asked().await, before);
    assert!(
        stage
            .records()
            .iter()
            .all(|one| one["action"] != "credentials.open")
    );
}

#[tokio::test]
async fn a_test_of_given_values_that_cannot_be_recorded_is_not_reported() {
    let stage = Stage::new().await;
    let form = stage.form("one", json!({})).await;
    let calls = Calls::of("PutItem").on(names::AUDIT).always();
    stage.cloud.faults().fail(calls, Fault::Reset);
    let reply = stage.test(ADMIN, "whatsapp", form).await;
    reply.is_problem(503, "temporarily_unavailable");
}
