//! The provider's question whether the URL is ours.

use serde_json::{Value, json};

use crate::stage::{Account, ONE, Stage, TWO, path_of};

fn ask(account: &Account, query: &str) -> Value {
    json!({
        "rawPath": path_of(account),
        "rawQueryString": query,
        "headers": {},
        "requestContext": {"http": {"method": "GET"}, "requestId": "r-1"},
    })
}

#[tokio::test]
async fn the_challenge_is_echoed_as_plain_text() {
    let stage = Stage::new().await;
    let query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify-one";
    assert_eq!(
        stage.answer(ask(&ONE, query)).await,
        json!({
            "statusCode": 200,
            "headers": {"content-type": "text/plain", "x-content-type-options": "nosniff", "cache-control": "no-store"},
            "body": "1158201444",
            "isBase64Encoded": false,
        })
    );
}

#[tokio::test]
async fn any_other_question_is_refused_like_everything() {
    let stage = Stage::new().await;
    let token = "hub.verify_token=verify-one";
    let right = format!("hub.mode=subscribe&hub.challenge=1&{token}");
    let cases = [
        (&TWO, right.clone()),
        (&ONE, String::new()),
        (&ONE, "hub.mode=subscribe&hub.challenge=1".into()),
        (
            &ONE,
            "hub.mode=subscribe&hub.challenge=1&hub.verify_token=".into(),
        ),
        (
            &ONE,
            "hub.mode=subscribe&hub.challenge=1&hub.verify_token=verify-two".into(),
        ),
        (
            &ONE,
            "hub.mode=subscribe&hub.challenge=1&hub.verify_token=verify-one%20".into(),
        ),
        (
            &ONE,
            format!("hub.mode=unsubscribe&hub.challenge=1&{token}"),
        ),
        (&ONE, format!("hub.challenge=1&{token}")),
        (&ONE, format!("hub.mode=subscribe&{token}")),
        (&ONE, format!("hub.mode=subscribe&hub.challenge=&{token}")),
        (
            &ONE,
            format!(
                "hub.mode=subscribe&hub.challenge={}&{token}",
                "1".repeat(129)
            ),
        ),
        (
            &ONE,
            format!("hub.mode=subscribe&hub.challenge=%3Cscript%3E&{token}"),
        ),
        (&ONE, format!("{right}&{token}")),
        (&ONE, format!("{right}&hub.challenge=2")),
        (&ONE, format!("{}{right}", "a=b&".repeat(20))),
    ];
    for (account, query) in cases {
        let answer = stage.answer(ask(account, &query)).await;
        assert_eq!(
            answer,
            json!({"statusCode": 401, "body": "", "isBase64Encoded": false}),
            "{query:.100}"
        );
    }
    let mut unknown = ask(&ONE, &right);
    unknown["rawPath"] = "/webhooks/whatsapp/unknown".into();
    assert_eq!(stage.status(unknown).await, 401);
}
