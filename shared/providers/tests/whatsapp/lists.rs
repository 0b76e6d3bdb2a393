//! What an account lists: its phone numbers and its templates.

use domain::FailureKind::{
    CredentialsRejected, InvalidRequest, PermissionMissing, Throttled, Unavailable,
};
use domain::{Failure, FailureKind};
use providers::form::Filled;
use providers::{MOST_NUMBERS, NumberKind, PhoneNumber, TemplatePage};
use serde_json::{Value, json};

use crate::stage::{Stage, is_sound, whatsapp};

async fn numbers(stage: &Stage, filled: &Filled) -> Result<Vec<PhoneNumber>, Failure> {
    let numbers = whatsapp().phone_numbers().expect("it lists them");
    numbers.list(stage.connect(filled)).await
}

async fn templates(
    stage: &Stage,
    filled: &Filled,
    after: Option<&str>,
    limit: usize,
) -> Result<TemplatePage, Failure> {
    let templates = whatsapp().templates().expect("it lists them");
    templates.list(stage.connect(filled), after, limit).await
}

#[tokio::test]
async fn numbers_come_with_their_ids_and_names() {
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({})).await;
    let all = numbers(&stage, &filled).await.expect("a list");
    assert_eq!(all.len(), 2);
    let first = &all[0];
    assert_eq!(
        (first.number.as_str(), first.display_name.as_str()),
        ("+15550100001", "Sandbox shop one")
    );
    let id = filled.settings["phone_number_id"].as_str();
    assert_eq!(first.provider_id.as_deref(), id);
    assert_eq!(first.kind, NumberKind::Virtual);
    assert!(!first.can_call && !first.can_sms);
    let calls = stage.requests().await;
    assert_eq!(calls.len(), 1);
    let path = calls[0]["path"].as_str().expect("a path");
    let waba = filled.settings["waba_id"].as_str().expect("text");
    assert!(
        path.starts_with(&format!("/v25.0/{waba}/phone_numbers?")),
        "{path}"
    );
    assert!(path.contains("limit=100"), "{path}");
}

#[tokio::test]
async fn numbers_are_read_page_by_page_up_to_a_bound() {
    let item =
        |n: usize| json!({"id": n.to_string(), "display_phone_number": format!("+1555{n:07}")});
    for (next, pages) in [(json!("http://127.0.0.1:1/"), 5), (Value::Null, 1)] {
        let stage = Stage::new().await;
        let filled = stage.filled("one", json!({})).await;
        let paging = json!({"next": next, "cursors": {"after": "a+b/c="}});
        let items: Vec<Value> = (0..100).map(item).collect();
        let body = json!({"data": items, "paging": paging});
        stage
            .fault("phone_numbers", json!({"status": 200, "body": body}))
            .await;
        let all = numbers(&stage, &filled).await.expect("a list");
        assert_eq!(all.len(), (100 * pages).min(MOST_NUMBERS));
        let calls = stage.requests().await;
        assert_eq!(calls.len(), pages);
        for (place, call) in calls.iter().enumerate() {
            let path = call["path"].as_str().expect("a path");
            assert_eq!(path.contains("after=a%2Bb%2Fc%3D"), place > 0, "{path}");
        }
    }
}

#[tokio::test]
async fn templates_come_page_by_page() {
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({})).await;
    let whole = templates(&stage, &filled, None, 100).await.expect("a list");
    assert_eq!(whole.next, None);
    let mut names = Vec::new();
    let mut after = None;
    let mut pages = 0;
    loop {
        let page = templates(&stage, &filled, after.as_deref(), 4)
            .await
            .expect("a page");
        assert!(page.templates.len() <= 4);
        names.extend(
            page.templates
                .into_iter()
                .map(|t| (t.id, t.name, t.language)),
        );
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let all = whole.templates.iter().cloned();
    let all: Vec<_> = all.map(|t| (t.id, t.name, t.language)).collect();
    assert_eq!((names, pages), (all, whole.templates.len().div_ceil(4)));
    let offer = whole.templates.iter().find(|t| t.name == "paused_offer");
    let offer = offer.expect("listed");
    assert_eq!(
        (offer.status.as_str(), offer.category.as_str()),
        ("paused", "marketing")
    );
    assert_eq!(offer.components[0]["type"], "BODY");
}

