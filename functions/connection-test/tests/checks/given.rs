//! Values that are not saved: tested, and nothing is kept but that it was asked.

use serde_json::{Value, json};

use crate::stage::{ADMIN, Stage};

#[tokio::test]
async fn good_values_are_verified_and_not_kept() {
    let stage = Stage::new().await;
    let form = stage.form("one", json!({})).await;
    let reply = stage.test(ADMIN, "whatsapp", form.clone()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.body["message"], "WhatsApp connection verified");
    assert_eq!(reply.body["data"]["status"], "connected");
    assert_eq!(reply.body["data"]["facts"]["quality_rating"], "GREEN");
    assert_eq!(
        reply.body["data"]["warnings"].as_array().map(Vec::len),
        Some(1)
    );
    let token = form["access_token"].as_str().expect("text");
    assert!(!reply.text.contains(token));
    assert!(stage.kept().concat().is_empty());
    assert_eq!(stage.recorded("ok"), 1);
}

#[tokio::test]
async fn bad_values_are_explained_and_not_kept() {
    let stage = Stage::new().await;
    let other = stage.form("two", json!({})).await;
    let cases = [
        (
            json!({"access_token": "EAAwrongwrongwrongwrong"}),
            "credentials_rejected",
        ),
        (
            json!({"phone_number_id": other["phone_number_id"]}),
            "provider_object_not_found",
        ),
        (
            json!({"app_secret": "0123456789abcdef0123456789abcdef"}),
            "permission_missing",
        ),
    ];
    for (changes, code) in cases {
        let form = stage.form("one", changes).await;
        let reply = stage.test(ADMIN, "whatsapp", form).await;
        reply.is_problem(422, code);
        assert!(reply.body["hint"].is_string());
        assert_eq!(stage.recorded(code), 1);
    }
    assert!(stage.kept().concat().is_empty());
}

#[tokio::test]
async fn values_that_cannot_be_right_are_refused_by_field() {
    let stage = Stage::new().await;
    let form = stage
        .form("one", json!({"waba_id": "x", "colour": "red"}))
        .await;
    let reply = stage.test(ADMIN, "whatsapp", form).await;
    reply.is_problem(422, "invalid_fields");
    assert_eq!(reply.body["errors"].as_array().map(Vec::len), Some(2));
    let reply = stage
        .test(ADMIN, "whatsapp", json!({"waba_id": "102290129340398"}))
        .await;
    reply.is_problem(422, "invalid_fields");
    let path = "/_sandbox/requests";
    let asked = stage.control(http::Method::GET, path, Value::Null).await;
    assert_eq!(asked, json!([]));
}

#[tokio::test]
async fn a_provider_in_trouble_is_a_503() {
    let stage = Stage::new().await;
    for (fault, code) in [
        (json!("reset"), "provider_unavailable"),
        (json!({"status": 500}), "provider_unavailable"),
        (json!("rate_limit"), "provider_rate_limit"),
    ] {
        let form = stage.form("one", json!({})).await;
        stage.fault(fault).await;
        stage
            .test(ADMIN, "whatsapp", form)
            .await
            .is_problem(503, code);
    }
    assert!(stage.kept().concat().is_empty());
}

#[tokio::test]
async fn what_is_left_out_or_masked_is_taken_from_what_is_stored() {
    let (stage, id) = Stage::connected().await;
    let before = stage.kept();
    for reference in ["whatsapp", id.as_str()] {
        for body in [
            json!({"access_token": "••••"}),
            json!({"graph_version": "v24.0"}),
        ] {
            let reply = stage.test(ADMIN, reference, body).await;
            assert_eq!(reply.status, 200, "{}", reply.text);
        }
        let wrong = json!({"access_token": "EAAwrongwrongwrongwrong"});
        stage
            .test(ADMIN, reference, wrong)
            .await
            .is_problem(422, "credentials_rejected");
    }
    // A refusal of values that were only tried says nothing about the stored ones.
    assert_eq!(stage.kept(), before);
}
