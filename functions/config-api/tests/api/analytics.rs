//! What happened through an integration, in numbers: by the hour, and in its health.

use std::time::Duration;

use domain::event::EventKind;
use domain::failure::{Failure, FailureKind};
use domain::ledger::AttemptResult;
use domain::{Clock, IntegrationId, TenantId};
use serde_json::{Value, json};
use store::figures::FigureBook;
use testing::switchboard as names;

use crate::stage::{
    ADMIN, AGENT, INTEGRATIONS, MANAGER, OPERATOR, Reply, SERVICE, STRANGER, Stage, WHATSAPP,
};

const HOUR: Duration = Duration::from_secs(3600);

/// What a container counts for an integration.
pub(crate) struct Counter<'a> {
    stage: &'a Stage,
    book: FigureBook,
    integration: IntegrationId,
}

impl<'a> Counter<'a> {
    pub(crate) fn new(stage: &'a Stage, integration: &str, container: &str) -> Self {
        let client = aws_sdk_dynamodb::Client::new(&stage.cloud.sdk_config());
        Self {
            stage,
            book: FigureBook::new(client, names::ACTIVITY.into(), container.to_owned()),
            integration: IntegrationId::parse(integration).expect("an id"),
        }
    }

    /// Attempts that end now.
    pub(crate) async fn attempts(&self, results: &[AttemptResult]) {
        for result in results {
            let now = self.stage.clock.now();
            self.book.count(&tenant(), &self.integration, now, result);
        }
        self.book.close().await;
    }

    /// Events that arrive now.
    pub(crate) async fn events(&self, kinds: &[EventKind]) {
        for kind in kinds {
            let now = self.stage.clock.now();
            self.book
                .count_event(&tenant(), &self.integration, now, kind);
        }
        self.book.close().await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
fn tenant() -> TenantId {
    TenantId::from_trusted_source(ADMIN.tenant).expect("a tenant")
}

fn sent() -> AttemptResult {
    AttemptResult::Sent {
        provider_id: "wamid.1".into(),
    }
}

fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, "CANARY detail.", "CANARY hint.").with_code("CANARY-131047")
}

async fn ask(stage: &Stage, query: &str) -> Reply {
    let path = format!("{WHATSAPP}/analytics");
    stage.query(ADMIN, &path, query).await
}

async fn told(stage: &Stage, query: &str) -> Value {
    let reply = ask(stage, query).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text);
    reply.body["data"].clone()
}

/// Per hour that is told of: its beginning, and how many were sent.
fn hours(told: &Value) -> Vec<(&str, u64)> {
    let hours = told["hours"].as_array().expect("a list").iter();
    hours
        .map(|one| (one["hour"].as_str().expect("a time"), &one["sent"]))
        .map(|(hour, sent)| (hour, sent.as_u64().expect("a number")))
        .collect()
}

fn span(told: &Value) -> [&str; 2] {
    ["from", "to"].map(|end| told[end].as_str().expect("a time"))
}

#[tokio::test]
async fn figures_are_told_by_the_hour_and_together() {
    let (stage, one) = Stage::configured().await;
    let counters = ["c1", "c2"].map(|name| Counter::new(&stage, one.id(), name));
    let other = Counter::new(&stage, IntegrationId::make().as_str(), "c1");
    counters[0].attempts(&[sent(), sent()]).await;
    stage.clock.advance(HOUR * 2);
    let unknown = AttemptResult::Unknown(failure(FailureKind::OutcomeUnknown));
    let refused = AttemptResult::Failed(failure(FailureKind::InvalidRequest));
    counters[0]
        .attempts(&[sent(), unknown, refused.clone()])
        .await;
    counters[1]
        .attempts(&[sent(), refused.clone(), refused])
        .await;
    counters[1]
        .events(&[EventKind::Message, EventKind::Account])
        .await;
    other.attempts(&[sent()]).await;

    let told = told(&stage, "").await;
    let nothing = json!({"sent": 0, "failed": 0, "deferred": 0, "parked": 0, "unknown": 0, "delivered": 0, "read": 0,
        "undelivered": 0, "received": 0, "other_events": 0, "failures": {}});
    let with = |changes: Value| {
        let mut figures = nothing.clone();
        for (name, value) in changes.as_object().into_iter().flatten() {
            figures[name] = value.clone();
        }
        figures
    };
    let failures = json!({"outcome_unknown": 1, "provider_refused_request": 3});
    let first = with(json!({"hour": "2026-01-01T00:00:00.000Z", "sent": 2}));
    let second = json!({"hour": "2026-01-01T02:00:00.000Z", "sent": 2, "failed": 3, "unknown": 1, "received": 1,
        "other_events": 1, "failures": failures});
    let mut totals = with(second.clone());
    totals["sent"] = 4.into();
    totals.as_object_mut().expect("figures").remove("hour");
    assert_eq!(told["totals"], totals);
    assert_eq!(told["hours"], json!([first, with(second)]));
    assert_eq!(
        span(&told),
        ["2025-12-31T03:00:00.000Z", "2026-01-01T03:00:00.000Z"],
        "the running hour and the 23 before it"
    );
    assert!(!told.to_string().contains("CANARY"), "{told}");
}

