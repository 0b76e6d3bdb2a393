//! What cannot be read or written comes again, alone.

use domain::ledger::MessageStatus;
use testing::cloud::{Calls, Fault};
use testing::switchboard as names;

use crate::stage::Stage;

#[tokio::test]
async fn a_malformed_record_fails_alone() {
    let stage = Stage::new();
    let good = stage.message("wamid.A1");
    let bad = [
        String::new(),
        "x".into(),
        "{}".into(),
        "[]".into(),
        "null".into(),
        good.replace("t_one", "a b"),
        good.replace("t_one", ""),
        good.replace("t_one", &"x".repeat(500)),
        good.replace("whatsapp", "Whats App"),
        good.replace("int_", "x_"),
        good.replace("\"kind\":\"message\"", "\"kind\":\"telegram\""),
        good.replace("2026-01-01", "soon"),
        good[..good.len() - 1].to_owned(),
    ];
    for bad in bad {
        assert_ne!(bad, good);
        let again = stage
            .route(&[good.clone(), bad.clone(), stage.status("sent", 1)])
            .await;
        assert_eq!(again, [1], "{bad:.80}");
    }
    assert_eq!(stage.items().len(), 2);
    assert!(stage.route(&[]).await.is_empty());
}

#[tokio::test]
async fn what_could_not_be_written_comes_again_and_then_is() {
    for fault in [
        Fault::Throttle,
        Fault::InternalError,
        Fault::AccessDenied,
        Fault::Reset,
    ] {
        for operation in ["PutItem", "UpdateItem"] {
            let stage = Stage::new();
            let calls = Calls::of(operation).on(names::ACTIVITY).always();
            stage.cloud.faults().fail(calls, fault);
            let batch = [stage.message("wamid.A1"), stage.status("read", 1)];
            let failed = usize::from(operation == "UpdateItem");
            assert_eq!(stage.route(&batch).await, [failed], "{fault:?} {operation}");
            stage.cloud.faults().clear();
            assert!(stage.route(&batch[failed..=failed]).await.is_empty());
            assert_eq!(stage.items().len(), 2);
            assert_eq!(stage.state().await.0, MessageStatus::Read);
        }
    }
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_counts_once() {
    let stage = Stage::new();
    stage
        .cloud
        .faults()
        .fail(Calls::any().times(2), Fault::AppliedButLost);
    let batch = [stage.message("wamid.A1"), stage.status("read", 1)];
    assert!(stage.route(&batch).await.is_empty());
    assert!(stage.cloud.faults().spent());
    assert_eq!(stage.items().len(), 2);
}
