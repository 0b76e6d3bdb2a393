//! Every operation and its line in the audit trail are one: both are there, or neither; and once.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::{ADMIN, INTEGRATIONS, Reply, Stage, WHATSAPP};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operation {
    Configure,
    ConfigureAgain,
    Change,
    Grant,
    Revoke,
    Delete,
}

use Operation::{Change, Configure, ConfigureAgain, Delete, Grant, Revoke};

const ALL: [Operation; 6] = [Configure, ConfigureAgain, Change, Grant, Revoke, Delete];

impl Operation {
    fn action(self) -> &'static str {
        match self {
            Configure | ConfigureAgain => "integration.configure",
            Change => "integration.change",
            Grant => "permission.grant",
            Revoke => "permission.revoke",
            Delete => "integration.delete",
        }
    }

    /// Where it can be done.
    async fn stage(self) -> Stage {
        if self == Configure {
            return Stage::new().await;
        }
        let (stage, _) = Stage::configured().await;
        if self == Revoke {
            let granted = Grant.ask(&stage).await;
            assert_eq!(granted.status, 200);
        }
        stage
    }

    async fn ask(self, stage: &Stage) -> Reply {
        let user = permission("u-7");
        let (method, path, body) = match self {
            Configure | ConfigureAgain => ("POST", WHATSAPP, stage.form("one").await),
            Change => ("PATCH", WHATSAPP, json!({"name": "Front desk"})),
            Grant => ("PUT", user.as_str(), json!({})),
            Revoke => ("DELETE", user.as_str(), Value::Null),
            Delete => ("DELETE", WHATSAPP, Value::Null),
        };
        stage.call(ADMIN, method, path, body).await
    }

    /// Its lines that say that it was done.
    fn lines(self, stage: &Stage) -> Vec<Value> {
        let records = stage.records().into_iter();
        let done = records.filter(|one| one["action"] == self.action() && one["outcome"] == "ok");
        done.collect()
    }
}

fn permission(user: &str) -> String {
    format!("{WHATSAPP}/permissions/{user}")
}

/// What is kept but for keys and the trail.
fn kept(stage: &Stage) -> [Vec<Value>; 3] {
    [names::INTEGRATIONS, names::WEBHOOK_ROUTES, names::ACTIVITY].map(|t| stage.cloud.items(t))
}

#[tokio::test]
async fn every_operation_leaves_its_line() {
    for operation in ALL {
        let stage = operation.stage().await;
        let before = operation.lines(&stage).len();
        let reply = operation.ask(&stage).await;
        assert!(reply.status < 300, "{operation:?}: {}", reply.text);
        let lines = operation.lines(&stage);
        assert_eq!(lines.len(), before + 1, "{operation:?}");
        let line = lines.last().expect("a line");
        assert_eq!(line["actor"], ADMIN.user);
        assert_eq!(line["request"], "req-4711");
        assert_eq!(line["provider"], "whatsapp");
        let id = line["integration"].as_str();
        assert!(
            id.is_some_and(|id| id.starts_with("int_")),
            "{operation:?}: {line}"
        );
        let user = matches!(operation, Grant | Revoke).then_some("u-7");
        assert_eq!(line["purpose"].as_str(), user, "{operation:?}");
    }
}

#[tokio::test]
async fn what_fails_leaves_neither_itself_nor_its_line() {
    for operation in ALL {
        for fault in [Fault::AccessDenied, Fault::InternalError, Fault::Reset] {
            let stage = operation.stage().await;
            let (before, lines) = (kept(&stage), operation.lines(&stage).len());
            let calls = Calls::of("TransactWriteItems").always();
            stage.cloud.faults().fail(calls, fault);
            let reply = operation.ask(&stage).await;
            reply.is_problem(503, "temporarily_unavailable");
            assert_eq!(kept(&stage), before, "{operation:?} {fault:?}");
            assert_eq!(
                operation.lines(&stage).len(),
                lines,
                "{operation:?} {fault:?}"
            );
            // Then it can be done.
            stage.cloud.faults().clear();
            let reply = operation.ask(&stage).await;
            assert!(reply.status < 300, "{operation:?}: {}", reply.text);
            assert_eq!(operation.lines(&stage).len(), lines + 1);
        }
    }
}

#[tokio::test]
async fn what_is_done_and_not_answered_is_done_once_and_has_one_line() {
    for operation in ALL {
        // Once, and as often as the SDK asks.
        for times in [1, 3] {
            let stage = operation.stage().await;
            let lines = operation.lines(&stage).len();
            let calls = Calls::of("TransactWriteItems").times(times);
            stage.cloud.faults().fail(calls, Fault::AppliedButLost);
            let reply = operation.ask(&stage).await;
            assert!(reply.status < 300, "{operation:?} {times}: {}", reply.text);
            assert!(stage.cloud.faults().spent());
            assert_eq!(operation.lines(&stage).len(), lines + 1, "{operation:?}");
        }
    }
}