#[tokio::test]
async fn every_hour_that_the_given_time_touches_is_told_as_a_whole() {
    let (stage, one) = Stage::configured().await;
    let counter = Counter::new(&stage, one.id(), "c1");
    for hour in 1..=50 {
        counter.attempts(&vec![sent(); hour]).await;
        stage.clock.advance(HOUR);
    }
    let day = |from: u64, to: u64| (from..=to).collect::<Vec<_>>();
    for (query, wanted) in [
        ("", day(28, 50)),
        ("from=2026-01-03T00:00:00Z", day(49, 50)),
        ("from=2026-01-03T00:59:59.999Z", day(49, 50)),
        ("to=2026-01-01T02:00:00Z", day(1, 2)),
        ("to=2026-01-01T02:00:00.001Z", day(1, 3)),
        ("to=2026-01-02T02:00:00Z", day(3, 26)),
        (
            "from=2026-01-01T05:30:00Z&to=2026-01-01T05:31:00Z",
            day(6, 6),
        ),
        (
            "from=2026-01-01T07:30:00%2B02:00&to=2026-01-01T05:31:00Z",
            day(6, 6),
        ),
        (
            "from=0000-01-01T00:00:00Z&to=9999-12-31T23:59:59Z",
            day(1, 50),
        ),
    ] {
        let told = told(&stage, query).await;
        let sent: Vec<_> = hours(&told).iter().map(|(_, sent)| *sent).collect();
        assert_eq!(sent, wanted, "{query}");
        assert_eq!(
            told["totals"]["sent"],
            wanted.iter().sum::<u64>(),
            "{query}"
        );
    }
}

#[tokio::test]
async fn times_at_the_ends_of_the_calendar_are_times() {
    let (stage, _) = Stage::configured().await;
    for query in [
        "from=0000-01-01T00:00:00%2B23:59",
        "to=0000-01-01T00:00:00%2B23:59",
        "to=9999-12-31T23:59:59.999999999999-23:59",
        "from=0000-01-01T00:00:00%2B23:59&to=9999-12-31T23:59:59-23:59",
    ] {
        let told = told(&stage, query).await;
        assert_eq!(told["hours"], json!([]), "{query}");
        for end in span(&told) {
            assert!(domain::Timestamp::parse(end).is_some(), "{query}: {end}");
        }
    }
}

#[tokio::test]
async fn no_more_than_31_days_are_told_and_it_is_said_which() {
    let (stage, one) = Stage::configured().await;
    let counter = Counter::new(&stage, one.id(), "c1");
    for _ in 0..=35 {
        counter.attempts(&[sent()]).await;
        stage.clock.advance(HOUR * 24);
    }
    let all = "from=2025-01-01T00:00:00Z&to=2026-02-05T00:00:00Z";
    let told_last = told(&stage, all).await;
    assert_eq!(
        span(&told_last),
        ["2026-01-05T00:00:00.000Z", "2026-02-05T00:00:00.000Z"]
    );
    assert_eq!(hours(&told_last).len(), 31);
    // The rest is asked for with where that begins.
    let rest = format!("from=2025-12-20T00:00:00Z&to={}", span(&told_last)[0]);
    let rest = told(&stage, &rest).await;
    assert_eq!(hours(&rest).len(), 4);
}

