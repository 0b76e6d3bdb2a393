//! Saving: tested first, sealed, shown without secrets; or refused, and then nothing is kept.

use serde_json::{Value, json};
use testing::switchboard as names;

use crate::stage::{ADMIN, AGENT, INTEGRATIONS, STRANGER, Stage, WHATSAPP};

#[tokio::test]
async fn a_saved_integration_is_shown_without_its_secrets() {
    let (stage, reply) = Stage::configured().await;
    let form = stage.form("one").await;
    let data = &reply.body["data"];
    assert_eq!(reply.body["success"], true);
    assert_eq!(reply.headers["content-type"], "application/json");
    assert_eq!(data["provider"], "whatsapp");
    assert_eq!(data["name"], "WhatsApp");
    assert_eq!(data["owner"], json!({"kind": "tenant"}));
    assert_eq!(data["status"], "connected");
    assert_eq!(data["enabled"], true);
    assert_eq!(data["verified_at"], "2026-01-01T00:00:00.000Z");
    assert_eq!(data["created_by"], ADMIN.user);
    assert_eq!(data["settings"]["phone_number_id"], form["phone_number_id"]);
    assert_eq!(data["settings"]["graph_version"], "v25.0");
    assert_eq!(data["facts"]["display_phone_number"], "+1 555-010-0001");
    assert_eq!(data["webhook"], json!({"status": "registered"}));
    for name in ["access_token", "app_secret"] {
        let value = form[name].as_str().expect("text");
        let mask = &data["credentials"][name];
        assert_eq!(
            (&mask["set"], &mask["last4"]),
            (&true.into(), &value[value.len() - 4..].into())
        );
        assert!(!reply.text.contains(&value[..value.len() - 4]));
    }
    assert_eq!(
        data["credentials"].as_object().map(|all| all.len()),
        Some(2)
    );
    let tag = format!("\"{}\"", data["revision"]);
    assert_eq!(reply.headers["etag"], tag);
    // Read again it is the same, revision included.
    let again = stage.get(ADMIN, WHATSAPP).await;
    assert_eq!(again.body, reply.body);
    assert_eq!(again.headers["etag"], tag);
}

#[tokio::test]
async fn what_is_kept_is_a_seal() {
    let (stage, reply) = Stage::configured().await;
    let items = stage.cloud.items(names::INTEGRATIONS);
    let item = items
        .iter()
        .find(|item| item["id"]["S"] == reply.id())
        .expect("kept");
    assert_eq!(item["pk"]["S"], "t_one");
    // "SB", format 1, suite 1, in base 64.
    assert!(
        item["credentials"]["B"]
            .as_str()
            .is_some_and(|seal| seal.starts_with("U0IBA"))
    );
    let routes = stage.cloud.items(names::WEBHOOK_ROUTES);
    let seals = routes
        .iter()
        .filter_map(|item| item["secret"]["B"].as_str());
    assert_eq!(seals.filter(|seal| seal.starts_with("U0IBA")).count(), 1);
    // One ring of each purpose; the integration, the roster and two numbers; the route and the claim on the number.
    assert_eq!(stage.items(), [4, 2, 2, 0]);
    assert_eq!(
        stage.trail(),
        [
            ("integration.configure".into(), "ok".into()),
            ("webhook.register".into(), "ok".into()),
            ("phone_numbers.sync".into(), "ok".into())
        ]
    );
    assert!(
        stage.cloud.refused().is_empty(),
        "{:?}",
        stage.cloud.refused()
    );
}

#[tokio::test]
async fn names_of_fields_may_be_in_either_spelling() {
    let stage = Stage::new().await;
    let form = stage.form("one").await;
    let form = json!({
        "accessToken": form["access_token"], "phoneNumberId": form["phone_number_id"], "wabaId": form["waba_id"],
        "displayName": "Front desk", "isActive": false,
    });
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.body["data"]["name"], "Front desk");
    assert_eq!(reply.body["data"]["status"], "disabled");
}

#[tokio::test]
async fn what_is_left_out_is_found_where_the_provider_knows_it() {
    let stage = Stage::new().await;
    let form = stage
        .form_with("one", json!({"waba_id": null, "app_id": null}))
        .await;
    let whole = stage.form("one").await;
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    for name in ["waba_id", "app_id"] {
        assert_eq!(reply.body["data"]["settings"][name], whole[name]);
    }
}