#[tokio::test]
async fn a_page_is_never_larger_than_asked_or_allowed() {
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({})).await;
    for (limit, asked) in [
        (0, "limit=1"),
        (1, "limit=1"),
        (7, "limit=7"),
        (9_999, "limit=100"),
    ] {
        let page = templates(&stage, &filled, None, limit)
            .await
            .expect("a page");
        assert!(page.templates.len() <= limit.max(1));
        let last = stage.requests().await.pop().expect("a call");
        let path = last["path"].as_str().expect("a path").to_owned();
        assert!(path.split('&').any(|part| part == asked), "{path}");
    }
}

#[tokio::test]
async fn a_place_in_the_list_that_is_none_is_refused() {
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({})).await;
    let failure = templates(&stage, &filled, Some("nowhere&limit=9"), 5).await;
    let failure = failure.expect_err("no place");
    assert_eq!(failure.kind, InvalidRequest);
    assert_eq!(failure.provider_code.as_deref(), Some("131059"));
    assert!(failure.hint.contains("first page"), "{failure:?}");
    assert!(!format!("{failure:?}").contains("nowhere"), "{failure:?}");
    templates(&stage, &filled, None, 5)
        .await
        .expect("the first page");
}

#[tokio::test]
async fn without_the_accounts_id_there_is_nothing_to_list() {
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({"waba_id": null})).await;
    let failures = [
        numbers(&stage, &filled).await.err(),
        templates(&stage, &filled, None, 5).await.err(),
    ];
    for failure in failures {
        let failure = failure.expect("no account");
        assert_eq!(failure.kind, InvalidRequest);
        assert!(failure.detail.contains("waba_id") && failure.hint.contains("waba_id"));
    }
    assert!(stage.requests().await.is_empty(), "nobody is asked");
}

#[tokio::test]
async fn lists_fail_as_checks_do() {
    let faults: Vec<(Value, FailureKind)> = vec![
        (json!("rate_limit"), Throttled),
        (json!("bad_credential"), CredentialsRejected),
        (json!("missing_scope"), PermissionMissing),
        (json!({"status": 500}), Unavailable),
        (json!({"status": 200, "body": "<html>"}), Unavailable),
        (json!({"status": 200, "body": {}}), Unavailable),
        (json!("reset"), Unavailable),
        (json!("truncate"), Unavailable),
    ];
    for (fault, kind) in faults {
        let stage = Stage::new().await;
        let filled = stage.filled("one", json!({})).await;
        numbers(&stage, &filled).await.expect("no fault yet");
        templates(&stage, &filled, None, 5)
            .await
            .expect("no fault yet");
        stage.fault("", fault.clone()).await;
        for failure in [
            numbers(&stage, &filled).await.err(),
            templates(&stage, &filled, None, 5).await.err(),
        ] {
            let failure = failure.expect("a fault");
            assert_eq!(failure.kind, kind, "{fault}: {failure:?}");
            is_sound(&failure, &filled);
        }
    }
    let stage = Stage::new().await;
    let filled = stage.filled("no_management", json!({})).await;
    let failure = numbers(&stage, &filled).await.expect_err("no permission");
    assert_eq!(failure.kind, PermissionMissing);
}

#[tokio::test]
async fn items_that_are_odd_are_left_out_and_spoil_no_other() {
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({})).await;
    let good = json!({"id": 7, "name": "order", "language": "en", "status": "NEW_WORD",
        "display_phone_number": "15550100001"});
    let body = json!({"data": [null, 1, {}, [], {"id": {}}, good], "paging": {"cursors": {}}});
    stage.fault("", json!({"status": 200, "body": body})).await;
    let listed = numbers(&stage, &filled).await.expect("a list");
    assert_eq!(listed.len(), 1);
    let page = templates(&stage, &filled, None, 5).await.expect("a page");
    assert_eq!(page.templates.len(), 1);
    assert_eq!(
        (page.templates[0].status.as_str(), page.next),
        ("new_word", None)
    );
}