#[tokio::test]
async fn what_is_no_time_is_refused() {
    let (stage, _) = Stage::configured().await;
    for name in ["from", "to"] {
        for time in [
            "",
            "yesterday",
            "2026-01-01",
            "1767225600",
            "2026-13-01T00:00:00Z",
            "%00",
        ] {
            let reply = ask(&stage, &format!("{name}={time}")).await;
            reply.is_problem(400, "invalid_parameter");
            assert!(reply.text.contains(name), "{}", reply.text);
        }
    }
    for query in [
        "from=2025-12-31T05:00:00Z&to=2025-12-31T05:00:00Z",
        "from=2025-12-31T05:00:00Z&to=2025-12-31T04:00:00Z",
        "from=2026-01-01T01:00:00Z",
        "from=9999-12-31T23:59:59Z&to=9999-12-31T23:59:59.999Z",
    ] {
        ask(&stage, query).await.is_problem(422, "no_time_between");
    }
}

#[tokio::test]
async fn they_are_for_whoever_may_know_of_the_integration() {
    let (stage, one) = Stage::configured().await;
    let own = stage.form_with("two", json!({"owner": "user"})).await;
    let own = stage.call(MANAGER, "POST", WHATSAPP, own).await;
    let of = |id: &str| format!("{INTEGRATIONS}/{id}/analytics");
    let unknown = of("int_00000000000000000000000000");
    for (who, id) in [(STRANGER, one.id()), (ADMIN, own.id()), (AGENT, own.id())] {
        let foreign = stage.get(who, &of(id)).await;
        foreign.is_problem(404, "not_found");
        let unknown = stage.get(who, &unknown).await;
        assert_eq!(foreign.but_for_its_id(), unknown.but_for_its_id());
    }
    for who in [ADMIN, MANAGER, AGENT, SERVICE] {
        assert_eq!(stage.get(who, &of(one.id())).await.status, 200, "{who:?}");
    }
    assert_eq!(stage.get(MANAGER, &of(own.id())).await.status, 200);
    let operator = [("x-switchboard-tenant", ADMIN.tenant)];
    let path = of(one.id());
    let reply = stage.call_with(OPERATOR, "GET", &path, Value::Null, &operator);
    assert_eq!(reply.await.status, 200);
}

#[tokio::test]
async fn h8_health_tells_the_last_success_the_last_failure_and_the_next_retry() {
    let (stage, one) = Stage::configured().await;
    let counters = ["c1", "c2"].map(|name| Counter::new(&stage, one.id(), name));
    let health = async || {
        let reply = stage.get(AGENT, &format!("{WHATSAPP}/health")).await;
        reply.body["data"]["activity"]["last_day"].clone()
    };
    let quiet = health().await;
    assert_eq!(
        (&quiet["sent"], &quiet["failures"]),
        (&json!(0), &json!({}))
    );
    for absent in ["last_success_at", "last_failure", "next_retry_at"] {
        assert!(quiet[absent].is_null(), "{quiet}");
    }
    counters[0].attempts(&[sent()]).await;
    stage.clock.advance(Duration::from_secs(5));
    let until = stage.clock.now().after(HOUR);
    let failure_of = failure(FailureKind::Throttled);
    let deferred = AttemptResult::Deferred {
        until,
        failure: failure_of,
    };
    let parked = AttemptResult::Parked(failure(FailureKind::CredentialsRejected));
    let unknown = AttemptResult::Unknown(failure(FailureKind::OutcomeUnknown));
    counters[1].attempts(&[unknown, deferred]).await;
    stage.clock.advance(Duration::from_secs(5));
    counters[0].attempts(&[parked]).await;

    let told = health().await;
    assert_eq!(told["since"], "2025-12-31T01:00:00.000Z");
    for (figure, count) in [
        ("sent", 1),
        ("deferred", 1),
        ("parked", 1),
        ("unknown", 1),
        ("failed", 0),
    ] {
        assert_eq!(told[figure], count, "{figure}");
    }
    assert_eq!(told["last_success_at"], "2026-01-01T00:00:00.000Z");
    let last = json!({"at": "2026-01-01T00:00:10.000Z", "code": "credentials_rejected"});
    assert_eq!(told["last_failure"], last);
    assert_eq!(told["next_retry_at"], until.to_string());
    assert!(!told.to_string().contains("CANARY"), "{told}");

    stage.clock.set(until);
    assert!(health().await["next_retry_at"].is_null(), "it is now");
    stage.clock.advance(HOUR * 22);
    assert_eq!(health().await["sent"], 1, "of the first of 24 hours");
    stage.clock.advance(HOUR);
    let gone = health().await;
    assert_eq!(gone["sent"], 0);
    assert!(gone["last_success_at"].is_null() && gone["last_failure"].is_null());
}
