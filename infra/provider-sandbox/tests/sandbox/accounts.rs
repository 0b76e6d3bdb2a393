//! Tokens, versions, permissions and the accounts that are there to show them.

use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::harness::{Account, World, call, exchange, text_message};

const NO_OBJECT: (u16, i64, Option<i64>) = (400, 100, Some(33));

#[tokio::test]
async fn tokens_are_taken_from_the_authorization_header_only() {
    let world = World::start().await;
    let address = world.sandbox.address();
    let phone = &world.account.phone;
    for (path, token, expected) in [
        (phone.clone(), None, (401, 104, None)),
        ("me".to_owned(), None, (400, 2500, None)),
        (
            format!("{phone}?access_token={}", world.account.token),
            None,
            (401, 104, None),
        ),
        (phone.clone(), Some("EAAnonsense"), (401, 190, None)),
        (
            "1234567890".to_owned(),
            Some(world.account.token.as_str()),
            NO_OBJECT,
        ),
    ] {
        let path = format!("/v25.0/{path}");
        let answer = call(address, Method::GET, &path, token, None)
            .await
            .unwrap();
        assert_eq!(answer.error(), expected, "{path}");
    }
}

#[tokio::test]
async fn another_accounts_objects_do_not_exist_for_a_token() {
    let (world, other) = (World::start().await, World::of("two").await.account);
    for path in [
        other.phone.clone(),
        other.waba.clone(),
        format!("{}/phone_numbers", other.waba),
    ] {
        assert_eq!(world.get(&path).await.error(), NO_OBJECT, "{path}");
    }
    let path = format!("{}/messages", other.phone);
    let answer = world
        .graph(Method::POST, &path, text_message("hello"))
        .await;
    assert_eq!(answer.error(), NO_OBJECT);
}