#[tokio::test]
async fn a_refused_credential_is_explained_and_nothing_is_kept() {
    let other = Stage::new().await.form("two").await;
    let secret = "0123456789abcdef0123456789abcdef";
    let cases = [
        (
            "one",
            json!({"access_token": "EAAwrongwrongwrongwrong", "app_secret": null}),
            "credentials_rejected",
            "190",
        ),
        (
            "one",
            json!({"phone_number_id": other["phone_number_id"]}),
            "provider_object_not_found",
            "100",
        ),
        (
            "one",
            json!({"waba_id": other["waba_id"]}),
            "provider_object_not_found",
            "null",
        ),
        (
            "one",
            json!({"app_id": other["app_id"]}),
            "provider_object_not_found",
            "null",
        ),
        (
            "one",
            json!({"app_secret": secret}),
            "permission_missing",
            "100",
        ),
        (
            "expired",
            json!({"app_secret": null}),
            "credentials_rejected",
            "190",
        ),
        ("no_messaging", json!({}), "permission_missing", "null"),
        ("no_management", json!({}), "permission_missing", "10"),
        (
            "needs_proof",
            json!({"app_secret": null}),
            "permission_missing",
            "100",
        ),
    ];
    for (account, changes, code, provider_code) in cases {
        let stage = Stage::new().await;
        let form = stage.form_with(account, changes.clone()).await;
        let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
        assert_eq!(reply.status, 422, "{account} {changes}: {}", reply.text);
        reply.is_problem(422, code);
        let given = reply.body["provider_code"].as_str().unwrap_or("null");
        assert_eq!(given, provider_code, "{account} {changes}: {}", reply.text);
        assert!(
            reply.body["hint"]
                .as_str()
                .is_some_and(|hint| hint.len() > 20)
        );
        assert_eq!(stage.items(), [0; 4], "{account} {changes}");
        assert_eq!(
            stage.trail(),
            [("integration.configure".into(), code.into())]
        );
        assert_eq!(stage.get(ADMIN, WHATSAPP).await.status, 404);
    }
}

#[tokio::test]
async fn each_field_has_its_objection_before_the_provider_is_asked() {
    let stage = Stage::new().await;
    let cases = [
        (json!({"access_token": null}), "access_token", "is required"),
        (
            json!({"access_token": ""}),
            "access_token",
            "must be 20 to 4096",
        ),
        (
            json!({"access_token": "EAA has spaces in it !"}),
            "access_token",
            "without spaces",
        ),
        (json!({"access_token": 5}), "access_token", "must be text"),
        (
            json!({"phone_number_id": null}),
            "phone_number_id",
            "is required",
        ),
        (
            json!({"phone_number_id": "+1 555-010-0001"}),
            "phone_number_id",
            "digits",
        ),
        (
            json!({"phone_number_id": 30710000000000001_u64}),
            "phone_number_id",
            "must be text",
        ),
        (json!({"waba_id": "x"}), "waba_id", "digits"),
        (json!({"app_id": "x"}), "app_id", "digits"),
        (
            json!({"app_secret": "not hex at all!!"}),
            "app_secret",
            "hexadecimal",
        ),
        (json!({"graph_version": "v25"}), "graph_version", "v25.0"),
        (
            json!({"graph_version": "v25.0/../x"}),
            "graph_version",
            "v25.0",
        ),
        (
            json!({"base_url": "https://example.com"}),
            "base_url",
            "not a field",
        ),
        (json!({"name": ""}), "name", "1 to 100"),
        (json!({"name": "x".repeat(101)}), "name", "1 to 100"),
        (json!({"name": "a\u{202e}b"}), "name", "control"),
        (json!({"name": 7}), "name", "must be text"),
        (json!({"priority": 1001}), "priority", "0 to 1000"),
        (json!({"priority": -1}), "priority", "0 to 1000"),
        (json!({"priority": "1"}), "priority", "a whole number"),
        (json!({"enabled": "yes"}), "enabled", "true or false"),
        (json!({"owner": "everyone"}), "owner", "'tenant' or 'user'"),
    ];
    for (changes, field, says) in cases {
        let form = stage.form_with("one", changes.clone()).await;
        let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
        reply.is_problem(422, "invalid_fields");
        let errors = reply.body["errors"].as_array().expect("errors");
        assert_eq!(errors.len(), 1, "{changes}: {}", reply.text);
        assert_eq!(errors[0]["field"], field);
        let detail = errors[0]["detail"].as_str().expect("a sentence");
        assert!(detail.contains(says), "{changes}: {detail}");
    }
    let same = stage.form("one").await["phone_number_id"].clone();
    let form = stage.form_with("one", json!({"waba_id": same})).await;
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(reply.body["errors"][0]["field"], "waba_id");
    let many = json!({"colour": "red", "waba_id": "x"});
    let reply = stage.call(ADMIN, "POST", WHATSAPP, many).await;
    assert_eq!(reply.body["errors"].as_array().map(Vec::len), Some(4));
    assert_eq!(stage.items(), [0; 4]);
    assert!(stage.requests().await.is_empty());
}

