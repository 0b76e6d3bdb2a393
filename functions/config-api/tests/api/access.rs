//! Who may do what (S1-62 to S1-65, S1-90), over every route of the API and every role.

use contract::routes::ROUTES;
use contract::{Access, Function, Operation, Route};
use domain::Role;
use serde_json::{Value, json};

use crate::stage::{ADMIN, AGENT, INTEGRATIONS, MANAGER, Person, Reply, Stage, WHATSAPP, event};

const ROLES: [(&str, Role); 5] = [
    ("agent", Role::Agent),
    ("manager", Role::Manager),
    ("admin", Role::Admin),
    ("service", Role::Service),
    ("operator", Role::Operator),
];

/// Asks with the route's own example.
async fn ask(
    stage: &Stage,
    checks: &connection_test::Context,
    who: Option<Person>,
    route: &Route,
) -> Reply {
    let mut path = route.path.to_owned();
    for name in route.names() {
        let value = match name {
            "ref" | "provider" => "whatsapp",
            "tenant" => ADMIN.tenant,
            _ => "none",
        };
        path = path.replace(&format!("{{{name}}}"), value);
    }
    let body = route.body.map_or(Value::Null, |body| {
        serde_json::from_str(body.example).expect("an example")
    });
    let mut event = event(who.unwrap_or(ADMIN), route.method, &path, &body);
    event["headers"]["x-switchboard-tenant"] = ADMIN.tenant.into();
    if who.is_none() {
        event["requestContext"]["authorizer"] = Value::Null;
    }
    match route.function {
        Function::ConfigApi => stage.raw(event).await,
        Function::ConnectionTest => {
            let request = serde_json::from_value(event).expect("an event");
            Reply::of(&connection_test::handle(checks, request).await)
        }
    }
}

#[tokio::test]
async fn s1_62_every_route_is_for_its_roles_and_for_no_other() {
    let mut asked = 0;
    for route in ROUTES {
        // Each on a stage of its own where something is removed or changed by being asked.
        let (stage, _) = Stage::configured().await;
        let checks = stage.connection_test();
        let nobody = ask(&stage, &checks, None, route).await;
        match route.access {
            Access::Public => assert_eq!(nobody.status, 200, "{:?}", route.operation),
            _ => nobody.is_problem(401, "unauthenticated"),
        }
        for (name, role) in ROLES {
            let who = Person {
                role: name,
                user: "u-somebody",
                ..ADMIN
            };
            let reply = ask(&stage, &checks, Some(who), route).await;
            asked += 1;
            assert!(
                reply.status < 500,
                "{:?} {name}: {}",
                route.operation,
                reply.text
            );
            let forbidden = reply.status == 403;
            let told = format!("{:?} as {name}: {}", route.operation, reply.text);
            if !route.access.admits(role) {
                assert!(forbidden, "{told}");
            } else if route.access != Access::Member {
                assert!(!forbidden, "{told}");
            }
        }
    }
    println!("access: {} routes, {asked} answers", ROUTES.len());
}

/// What everybody of a tenant may ask for, and only admins of what is the organisation's.
const CHANGING: [Operation; 8] = [
    Operation::AddIntegration,
    Operation::ConfigureIntegration,
    Operation::ChangeIntegration,
    Operation::DeleteIntegration,
    Operation::ShowWebhook,
    Operation::RotateWebhook,
    Operation::RepairWebhook,
    Operation::SaveElevenLabsConfig,
];

#[tokio::test]
async fn s1_63_managers_and_agents_change_nothing_of_the_organisations() {
    let (stage, _) = Stage::configured().await;
    let checks = stage.connection_test();
    let before = stage.items();
    for route in ROUTES
        .iter()
        .filter(|route| CHANGING.contains(&route.operation))
    {
        for who in [MANAGER, AGENT] {
            let reply = ask(&stage, &checks, Some(who), route).await;
            assert_eq!(reply.status, 403, "{:?}: {}", route.operation, reply.text);
        }
    }
    assert_eq!(stage.items(), before);
    // They see its state, and no credential, setting or webhook of it.
    let seen = stage.get(AGENT, WHATSAPP).await;
    assert_eq!(seen.body["data"]["status"], "connected");
    for hidden in ["credentials", "settings"] {
        assert!(seen.body["data"][hidden].is_null(), "{}", seen.text);
    }
    let admins = stage.get(ADMIN, WHATSAPP).await;
    assert!(admins.body["data"]["credentials"]["access_token"]["set"].is_boolean());
}

#[tokio::test]
async fn s2_36_a_personal_integration_is_its_owners_whatever_the_role() {
    let stage = Stage::new().await;
    let form = stage
        .form_with("one", json!({"provider": "whatsapp", "owner": "user"}))
        .await;
    let own = stage.call(AGENT, "POST", INTEGRATIONS, form).await;
    assert_eq!(own.status, 201, "{}", own.text);
    let path = format!("{INTEGRATIONS}/{}", own.id());
    for who in [ADMIN, MANAGER] {
        for method in ["GET", "PATCH", "DELETE"] {
            let body = if method == "PATCH" {
                json!({"name": "Mine"})
            } else {
                Value::Null
            };
            stage
                .call(who, method, &path, body)
                .await
                .is_problem(404, "not_found");
        }
        let listed = stage.get(who, INTEGRATIONS).await;
        assert_eq!(listed.body["data"], json!([]));
    }
    let shown = stage.get(AGENT, &path).await;
    assert_eq!(shown.body["data"]["owner"]["kind"], "user");
    assert!(!shown.body["data"]["credentials"].is_null());
    let renamed = stage
        .call(AGENT, "PATCH", &path, json!({"name": "Mine"}))
        .await;
    assert_eq!(renamed.body["data"]["name"], "Mine", "{}", renamed.text);
    assert_eq!(
        stage.call(AGENT, "DELETE", &path, Value::Null).await.status,
        200
    );
}