#[tokio::test]
async fn the_version_that_really_served_is_told() {
    let world = World::start().await;
    let token = Some(world.account.token.as_str());
    for (version, served) in [("v25.0", "v25.0"), ("v26.0", "v26.0"), ("v18.0", "v21.0")] {
        let path = format!("/{version}/{}", world.account.phone);
        let answer = call(world.sandbox.address(), Method::GET, &path, token, None)
            .await
            .unwrap();
        assert_eq!(
            (
                answer.status,
                answer.headers["facebook-api-version"].to_str().unwrap()
            ),
            (200, served)
        );
    }
    let path = format!("/v99.0/{}", world.account.phone);
    let answer = call(world.sandbox.address(), Method::GET, &path, token, None)
        .await
        .unwrap();
    assert_eq!(answer.error(), (400, 2500, None));
    assert!(
        answer.body["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("Unknown path components")
    );
}

#[tokio::test]
async fn missing_permissions_are_refused_where_they_are_needed() {
    let world = World::of("no_management").await;
    assert_eq!(
        world.get(&world.account.phone).await.error(),
        (403, 10, None)
    );
    assert_eq!(
        world.get(&world.account.waba).await.error(),
        (403, 200, None)
    );
    assert_eq!(world.send(text_message("hello")).await.status, 200);

    let world = World::of("no_messaging").await;
    assert_eq!(world.get(&world.account.phone).await.status, 200);
    assert_eq!(
        world.send(text_message("hello")).await.error(),
        (403, 10, None)
    );
}

#[tokio::test]
async fn an_app_that_demands_proof_gets_it_or_refuses() {
    let world = World::of("needs_proof").await;
    let Account {
        phone,
        token,
        secret,
        ..
    } = &world.account;
    let answer = world.get(phone).await;
    assert_eq!(answer.error(), (400, 100, None));
    assert!(
        answer.body["error"]["message"]
            .as_str()
            .unwrap()
            .contains("require an appsecret_proof")
    );

    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let proof = hex::encode(ring::hmac::sign(&key, token.as_bytes()));
    assert_eq!(
        world
            .get(&format!("{phone}?appsecret_proof={proof}"))
            .await
            .status,
        200
    );
    let path = format!("{phone}/messages?appsecret_proof={proof}");
    assert_eq!(
        world
            .graph(Method::POST, &path, text_message("hello"))
            .await
            .status,
        200
    );
    let mut message = text_message("hello");
    message["appsecret_proof"] = proof.into();
    assert_eq!(world.send(message).await.status, 200);

    let answer = world.get(&format!("{phone}?appsecret_proof=00")).await;
    assert_eq!(answer.error(), (400, 100, None));
    assert!(
        answer.body["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("Invalid appsecret_proof")
    );
    let answer = World::start().await;
    let wrong = answer
        .get(&format!("{}?appsecret_proof=00", answer.account.phone))
        .await;
    assert_eq!(
        wrong.error(),
        (400, 100, None),
        "a proof that is given is checked everywhere"
    );
}

#[tokio::test]
async fn an_expired_token_says_so() {
    let world = World::of("expired").await;
    assert_eq!(
        world.get(&world.account.phone).await.error(),
        (401, 190, Some(463))
    );
}

#[tokio::test]
async fn debug_token_tells_about_tokens_of_its_own_app() {
    let world = World::start().await;
    let Account {
        app,
        secret,
        token,
        waba,
        ..
    } = &world.account;
    let app_token = format!("{app}|{secret}");
    let ask = async |bearer: &str, input: &str| {
        let path = format!("debug_token?input_token={}", input.replace('|', "%7C"));
        world
            .graph_as(bearer, Method::GET, &path, Value::Null)
            .await
            .unwrap()
    };
    let answer = ask(&app_token, token).await;
    let data = &answer.body["data"];
    assert_eq!(
        (data["app_id"].as_str(), data["is_valid"].as_bool()),
        (Some(app.as_str()), Some(true))
    );
    assert_eq!(data["expires_at"], 0);
    assert_eq!(data["granular_scopes"][0]["target_ids"], json!([waba]));
    assert_eq!(
        ask(token, token).await.body["data"]["is_valid"],
        true,
        "it may look at itself"
    );
    assert_eq!(
        ask(&app_token, "nonsense").await.body["data"]["error"]["code"],
        190
    );
    assert_eq!(
        ask(&app_token, &app_token).await.body["data"]["type"],
        "APP"
    );

    let two = World::of("two").await.account;
    assert_eq!(ask(token, &two.token).await.error(), (400, 100, None));
    assert_eq!(ask(&app_token, &two.token).await.error(), (400, 100, None));
    assert_eq!(
        ask(&format!("{app}|wrong"), token).await.error(),
        (400, 1, None)
    );
    assert_eq!(ask("1|wrong", token).await.error(), (400, 101, None));
    let missing = world
        .graph_as(&app_token, Method::GET, "debug_token", Value::Null)
        .await
        .unwrap();
    assert_eq!(missing.error(), (400, 100, None));

    let expired = World::of("expired").await.account;
    let path = format!("debug_token?input_token={}", expired.token);
    let bearer = format!("{}|{}", expired.app, expired.secret);
    let data = world
        .graph_as(&bearer, Method::GET, &path, Value::Null)
        .await
        .unwrap()
        .body;
    assert_eq!(data["data"]["is_valid"], false);
    assert_eq!(data["data"]["error"]["subcode"], 463);
}

#[tokio::test]
async fn bodies_count_only_with_a_content_type_that_graph_reads() {
    let world = World::start().await;
    let post = async |content_type: &str, body: String| {
        let request = Request::post(format!("/v25.0/{}/messages", world.account.phone))
            .header("authorization", format!("Bearer {}", world.account.token))
            .header("content-type", content_type)
            .body(Full::from(body))
            .unwrap();
        exchange(world.sandbox.address(), request).await.unwrap()
    };
    let message = text_message("hello").to_string();
    assert_eq!(
        post("application/json; charset=utf-8", message.clone())
            .await
            .status,
        200
    );
    assert_eq!(post("text/plain", message).await.error(), (400, 100, None));
    assert_eq!(
        post("application/json", "{".to_owned()).await.error(),
        (400, 100, None)
    );
    let form = r#"messaging_product=whatsapp&to=14155550199&text=%7B%22body%22%3A%22hello%22%7D"#;
    let answer = post("application/x-www-form-urlencoded", form.to_owned()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn an_account_can_have_several_sets_of_secrets_and_all_of_them_work() {
    let world = World::start().await;
    let secrets = json!({"access_token": "another-access-token", "app_secret": "0123456789abcdef"});
    let wanted = json!({"provider": "whatsapp", "of": "one", "secrets": secrets});
    let made = world.control(Method::POST, "accounts", wanted).await;
    assert_eq!(made["accounts"][0]["account"], "one-2");
    let second = Account::of(&made["accounts"][0]["configuration"]);
    assert_eq!(second.token, "another-access-token");
    assert_eq!(second.phone, world.account.phone);
    for account in [&world.account, &second] {
        let path = format!("debug_token?input_token={}", account.token);
        for secret in [&world.account.secret, &second.secret] {
            let bearer = format!("{}|{secret}", account.app);
            let told = world.graph_as(&bearer, Method::GET, &path, Value::Null);
            let told = told.await.unwrap();
            assert_eq!(told.body["data"]["is_valid"], true, "{:?}", told.body);
        }
        let path = format!("{}/messages", account.phone);
        let message = text_message("hello");
        let sent = world.graph_as(&account.token, Method::POST, &path, message);
        assert_eq!(sent.await.unwrap().status, 200);
    }
    // They are told apart in the log, and one alone can be made to fail.
    let fault = json!({"account": "one-2", "fault": "bad_credential", "times": 0});
    world.fault(fault).await;
    let read = async |token: &str| {
        let answer = world.graph_as(token, Method::GET, &second.phone, Value::Null);
        answer.await.unwrap().status
    };
    assert_eq!(read(&world.account.token).await, 200);
    assert_eq!(read(&second.token).await, 401);
}

#[tokio::test]
async fn secrets_are_added_whole_and_to_an_account_that_is_there() {
    let world = World::start().await;
    for (of, secrets, field) in [
        (
            "nobody",
            json!({"access_token": "a", "app_secret": "b"}),
            "of",
        ),
        ("one", json!({"access_token": "a"}), "app_secret"),
        (
            "one",
            json!({"access_token": 1, "app_secret": "b"}),
            "access_token",
        ),
        ("one", json!({"pin": "1"}), "pin"),
    ] {
        let wanted = json!({"provider": "whatsapp", "of": of, "secrets": secrets});
        let refused = world.try_control(Method::POST, "accounts", wanted).await;
        assert_eq!(
            (refused.status, &refused.body["field"]),
            (400, &field.into())
        );
    }
}
