//! ElevenLabs: agents, numbers and users by a key in its own header.

use http::Method;
use serde_json::{Value, json};

use crate::harness::World;
use crate::keyed::{Keyed, ask};

/// Status, and the code wherever it stands.
fn code(answer: &crate::harness::Answer) -> (u16, &str) {
    let detail = &answer.body["detail"];
    assert!(detail["message"].is_string(), "{answer:?}");
    let code = detail["code"].as_str().or(detail["status"].as_str());
    (answer.status, code.unwrap_or_default())
}

async fn keyed(account: &str) -> Keyed {
    Keyed::of("elevenlabs", account, |form| {
        ("xi-api-key", form["api_key"].as_str().unwrap().to_owned())
    })
    .await
}

#[tokio::test]
async fn an_agent_a_number_and_a_user_are_told() {
    for (account, provider) in [
        ("one", "twilio"),
        ("two", "twilio"),
        ("exotel", "exotel"),
        ("sip_trunk", "sip_trunk"),
    ] {
        let world = keyed(account).await;
        let agent = world
            .get(&world.path("/v1/convai/agents/", "agent_id"))
            .await;
        assert_eq!(agent.status, 200);
        assert_eq!(agent.body["agent_id"], world.form["agent_id"]);
        assert_eq!(agent.body["phone_numbers"].as_array().unwrap().len(), 1);
        let path = world.path("/v1/convai/phone-numbers/", "phone_number_id");
        let number = world.get(&path).await;
        assert_eq!(number.body, agent.body["phone_numbers"][0]);
        assert_eq!(number.body["provider"], provider);
        assert_eq!(
            number.body["assigned_agent"]["agent_id"],
            world.form["agent_id"]
        );
        let user = world.get("/v1/user").await;
        assert_eq!(user.body["subscription"]["status"], "active");
    }
}

#[tokio::test]
async fn refusals_are_the_providers_own() {
    let world = keyed("one").await;
    let agent = world.path("/v1/convai/agents/", "agent_id");
    let none = ask(&world.sandbox, Method::GET, &agent, None).await;
    assert_eq!(code(&none), (401, "missing_api_key"));
    for header in [("authorization", "Bearer sk_1"), ("xi-api-key", "sk_1")] {
        let refused = ask(&world.sandbox, Method::GET, &agent, Some(header)).await;
        assert_eq!(refused.status, 401);
    }
    let two = keyed("two").await;
    for (path, expected) in [
        (
            two.path("/v1/convai/agents/", "agent_id"),
            (404, "agent_not_found"),
        ),
        (
            two.path("/v1/convai/phone-numbers/", "phone_number_id"),
            (404, "phone_number_not_found"),
        ),
    ] {
        assert_eq!(code(&world.get(&path).await), expected, "{path}");
    }
    let odd = world.get("/v1/convai/nonsense").await;
    assert_eq!(
        (odd.status, &odd.body["detail"]),
        (404, &json!("Not Found"))
    );
    let posted = world.ask(Method::POST, &agent).await;
    assert_eq!(
        (posted.status, &posted.body["detail"]),
        (405, &json!("Method Not Allowed"))
    );
}

#[tokio::test]
async fn odd_accounts_show_what_is_odd() {
    for (account, expected) in [
        ("no_agents", (401, "missing_permissions")),
        ("no_agents_newer", (403, "insufficient_permissions")),
        ("no_credits", (401, "quota_exceeded")),
    ] {
        let world = keyed(account).await;
        let answer = world
            .get(&world.path("/v1/convai/agents/", "agent_id"))
            .await;
        assert_eq!(code(&answer), expected);
        assert_eq!(world.get("/v1/user").await.status, 200);
    }
    for (account, count) in [("no_number", 0), ("two_numbers", 2)] {
        let world = keyed(account).await;
        assert_eq!(world.form.get("phone_number_id"), None);
        let agent = world
            .get(&world.path("/v1/convai/agents/", "agent_id"))
            .await;
        assert_eq!(agent.body["phone_numbers"].as_array().unwrap().len(), count);
    }
    let world = keyed("inbound_only").await;
    let path = world.path("/v1/convai/phone-numbers/", "phone_number_id");
    assert_eq!(world.get(&path).await.body["supports_outbound"], false);
    let refused = keyed("no_user").await.get("/v1/user").await;
    assert_eq!(code(&refused), (401, "missing_permissions"));
    let user = keyed("past_due").await.get("/v1/user").await;
    assert_eq!(user.body["subscription"]["status"], "past_due");
}

#[tokio::test]
async fn a_key_can_be_added_and_made_to_fail() {
    let world = World::start().await;
    let secrets = json!({"api_key": "sk_another"});
    let wanted = json!({"provider": "elevenlabs", "of": "one", "secrets": secrets});
    let made = world.control(Method::POST, "accounts", wanted).await;
    let form = &made["accounts"][0]["configuration"];
    assert_eq!(made["accounts"][0]["account"], "one-2");
    let path = format!("/v1/convai/agents/{}", form["agent_id"].as_str().unwrap());
    let read = async || {
        let key = Some(("xi-api-key", "sk_another"));
        ask(&world.sandbox, Method::GET, &path, key).await
    };
    assert_eq!(read().await.status, 200);
    for (fault, expected) in [
        ("rate_limit", (429, "rate_limit_exceeded")),
        ("bad_credential", (401, "invalid_api_key")),
        ("missing_scope", (401, "missing_permissions")),
    ] {
        let rule = json!({"provider": "elevenlabs", "account": "one-2", "fault": fault});
        world.control(Method::POST, "faults", rule).await;
        assert_eq!(code(&read().await), expected);
    }
    let secrets = |secrets: Value| json!({"provider": "elevenlabs", "secrets": secrets});
    for odd in [
        json!({}),
        json!({"api_key": {"a": "b"}}),
        json!({"token": "x"}),
    ] {
        let refused = world
            .try_control(Method::POST, "accounts", secrets(odd))
            .await;
        assert_eq!(refused.status, 400);
    }
}