#[tokio::test]
async fn who_was_refused_is_on_record_with_the_reason() {
    let (stage, one) = Stage::configured().await;
    let wrong = json!({"access_token": "EAAwrongwrongwrongwrong", "app_secret": null});
    let reply = stage.call(ADMIN, "PATCH", WHATSAPP, wrong).await;
    reply.is_problem(422, "credentials_rejected");
    let refused = stage.records().into_iter();
    let refused: Vec<Value> = refused
        .filter(|one| one["outcome"] == "credentials_rejected")
        .collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["action"], "integration.configure");
    assert_eq!(refused[0]["integration"], one.id());
}

/// How the registrations of the webhook ended.
fn registrations(stage: &Stage) -> Vec<String> {
    let records = stage.records().into_iter();
    let registered = records.filter(|one| one["action"] == "webhook.register");
    registered
        .map(|one| one["outcome"].as_str().expect("text").to_owned())
        .collect()
}

#[tokio::test]
async fn the_registration_of_the_webhook_is_on_record_however_it_ended() {
    let (stage, _) = Stage::configured().await;
    assert_eq!(registrations(&stage), ["ok"]);
    stage.door.borrow_mut().close();
    tokio::task::yield_now().await;
    let form = stage.form("two").await;
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(reply.body["data"]["webhook"]["status"], "failed");
    let after = registrations(&stage);
    assert_eq!(after.len(), 2);
    assert_ne!(after[1], "ok");
}

#[tokio::test]
async fn a_registration_that_another_change_overtakes_is_on_record_all_the_same() {
    let (stage, _) = Stage::configured().await;
    let place = "subscribed_apps";
    let slow = json!({"provider": "whatsapp", "path": place, "fault": {"delay_ms": 1_000}});
    stage.control(Method::POST, "/_sandbox/faults", slow).await;
    let form = stage.form("one").await;
    let asked = async || {
        let path = format!("/_sandbox/requests?path={place}");
        stage.control(Method::GET, &path, Value::Null).await
    };
    let before = asked().await;
    let (first, second) = tokio::join!(stage.call(ADMIN, "POST", WHATSAPP, form.clone()), async {
        // The first is saved, and its registration begun.
        while asked().await == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stage.call(ADMIN, "POST", WHATSAPP, form).await
    });
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(registrations(&stage), ["ok", "ok", "ok"]);
    let shown = stage.get(ADMIN, WHATSAPP).await;
    assert_eq!(shown.body["data"]["webhook"]["status"], "registered");
}

#[tokio::test]
async fn what_is_opened_is_on_record_with_what_for() {
    let purposes = |stage: &Stage| {
        let records = stage.records().into_iter();
        let opened = records.filter(|one| one["action"] == "credentials.open");
        opened
            .map(|one| one["purpose"].as_str().expect("a purpose").to_owned())
            .collect::<Vec<_>>()
    };
    let (stage, _) = Stage::configured().await;
    assert!(purposes(&stage).is_empty());
    assert!(ConfigureAgain.ask(&stage).await.status < 300);
    assert_eq!(purposes(&stage), ["change"]);
    assert!(Change.ask(&stage).await.status < 300);
    assert_eq!(purposes(&stage), ["change"], "a name opens nothing");
    assert!(Delete.ask(&stage).await.status < 300);
    assert_eq!(purposes(&stage), ["change", "deregister"]);
}

#[tokio::test]
async fn what_cannot_be_put_on_record_is_not_opened_and_no_provider_is_asked() {
    let (stage, _) = Stage::configured().await;
    let asked = stage.requests().await.len();
    let calls = Calls::of("PutItem").on(names::AUDIT).always();
    stage.cloud.faults().fail(calls, Fault::AccessDenied);
    let change = json!({"graph_version": "v24.0"});
    let reply = stage.call(ADMIN, "PATCH", WHATSAPP, change.clone()).await;
    reply.is_problem(503, "temporarily_unavailable");
    assert_eq!(stage.requests().await.len(), asked);
    stage.cloud.faults().clear();
    let reply = stage.call(ADMIN, "PATCH", WHATSAPP, change).await;
    assert_eq!(reply.status, 200);
    assert!(stage.requests().await.len() > asked);
}

#[tokio::test]
async fn forty_at_once_leave_forty_lines() {
    let (stage, _) = Stage::configured().await;
    let users: BTreeSet<String> = (0..40).map(|number| format!("u-{number}")).collect();
    let paths: Vec<String> = users.iter().map(|user| permission(user)).collect();
    let granted = paths
        .iter()
        .map(|path| stage.call(ADMIN, "PUT", path, json!({})));
    for reply in futures_util::future::join_all(granted).await {
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    let lines = Grant.lines(&stage);
    let recorded: BTreeSet<String> = lines
        .iter()
        .map(|line| line["purpose"].as_str().expect("a user").to_owned())
        .collect();
    assert_eq!((lines.len(), recorded), (40, users));
    let listed = stage.get(ADMIN, &format!("{WHATSAPP}/permissions")).await;
    assert_eq!(listed.body["data"].as_array().map(Vec::len), Some(40));
    let by_id = format!("{INTEGRATIONS}/{}", stage.get(ADMIN, WHATSAPP).await.id());
    assert_eq!(
        stage
            .call(ADMIN, "DELETE", &by_id, Value::Null)
            .await
            .status,
        200
    );
    assert!(stage.item("PERMISSIONS#").is_none());
}
