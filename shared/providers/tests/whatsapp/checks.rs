//! The connection test: what each kind of credential is told.

use domain::FailureKind::{
    self, CredentialsRejected, NotFound, PermissionMissing, Throttled, Unavailable,
};
use providers::http::{Egress, Reach};
use serde_json::{Value, json};

use crate::stage::{Stage, is_sound};

const WRONG_TOKEN: &str = "EAAwrongwrongwrongwrong";
const WRONG_SECRET: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn good_credentials_are_verified_and_named() {
    let stage = Stage::new().await;
    for account in ["one", "two", "needs_proof"] {
        let checked = stage
            .check(&stage.filled(account, json!({})).await)
            .await
            .expect("good");
        assert!(checked.warnings.is_empty(), "{:?}", checked.warnings);
        assert!(checked.discovered.is_empty());
        assert_eq!(
            checked.facts["verified_name"],
            format!("Sandbox shop {account}")
        );
        assert_eq!(checked.facts["can_send_message"], "AVAILABLE");
        // A token that never ends has no end to show.
        assert_eq!(checked.expires_at, None);
    }
}

#[tokio::test]
async fn secrets_travel_in_headers_and_never_in_a_query() {
    use secrecy::ExposeSecret;
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({})).await;
    stage.check(&filled).await.expect("good");
    let token = filled.credentials.get("access_token").expect("given");
    let secret = filled.credentials.get("app_secret").expect("given");
    for call in stage.requests().await {
        let path = call["path"].as_str().expect("a path");
        assert!(!path.contains(secret.expose_secret()), "{path}");
        // Meta takes the token that is asked about in the query and nowhere else.
        if !path.contains("/debug_token") {
            assert!(!path.contains(token.expose_secret()), "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_left_out_is_discovered() {
    let stage = Stage::new().await;
    let whole = stage.filled("one", json!({})).await;
    let part = stage
        .filled("one", json!({"waba_id": null, "app_id": null}))
        .await;
    let checked = stage.check(&part).await.expect("good");
    for name in ["waba_id", "app_id"] {
        assert_eq!(checked.discovered[name], whole.settings[name]);
    }
}

#[tokio::test]
async fn each_fault_of_a_credential_has_its_verdict() {
    let stage = Stage::new().await;
    let other = stage.filled("two", json!({})).await.settings;
    let none = || json!({"app_secret": null});
    let cases: Vec<(&str, Value, FailureKind, &str, &str)> = vec![
        (
            "one",
            json!({"access_token": WRONG_TOKEN, "app_secret": null}),
            CredentialsRejected,
            "190",
            "new system user token",
        ),
        // With an app secret the proof is of a token that Meta does not know.
        (
            "one",
            json!({"access_token": WRONG_TOKEN}),
            CredentialsRejected,
            "190",
            "new system user token",
        ),
        (
            "one",
            json!({"phone_number_id": other["phone_number_id"]}),
            NotFound,
            "100",
            "phone number ID",
        ),
        (
            "one",
            json!({"phone_number_id": "99999999999"}),
            NotFound,
            "100",
            "phone number ID",
        ),
        (
            "one",
            json!({"waba_id": other["waba_id"]}),
            NotFound,
            "",
            "Correct the waba_id",
        ),
        (
            "one",
            json!({"app_id": other["app_id"]}),
            NotFound,
            "",
            "Correct the app_id",
        ),
        (
            "one",
            json!({"app_secret": WRONG_SECRET}),
            PermissionMissing,
            "100",
            "app secret",
        ),
        (
            "no_management",
            json!({}),
            PermissionMissing,
            "10",
            "whatsapp_business_management",
        ),
        (
            "no_management",
            none(),
            PermissionMissing,
            "10",
            "whatsapp_business_management",
        ),
        (
            "no_messaging",
            json!({}),
            PermissionMissing,
            "",
            "whatsapp_business_messaging",
        ),
        (
            "expired",
            json!({}),
            CredentialsRejected,
            "190",
            "never expires",
        ),
        (
            "expired",
            none(),
            CredentialsRejected,
            "190",
            "never expires",
        ),
        (
            "needs_proof",
            none(),
            PermissionMissing,
            "100",
            "app secret",
        ),
        (
            "needs_proof",
            json!({"app_secret": WRONG_SECRET}),
            PermissionMissing,
            "100",
            "app secret",
        ),
    ];
    for (account, changes, kind, code, hint) in cases {
        let filled = stage.filled(account, changes.clone()).await;
        let what = format!("{account} {changes}");
        let failure = stage.check(&filled).await.expect_err(&what);
        assert_eq!(failure.kind, kind, "{what}: {failure:?}");
        assert_eq!(
            failure.provider_code.as_deref().unwrap_or_default(),
            code,
            "{what}"
        );
        assert!(failure.hint.contains(hint), "{what}: {}", failure.hint);
        is_sound(&failure, &filled);
    }
}

#[tokio::test]
async fn without_the_app_secret_it_works_with_a_warning() {
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({"app_secret": null})).await;
    let checked = stage.check(&filled).await.expect("good");
    assert_eq!(checked.warnings.len(), 1);
    assert!(checked.warnings[0].contains("app secret"));
}

#[tokio::test]
async fn a_number_that_cannot_send_is_good_with_the_reason() {
    let stage = Stage::new().await;
    let checked = stage
        .check(&stage.filled("blocked", json!({})).await)
        .await
        .expect("good");
    assert_eq!(checked.facts["can_send_message"], "BLOCKED");
    assert_eq!(checked.warnings.len(), 1);
    assert!(
        checked.warnings[0].contains("payment method"),
        "{:?}",
        checked.warnings
    );
}

#[tokio::test]
async fn a_provider_in_trouble_blames_no_credential() {
    let graph = |status: u16, code: i64| {
        json!({"status": status, "body": {"error": {"message": "An unknown error occurred",
            "type": "OAuthException", "code": code}}})
    };
    let cases = [
        (json!("rate_limit"), Throttled),
        (json!({"status": 429, "body": "slow down"}), Throttled),
        (
            json!({"status": 429, "body": "", "headers": {"retry-after": "7"}}),
            Throttled,
        ),
        (graph(400, 80007), Throttled),
        (graph(400, 4), Throttled),
        (graph(500, 1), Unavailable),
        (graph(503, 2), Unavailable),
        (graph(500, 131000), Unavailable),
        (json!({"status": 500}), Unavailable),
        (
            json!({"status": 502, "body": "<html>bad gateway</html>"}),
            Unavailable,
        ),
        (json!({"status": 503, "body": ""}), Unavailable),
        (json!({"status": 200, "body": "<html>"}), Unavailable),
        (json!("reset"), Unavailable),
        (json!("truncate"), Unavailable),
        (json!("accept_then_reset"), Unavailable),
    ];
    // The phone node, and the look at the token.
    for path in ["fields=", "debug_token"] {
        for (fault, kind) in cases.clone() {
            let stage = Stage::new().await;
            let filled = stage.filled("one", json!({})).await;
            stage.fault(path, fault.clone()).await;
            let failure = stage.check(&filled).await.expect_err("trouble");
            assert_eq!(failure.kind, kind, "{path} {fault}: {failure:?}");
            assert!(!failure.kind.blames_credentials());
            is_sound(&failure, &filled);
        }
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_blames_no_credential() {
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({})).await;
    let nowhere = json!({"whatsapp": {"base_url": "http://127.0.0.1:1"}});
    let overrides: providers::Overrides = serde_json::from_value(nowhere).expect("overrides");
    let http = Egress::new(Reach::new(&overrides)).expect("a client");
    let provider = crate::stage::whatsapp();
    let (settings, credentials) = (&filled.settings, &filled.credentials);
    let connection = overrides.connect(provider, settings, credentials, &http);
    let failure = provider.check(connection).await.expect_err("nobody there");
    assert_eq!(failure.kind, Unavailable);
}

#[tokio::test]
async fn the_graph_version_is_the_tenants_setting() {
    let stage = Stage::new().await;
    let filled = stage.filled("one", json!({"graph_version": "v23.0"})).await;
    stage.check(&filled).await.expect("good");
    for call in stage.requests().await {
        assert!(
            call["path"]
                .as_str()
                .is_some_and(|path| path.starts_with("/v23.0/"))
        );
    }
}