#[tokio::test]
async fn an_account_is_connected_once_and_nobody_learns_by_whom() {
    let (stage, _) = Stage::configured().await;
    let form = stage.form("one").await;
    let before = stage.items();
    let other = stage.call(STRANGER, "POST", WHATSAPP, form.clone()).await;
    other.is_problem(409, "account_connected_already");
    assert!(!other.text.contains("t_one") && !other.text.contains(ADMIN.user));
    let mut further = form.clone();
    further["provider"] = "whatsapp".into();
    let own = stage.call(ADMIN, "POST", INTEGRATIONS, further).await;
    assert_eq!(own.text, other.text);
    let outcome = (
        "integration.configure".into(),
        "account_connected_already".into(),
    );
    assert_eq!(
        stage.trail().iter().filter(|one| **one == outcome).count(),
        2
    );
    // The stranger's webhook was not registered over the owner's, and only a key ring may have been made.
    let [integrations, routes, _, activity] = stage.items();
    assert_eq!(
        [integrations, routes, activity],
        [before[0], before[1], before[3]]
    );
    let settings = stage.requests().await;
    let registrations = settings.iter().filter(|one| one["method"] == "POST");
    assert_eq!(registrations.count(), 2);
    assert_eq!(stage.get(STRANGER, WHATSAPP).await.status, 404);
}

#[tokio::test]
async fn of_two_who_connect_an_account_at_once_one_wins() {
    let stage = Stage::new().await;
    let form = stage.form("one").await;
    let (a, b) = tokio::join!(
        stage.call(ADMIN, "POST", WHATSAPP, form.clone()),
        stage.call(STRANGER, "POST", WHATSAPP, form.clone())
    );
    let mut both = [a.status, b.status];
    both.sort_unstable();
    assert_eq!(both, [201, 409]);
    let [integrations, routes, ..] = stage.items();
    assert_eq!([integrations, routes], [4, 2]);
}

#[tokio::test]
async fn a_further_integration_of_a_type_stands_beside_the_first() {
    let (stage, first) = Stage::configured().await;
    let form = stage
        .form_with(
            "two",
            json!({"provider": "whatsapp", "name": "Second", "priority": 200}),
        )
        .await;
    let second = stage.call(ADMIN, "POST", INTEGRATIONS, form).await;
    assert_eq!(second.status, 201, "{}", second.text);
    assert_ne!(first.id(), second.id());
    assert_eq!(stage.get(ADMIN, WHATSAPP).await.id(), first.id());
    for provider in [json!("telegram"), json!(null), json!(5)] {
        let reply = stage
            .call(ADMIN, "POST", INTEGRATIONS, json!({"provider": provider}))
            .await;
        reply.is_problem(422, "invalid_fields");
        assert_eq!(reply.body["errors"][0]["field"], "provider");
    }
}

#[tokio::test]
async fn configuring_again_gives_new_values_to_the_same_integration() {
    let (stage, first) = Stage::configured().await;
    let form = stage.form("two").await;
    let second = stage.call(ADMIN, "POST", WHATSAPP, form.clone()).await;
    assert_eq!(second.status, 200, "{}", second.text);
    assert_eq!(second.id(), first.id());
    let data = &second.body["data"];
    assert_eq!(data["settings"]["phone_number_id"], form["phone_number_id"]);
    assert_eq!(data["webhook"]["status"], "registered");
    // The claim on the old number is gone and its route is the new one's: another may connect it.
    assert_eq!(stage.items()[1], 2);
    let form = stage.form("one").await;
    let reply = stage.call(STRANGER, "POST", WHATSAPP, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
}

#[tokio::test]
async fn a_mask_that_comes_back_changes_nothing() {
    let (stage, first) = Stage::configured().await;
    let form = stage
        .form_with(
            "one",
            json!({"access_token": "••••abcd", "app_secret": "••••"}),
        )
        .await;
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let masks = |body: &Value| body["data"]["credentials"].clone();
    assert_eq!(masks(&reply.body), masks(&first.body));
}

#[tokio::test]
async fn a_number_that_cannot_send_is_saved_with_a_warning() {
    let stage = Stage::new().await;
    let form = stage.form("blocked").await;
    let reply = stage.call(ADMIN, "POST", WHATSAPP, form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.body["data"]["facts"]["can_send_message"], "BLOCKED");
    let warning = reply.body["data"]["warnings"][0]
        .as_str()
        .expect("a warning");
    assert!(warning.contains("payment method"), "{warning}");
}

#[tokio::test]
async fn nobody_has_more_than_fit_together() {
    let stage = Stage::new().await;
    let mut form = stage
        .control(
            http::Method::GET,
            "/_sandbox/credentials?account=one",
            Value::Null,
        )
        .await["custom_crm"]
        .clone();
    form["provider"] = "custom_crm".into();
    form["owner"] = "user".into();
    for number in 0..200 {
        let reply = stage.call(AGENT, "POST", INTEGRATIONS, form.clone()).await;
        assert_eq!(reply.status, 201, "{number}: {}", reply.text);
    }
    let refused = stage.call(AGENT, "POST", INTEGRATIONS, form.clone()).await;
    refused.is_problem(409, "too_many_integrations");
    // Those of others are others.
    form["owner"] = "tenant".into();
    assert_eq!(
        stage.call(ADMIN, "POST", INTEGRATIONS, form).await.status,
        201
    );
}
