//! The older paths keep to what is theirs.

use serde_json::{Value, json};

use crate::stage::{ADMIN, AGENT, INTEGRATIONS, Stage, WHATSAPP};

const DASHBOARD: &str = "/api/dashboard/integrations";

async fn chatwoot(stage: &Stage) -> Value {
    let path = "/_sandbox/credentials?account=one";
    stage.control(http::Method::GET, path, Value::Null).await["chatwoot"].clone()
}

#[tokio::test]
async fn s2_43_s2_44_the_dashboard_changes_the_callers_own_crm_and_nothing_else() {
    let (stage, whatsapp) = Stage::configured().await;
    let mut form = chatwoot(&stage).await;
    form["provider"] = "chatwoot".into();
    let of_all = stage.call(ADMIN, "POST", INTEGRATIONS, form.clone()).await;
    assert_eq!(of_all.status, 201, "{}", of_all.text);
    form["owner"] = "user".into();
    let own = stage.call(ADMIN, "POST", INTEGRATIONS, form).await;
    for named in [whatsapp.id(), of_all.id(), "whatsapp", "nothing"] {
        for (method, body) in [("PUT", json!({"isActive": false})), ("DELETE", Value::Null)] {
            let path = format!("{DASHBOARD}/{named}");
            stage
                .call(ADMIN, method, &path, body)
                .await
                .is_problem(404, "not_found");
        }
    }
    // Removed twice by its type, the second time there is none of the caller's own, and the organisation's stays.
    let by_type = format!("{DASHBOARD}/chatwoot");
    assert_eq!(
        stage
            .call(ADMIN, "DELETE", &by_type, Value::Null)
            .await
            .status,
        200
    );
    stage
        .call(ADMIN, "DELETE", &by_type, Value::Null)
        .await
        .is_problem(404, "not_found");
    let gone = stage
        .get(ADMIN, &format!("{INTEGRATIONS}/{}", own.id()))
        .await;
    gone.is_problem(404, "not_found");
    assert_eq!(
        stage
            .get(ADMIN, &format!("{INTEGRATIONS}/{}", of_all.id()))
            .await
            .status,
        200
    );
    assert_eq!(stage.get(ADMIN, WHATSAPP).await.status, 200);
}

#[tokio::test]
async fn s4_26_another_tenants_path_is_as_if_it_were_not() {
    let (stage, _) = Stage::configured().await;
    let body = json!({"wabaId": "102290129340398"});
    for tenant in ["t_two", "t_unknown", "a%20b"] {
        let path = format!("/api/tenants/{tenant}/whatsapp/config");
        stage
            .call(ADMIN, "PUT", &path, body.clone())
            .await
            .is_problem(404, "not_found");
    }
    let path = format!("/api/tenants/{}/whatsapp/config", ADMIN.tenant);
    stage
        .call(AGENT, "PUT", &path, body)
        .await
        .is_problem(403, "forbidden");
}
