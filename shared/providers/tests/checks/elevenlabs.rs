//! ElevenLabs: what each kind of key, agent and number is told.

use domain::FailureKind::{AccountBlocked, CredentialsRejected, NotFound, PermissionMissing};
use serde_json::{Value, json};

use crate::stage::{Case, Stage};

async fn stage() -> Stage {
    Stage::new("elevenlabs").await
}

#[tokio::test]
async fn s0_8_good_credentials_are_verified_and_named() {
    let stage = stage().await;
    for (account, line) in [
        ("one", "twilio"),
        ("two", "twilio"),
        ("exotel", "exotel"),
        ("sip_trunk", "sip_trunk"),
    ] {
        let checked = stage.checked(account, json!({})).await;
        assert!(checked.warnings.is_empty(), "{:?}", checked.warnings);
        assert!(checked.discovered.is_empty());
        let facts = &checked.facts;
        assert_eq!(facts["agent_name"], format!("Sandbox agent {account}"));
        assert_eq!(facts["phone_provider"], line);
        assert_eq!(
            (&facts["plan"], &facts["plan_status"]),
            (&json!("creator"), &json!("active"))
        );
        assert_eq!(facts.len(), 5, "{facts:?}");
    }
}

#[tokio::test]
async fn agent_then_number_then_plan_are_read() {
    let stage = stage().await;
    let form = stage.form("one", json!({})).await;
    stage.checked("one", json!({})).await;
    let id = |name: &str| form[name].as_str().expect("an id").to_owned();
    assert_eq!(
        stage.calls().await,
        [
            format!("GET /v1/convai/agents/{}", id("agent_id")),
            format!("GET /v1/convai/phone-numbers/{}", id("phone_number_id")),
            "GET /v1/user".to_owned(),
        ]
    );
    for call in stage.requests().await {
        assert_eq!(call["headers"]["xi-api-key"], form["api_key"]);
        assert_eq!(call["headers"]["authorization"], Value::Null);
    }
}

#[tokio::test]
async fn each_fault_has_its_verdict() {
    let stage = stage().await;
    let other = stage.form("two", json!({})).await;
    for (account, changes, kind, code, says) in [
        (
            "one",
            json!({"api_key": "sk_wrongwrongwrongwrong"}),
            CredentialsRejected,
            "invalid_api_key",
            "data residency",
        ),
        (
            "one",
            json!({"agent_id": other["agent_id"]}),
            NotFound,
            "agent_not_found",
            "no agent with this ID",
        ),
        (
            "one",
            json!({"agent_id": "../../user?x#y"}),
            NotFound,
            "agent_not_found",
            "no agent with this ID",
        ),
        (
            "one",
            json!({"phone_number_id": other["phone_number_id"]}),
            NotFound,
            "phone_number_not_found",
            "no phone number with this ID",
        ),
        // A genuine key that may not is no bad key.
        (
            "no_agents",
            json!({}),
            PermissionMissing,
            "missing_permissions",
            "access to ElevenAgents",
        ),
        (
            "no_agents_newer",
            json!({}),
            PermissionMissing,
            "insufficient_permissions",
            "access to ElevenAgents",
        ),
        (
            "no_credits",
            json!({}),
            AccountBlocked,
            "quota_exceeded",
            "credit limit",
        ),
    ] {
        let case = Case {
            account,
            changes,
            kind,
            code,
            says,
        };
        stage.leads_to(case).await;
    }
}

#[tokio::test]
async fn a_number_that_is_left_out_is_the_agents_only_one() {
    let stage = stage().await;
    let form = stage.form("one", json!({})).await;
    let checked = stage.checked("one", json!({"phone_number_id": null})).await;
    assert_eq!(
        checked.discovered["phone_number_id"],
        form["phone_number_id"]
    );
    assert_eq!(checked.facts["phone_provider"], "twilio");
    assert!(checked.warnings.is_empty());
    for (account, says) in [
        ("no_number", "has no phone number"),
        ("two_numbers", "has several phone numbers"),
    ] {
        let checked = stage.checked(account, json!({})).await;
        assert!(checked.discovered.is_empty());
        assert_eq!(checked.warnings.len(), 1);
        assert!(checked.warnings[0].contains(says), "{:?}", checked.warnings);
    }
}

#[tokio::test]
async fn what_only_some_keys_may_read_fails_no_test() {
    let stage = stage().await;
    let checked = stage.checked("no_user", json!({})).await;
    assert!(!checked.facts.contains_key("plan") && checked.warnings.is_empty());
    for fault in [
        json!({"status": 500}),
        json!("reset"),
        json!({"status": 200, "body": "x"}),
    ] {
        stage.fault_times("/v1/user", fault, 1).await;
        let checked = stage.checked("one", json!({})).await;
        assert!(!checked.facts.contains_key("plan"));
    }
}

#[tokio::test]
async fn what_works_and_deserves_attention_is_told() {
    let stage = stage().await;
    for (account, says) in [
        ("past_due", "not in good standing"),
        ("inbound_only", "No calls can be made"),
    ] {
        let checked = stage.checked(account, json!({})).await;
        assert_eq!(checked.warnings.len(), 1);
        assert!(checked.warnings[0].contains(says), "{:?}", checked.warnings);
    }
}

#[tokio::test]
async fn a_key_goes_to_the_host_of_its_region() {
    let stage = stage().await;
    for (region, host) in [
        (json!(null), "api.elevenlabs.io"),
        (json!("global"), "api.elevenlabs.io"),
        (json!("us"), "api.us.elevenlabs.io"),
        (json!("eu"), "api.eu.residency.elevenlabs.io"),
        (json!("in"), "api.in.residency.elevenlabs.io"),
        (json!("sg"), "api.sg.residency.elevenlabs.io"),
    ] {
        let filled = stage.filled("one", json!({"region": region})).await;
        assert_eq!(stage.host(&filled).await, [host]);
        // An address that the operator has set stands.
        stage.check(&filled).await.expect("good");
    }
    let objections = stage
        .objections("one", json!({"region": "evil.example"}))
        .await;
    assert_eq!(objections[0].field, "region");
}

#[tokio::test]
async fn answers_with_more_or_less_than_expected_are_read() {
    let stage = stage().await;
    let number = json!({"phone_number_id": "phnum_1", "provider": "quite_new"});
    for (path, body, fact) in [
        (
            "/agents/",
            json!({"agent_id": "x", "phone_numbers": null, "new": [1]}),
            None,
        ),
        ("/agents/", json!({"agent_id": "x", "name": null}), None),
        ("/phone-numbers/", number, Some("quite_new")),
        (
            "/phone-numbers/",
            json!({"phone_number_id": "x", "assigned_agent": 1}),
            None,
        ),
    ] {
        stage
            .fault_times(path, json!({"status": 200, "body": body}), 1)
            .await;
        let checked = stage.checked("one", json!({})).await;
        if let Some(fact) = fact {
            assert_eq!(checked.facts["phone_provider"], fact);
        }
    }
}
