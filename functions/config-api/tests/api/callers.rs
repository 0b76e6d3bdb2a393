//! Roles, personal integrations, and operators.

use serde_json::{Value, json};

use crate::stage::{
    ADMIN, AGENT, INTEGRATIONS, MANAGER, OPERATOR, SERVICE, STRANGER, Stage, WHATSAPP, event,
};

#[tokio::test]
async fn only_an_admin_changes_what_is_the_tenants() {
    let (stage, one) = Stage::configured().await;
    let calls = stage.requests().await.len();
    for who in [MANAGER, AGENT, SERVICE] {
        let form = stage.form("two").await;
        let mut further = form.clone();
        further["provider"] = "whatsapp".into();
        for (method, path, body) in [
            ("POST", WHATSAPP, form),
            ("POST", INTEGRATIONS, further),
            ("PATCH", WHATSAPP, json!({"name": "Mine"})),
        ] {
            let reply = stage.call(who, method, path, body).await;
            reply.is_problem(403, "forbidden");
        }
    }
    assert_eq!(stage.requests().await.len(), calls);
    assert_eq!(stage.get(ADMIN, WHATSAPP).await.body, one.body);
}

#[tokio::test]
async fn a_personal_integration_is_its_users_and_nobody_elses() {
    let (stage, tenants) = Stage::configured().await;
    let form = stage
        .form_with("two", json!({"owner": "user", "name": "My own"}))
        .await;
    let own = stage.call(AGENT, "POST", WHATSAPP, form).await;
    assert_eq!(own.status, 201, "{}", own.text);
    assert_ne!(own.id(), tenants.id());
    assert_eq!(
        own.body["data"]["owner"],
        json!({"kind": "user", "user_id": AGENT.user})
    );
    assert!(own.body["data"]["credentials"]["access_token"]["set"] == true);
    let path = format!("{INTEGRATIONS}/{}", own.id());
    // To its user it comes first, and the tenant's is still there.
    assert_eq!(stage.get(AGENT, WHATSAPP).await.id(), own.id());
    assert_eq!(
        stage.get(AGENT, INTEGRATIONS).await.body["data"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    for who in [ADMIN, MANAGER, STRANGER] {
        for method in ["GET", "DELETE"] {
            stage
                .call(who, method, &path, Value::Null)
                .await
                .is_problem(404, "not_found");
        }
        stage
            .call(who, "PATCH", &path, json!({"name": "x"}))
            .await
            .is_problem(404, "not_found");
        assert!(!stage.get(who, INTEGRATIONS).await.text.contains(own.id()));
    }
    assert_eq!(stage.get(ADMIN, WHATSAPP).await.id(), tenants.id());
    let reply = stage
        .call(AGENT, "PATCH", &path, json!({"name": "Renamed"}))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let reply = stage.call(AGENT, "DELETE", &path, Value::Null).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(stage.get(AGENT, WHATSAPP).await.id(), tenants.id());
}

#[tokio::test]
async fn an_operator_acts_for_the_tenant_it_names() {
    let (stage, one) = Stage::configured().await;
    let header = [("x-switchboard-tenant", "t_one")];
    let shown = stage
        .call_with(OPERATOR, "GET", WHATSAPP, Value::Null, &header)
        .await;
    assert_eq!(shown.body, one.body);
    let other = [("x-switchboard-tenant", "t_two")];
    let shown = stage
        .call_with(OPERATOR, "GET", WHATSAPP, Value::Null, &other)
        .await;
    shown.is_problem(404, "not_found");
    // From anybody else the header is nothing.
    for who in [STRANGER, Stage::somebody("service")] {
        let shown = stage
            .call_with(who, "GET", WHATSAPP, Value::Null, &header)
            .await;
        shown.is_problem(404, "not_found");
    }
    let bad = [("x-switchboard-tenant", "a b#c")];
    let shown = stage
        .call_with(OPERATOR, "GET", WHATSAPP, Value::Null, &bad)
        .await;
    shown.is_problem(400, "tenant_not_named");
}

#[tokio::test]
async fn without_verified_claims_nobody_asks() {
    let stage = Stage::new().await;
    let claims = [
        (Value::Null, 401),
        (json!({}), 401),
        (
            json!({"custom:tenant_id": "t_one", "cognito:groups": "[admin]"}),
            401,
        ),
        (json!({"sub": "u", "cognito:groups": "[admin]"}), 403),
        (json!({"sub": "u", "custom:tenant_id": "t_one"}), 403),
        (
            json!({"sub": "u", "custom:tenant_id": "t_one", "cognito:groups": "[root]"}),
            403,
        ),
        (
            json!({"sub": "u", "custom:tenant_id": "", "cognito:groups": "[admin]"}),
            403,
        ),
        (
            json!({"sub": "u", "custom:tenant_id": "t#1", "cognito:groups": "[admin]"}),
            403,
        ),
        (
            json!({"sub": "u", "custom:tenant_id": ["t_one"], "cognito:groups": "[admin]"}),
            403,
        ),
    ];
    for (claims, status) in claims {
        let mut event = event(ADMIN, "GET", INTEGRATIONS, &Value::Null);
        event["requestContext"]["authorizer"] = match &claims {
            Value::Null => Value::Null,
            claims => json!({"jwt": {"claims": claims}}),
        };
        let reply = stage.raw(event).await;
        assert_eq!(reply.status, status, "{claims}");
        assert_eq!(reply.headers["content-type"], "application/problem+json");
    }
    assert!(stage.cloud.counts().is_empty());
}
