//! Inbound messages and other events: kept once each.

use serde_json::json;

use crate::stage::Stage;

#[tokio::test]
async fn a_message_delivered_fifty_times_is_kept_once() {
    let stage = Stage::new();
    let one = stage.message("wamid.A1");
    let batches = (0..5).map(|_| vec![one.clone(); 10]).collect::<Vec<_>>();
    let routed = batches.iter().map(|batch| stage.route(batch));
    for again in futures_util::future::join_all(routed).await {
        assert!(again.is_empty());
    }
    let items = stage.items();
    assert_eq!(items.len(), 1);
    assert_eq!(stage.cloud.count("PutItem"), 50);
    assert_eq!(items[0]["pk"]["S"], "t_one");
    assert_eq!(items[0]["kind"]["S"], "message");
    assert_eq!(
        items[0]["payload"]["S"],
        r#"{"id":"wamid.A1","type":"text"}"#
    );
    assert!(stage.cloud.refused().is_empty());
}

#[tokio::test]
async fn what_was_kept_first_is_not_changed_by_a_repeat() {
    let stage = Stage::new();
    stage.route(&[stage.message("wamid.A1")]).await;
    let before = stage.items();
    let altered = stage.message("wamid.A1").replace("\"text\"", "\"image\"");
    assert!(stage.route(&[altered]).await.is_empty());
    assert_eq!(stage.items(), before);
}

#[tokio::test]
async fn the_same_id_of_another_tenant_or_integration_is_another_event() {
    let stage = Stage::new();
    let one = stage.message("wamid.A1");
    let tenant = one.replace("t_one", "t_two");
    let integration = one.replace(
        stage.integration.as_str(),
        domain::IntegrationId::make().as_str(),
    );
    assert!(stage.route(&[one, tenant, integration]).await.is_empty());
    assert_eq!(stage.items().len(), 3);
}

#[tokio::test]
async fn ids_may_hold_anything() {
    let stage = Stage::new();
    let ids = [
        "a#b",
        "#",
        "",
        "MESSAGE#m-1#EVIDENCE",
        &"x".repeat(5_000),
        "é\u{0}",
    ];
    let batch: Vec<String> = ids.iter().map(|id| stage.message(id)).collect();
    assert!(stage.route(&batch).await.is_empty());
    assert_eq!(stage.items().len(), ids.len());
    assert!(stage.ledger().await.is_empty());
}

#[tokio::test]
async fn quarantined_and_account_events_are_kept_to_be_seen() {
    let stage = Stage::new();
    for kind in ["quarantined", "account"] {
        let event = stage.event(&json!({"id": kind, "occurred_at": "2026-01-01T00:00:00.000Z", "kind": kind, "payload": {}}));
        assert!(stage.route(&[event]).await.is_empty());
    }
    let items = stage.items();
    let mut kinds: Vec<_> = items
        .iter()
        .map(|item| item["kind"]["S"].as_str())
        .collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [Some("account"), Some("quarantined")]);
}
