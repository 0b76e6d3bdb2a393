//! What the ingress has to say for the audit trail is written here, for the ingress may not.

use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::Stage;

#[tokio::test]
async fn a_notice_becomes_a_line_of_its_tenants_trail_as_it_came() {
    let stage = Stage::new();
    let again = stage.put_on_record(&[stage.notice("t_one")]).await;
    assert!(again.is_empty());
    let records = stage.records("t_one");
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["action"], "webhook_secret.open");
    assert_eq!(records[0]["actor"], "webhook-ingress");
    assert_eq!(records[0]["purpose"], "verify-webhook");
    assert_eq!(records[0]["integration"], stage.integration.as_str());
    assert!(stage.items().is_empty(), "it is no event");
    assert!(stage.records("t_two").is_empty());
}

#[tokio::test]
async fn notices_that_come_together_are_all_there_though_they_are_the_same() {
    let stage = Stage::new();
    let batch: Vec<String> = ["t_one", "t_two"]
        .into_iter()
        .cycle()
        .take(20)
        .map(|tenant| stage.notice(tenant))
        .collect();
    assert!(stage.put_on_record(&batch).await.is_empty());
    assert_eq!(stage.records("t_one").len(), 10);
    assert_eq!(stage.records("t_two").len(), 10);
}

#[tokio::test]
async fn a_notice_that_cannot_be_read_comes_again_alone() {
    let stage = Stage::new();
    let good = stage.notice("t_one");
    for bad in [
        String::new(),
        "{}".into(),
        good.replace("t_one", "a b"),
        good.replace("int_", "x_"),
        good[..good.len() - 1].to_owned(),
        stage.message("wamid.A1"),
    ] {
        let again = stage.put_on_record(&[good.clone(), bad.clone()]).await;
        assert_eq!(again, [1], "{bad:.80}");
    }
    assert_eq!(stage.records("t_one").len(), 6);
}

#[tokio::test]
async fn what_is_not_marked_as_a_notice_is_none() {
    let stage = Stage::new();
    assert_eq!(stage.route(&[stage.notice("t_one")]).await, [0]);
    assert!(stage.records("t_one").is_empty());
}

#[tokio::test]
async fn a_line_that_could_not_be_written_comes_again_and_then_is() {
    for fault in [
        Fault::Throttle,
        Fault::InternalError,
        Fault::AccessDenied,
        Fault::Reset,
    ] {
        let stage = Stage::new();
        let calls = Calls::any().on(names::AUDIT).always();
        stage.cloud.faults().fail(calls, fault);
        let batch = [stage.notice("t_one")];
        assert_eq!(stage.put_on_record(&batch).await, [0], "{fault:?}");
        stage.cloud.faults().clear();
        assert!(stage.records("t_one").is_empty());
        assert!(stage.put_on_record(&batch).await.is_empty());
        assert_eq!(stage.records("t_one").len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_line_whose_answer_was_lost_is_there_once() {
    for times in [1, 3] {
        let stage = Stage::new();
        let calls = Calls::of("PutItem").on(names::AUDIT).times(times);
        stage.cloud.faults().fail(calls, Fault::AppliedButLost);
        let again = stage.put_on_record(&[stage.notice("t_one")]).await;
        assert!(again.is_empty());
        assert!(stage.cloud.faults().spent());
        assert_eq!(stage.records("t_one").len(), 1);
    }
}
