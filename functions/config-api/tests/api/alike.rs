//! B3: another tenant's id, another user's id, one that never was and one that cannot be are answered alike, byte for
//! byte, by every route and for every place where a route takes an id. The routes and places are those of the OpenAPI
//! document: one that has no case here fails the test.

use std::collections::BTreeSet;

use contract::document::document;
use contract::routes::ROUTES;
use contract::{Access, Function, Route};
use serde_json::{Value, json};
use testing::switchboard as names;

use crate::stage::{ADMIN, AGENT, INTEGRATIONS, MANAGER, Person, Reply, STRANGER, Stage, event};

/// Where a route takes an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Path(&'static str),
    Query(&'static str),
    Body(&'static str),
}

use Place::{Body, Path, Query};

/// What an id is of.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Integration,
    Agent,
    Number,
    Message,
    Tenant,
    /// Of somebody of the team: whoever manages the team knows who is in it, and any id may be one.
    Member,
    /// A provider type: the same for all tenants.
    Provider,
}

/// Every place of every route, by the name it goes by.
const CASES: &[(Place, Kind)] = &[
    (Path("ref"), Kind::Integration),
    (Path("number_id"), Kind::Number),
    (Path("agent_id"), Kind::Agent),
    (Path("message_id"), Kind::Message),
    (Path("user"), Kind::Member),
    (Path("tenant"), Kind::Tenant),
    (Path("provider"), Kind::Provider),
    (Query("integration"), Kind::Integration),
    (Query("provider"), Kind::Provider),
    (Body("whatsapp.integration_id"), Kind::Integration),
    (Body("destination.integration_id"), Kind::Integration),
    (Body("metadata.integration_id"), Kind::Integration),
    (Body("metadata.fallback"), Kind::Integration),
    (Body("metadata.agent_id"), Kind::Agent),
    (Body("metadata.tenant_id"), Kind::Tenant),
    (Body("metadata.user_id"), Kind::Member),
    (Body("metadata.assigned_to"), Kind::Member),
    (Body("metadata.created_by"), Kind::Member),
    (Body("user_id"), Kind::Member),
];

/// Fields of bodies that look like ids and are the provider's, not ours.
const NOT_OURS: &[&str] = &[
    "caller_id",
    "phone_number_id",
    "waba_id",
    "app_id",
    "account_sid",
    "account_id",
    "accountId",
    "agent_id",
    "inbox_id",
    "message_id",
    "dlt_entity_id",
    "business_account_id",
    "webhook_id",
    "phoneNumberId",
    "wabaId",
    "agentId",
    "businessAccountId",
];

/// Before the fields of a message of a batch, which takes what a message takes.
const OF_BATCH: &str = "messages[].";

fn kind(route: &Route, place: Place) -> Kind {
    let place = match place {
        Body(field) => Body(field.strip_prefix(OF_BATCH).unwrap_or(field)),
        other => other,
    };
    let case = CASES.iter().find(|(known, _)| *known == place);
    case.unwrap_or_else(|| panic!("{:?} takes {place:?}, which has no case", route.operation))
        .1
}

/// The names of fields of a schema that hold ids of ours, from the outside in.
fn id_fields(document: &Value, schema: &Value, place: &str, found: &mut BTreeSet<String>) {
    let resolved = schema["$ref"].as_str().and_then(|of| of.rsplit('/').next());
    let schema = resolved.map_or(schema, |name| &document["components"]["schemas"][name]);
    for part in ["anyOf", "oneOf", "allOf"] {
        for option in schema[part].as_array().into_iter().flatten() {
            id_fields(document, option, place, found);
        }
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = if place.is_empty() {
            name.clone()
        } else {
            format!("{place}.{name}")
        };
        let pattern = field["pattern"].as_str().unwrap_or_default();
        let looks_like_one = pattern.starts_with("^int_")
            || pattern.starts_with("^agt_")
            || name.ends_with("_id")
            || name.ends_with("Id")
            || ["assigned_to", "created_by", "fallback"].contains(&name.as_str());
        if field["properties"].is_null() && field["$ref"].is_null() && looks_like_one {
            found.insert(path.clone());
        }
        id_fields(document, field, &path, found);
        id_fields(document, &field["items"], &format!("{path}[]"), found);
    }
}

/// The places of a route, as the document has them.
fn places(document: &Value, route: &Route) -> Vec<Place> {
    let operation = &document["paths"][route.path][route.method.to_lowercase()];
    let mut places = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name: &'static str =
            String::leak(parameter["name"].as_str().expect("a name").to_owned());
        match parameter["in"].as_str() {
            Some("path") => places.push(Path(name)),
            Some("query")
                if ["integration", "provider"].contains(&name) || name.ends_with("_id") =>
            {
                places.push(Query(name));
            }
            _ => {}
        }
    }
    let mut fields = BTreeSet::new();
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    id_fields(document, schema, "", &mut fields);
    for field in fields {
        let last = field.rsplit('.').next().unwrap_or(&field);
        let is_ours = field.ends_with("metadata.agent_id") || !NOT_OURS.contains(&last);
        if is_ours {
            places.push(Body(String::leak(field)));
        }
    }
    places
}

/// What tenant one and its members have, and a tenant two that is to learn nothing of it.
struct World {
    stage: Stage,
    checks: connection_test::Context,
    integration: String,
    personal: String,
    agent: String,
    number: String,
    message: String,
}

impl World {
    async fn new() -> Self {
        let (stage, configured) = Stage::configured().await;
        let integration = configured.id().to_owned();
        let own = stage
            .form_with("two", json!({"provider": "whatsapp", "owner": "user"}))
            .await;
        let personal = stage.call(MANAGER, "POST", INTEGRATIONS, own).await;
        let agent = json!({"name": "Desk", "whatsapp": {"integrationId": integration}});
        let agent = stage.call(ADMIN, "POST", "/api/v1/agents", agent).await;
        let message =
            json!({"wabaPayload": {"to": "919876543220", "type": "text", "text": {"body": "Hi"}}});
        let message = stage.call(ADMIN, "POST", "/api/v1/messages", message).await;
        let numbers = stage.get(ADMIN, "/api/v1/settings/phone-numbers").await;
        let number = numbers.body["data"][0]["id"]
            .as_str()
            .expect("a number")
            .to_owned();
        Self {
            checks: stage.connection_test(),
            integration,
            personal: personal.id().to_owned(),
            agent: agent.id().to_owned(),
            number,
            message: message.id().to_owned(),
            stage,
        }
    }

    /// Ids that name nothing that `who` may see: one that never was, then those of others.
    fn ids(&self, kind: Kind, who: Person) -> Vec<String> {
        let foreign = who.tenant != ADMIN.tenant;
        let none = |prefix: &str| format!("{prefix}_{}", "0".repeat(26));
        let (unknown, known) = match kind {
            Kind::Integration if foreign => (none("int"), vec![&self.integration, &self.personal]),
            Kind::Integration => (none("int"), vec![&self.personal]),
            Kind::Agent => (none("agt"), vec![&self.agent]),
            Kind::Number => (none("num"), vec![&self.number]),
            Kind::Message => (none("msg"), vec![&self.message]),
            Kind::Tenant if foreign => return vec!["t_unknown".into(), ADMIN.tenant.into()],
            Kind::Tenant => return vec!["t_unknown".into(), STRANGER.tenant.into()],
            Kind::Member => {
                return vec!["u-unknown".into(), "u-nobody".into(), MANAGER.user.into()];
            }
            Kind::Provider => return vec!["nothing".into()],
        };
        // What the tenant shares its members may see.
        let hidden = known
            .into_iter()
            .filter(|_| foreign || matches!(kind, Kind::Integration));
        std::iter::once(unknown).chain(hidden.cloned()).collect()
    }

    async fn ask(&self, who: Person, route: &Route, place: Place, id: &str) -> Reply {
        let mut path = route.path.to_owned();
        for name in route.names() {
            let value = match (place == Path(name), name) {
                (true, _) => id,
                (false, "ref" | "provider") => "whatsapp",
                (false, "user") => "u-somebody",
                (false, "tenant") => who.tenant,
                (false, _) => "none",
            };
            path = path.replace(&format!("{{{name}}}"), value);
        }
        let mut body = route.body.map_or(Value::Null, |body| {
            serde_json::from_str(body.example).expect("an example")
        });
        if let Body(field) = place {
            set(&mut body, field, id);
        }
        let mut event = event(who, route.method, &path, &body);
        if let Query(name) = place {
            event["rawQueryString"] = format!("{name}={id}").into();
        }
        if route.access == Access::Operator {
            event["headers"]["x-switchboard-tenant"] = who.tenant.into();
        }
        match route.function {
            Function::ConfigApi => self.stage.raw(event).await,
            Function::ConnectionTest => {
                let request = serde_json::from_value(event).expect("an event");
                Reply::of(&connection_test::handle(&self.checks, request).await)
            }
        }
    }

    /// All that tenant one has, but for its audit trail.
    fn belongings(&self) -> Vec<String> {
        let tables = [names::INTEGRATIONS, names::WEBHOOK_ROUTES, names::ACTIVITY];
        let items = tables
            .iter()
            .flat_map(|table| self.stage.cloud.items(table));
        let of_one = |item: &Value| item.to_string().contains(ADMIN.tenant);
        items.filter(of_one).map(|item| item.to_string()).collect()
    }
}

fn set(body: &mut Value, field: &str, id: &str) {
    if let Some(field) = field.strip_prefix(OF_BATCH) {
        return set(&mut body["messages"][0], field, id);
    }
    match field.split_once('.') {
        None => body[field] = id.into(),
        Some(("destination", name)) => {
            body["destination"] = json!({"type": "chatwoot", name: id, "inbox_id": 1})
        }
        Some((outer, name)) => {
            if !body[outer].is_object() {
                body[outer] = json!({});
            }
            body[outer][name] = match name {
                "fallback" => json!([id]),
                _ => id.into(),
            };
        }
    }
}

/// An answer without what differs from request to request: its id, and the id that was asked for, where it is repeated.
fn but_for(reply: &Reply, id: &str) -> (u64, String, String) {
    let (status, headers, text) = reply.but_for_its_id();
    let quoted = |text: String| text.replace(&format!("\"{id}\""), "\"-\"");
    let text = quoted(text);
    // A message that is taken in gets an id and a time of its own.
    let text = match serde_json::from_str::<Value>(&text) {
        Ok(mut body) if status == 202 => {
            match body["data"]["messages"].as_array_mut() {
                Some(messages) => messages.iter_mut().for_each(|one| one["id"] = "-".into()),
                None => body["data"]["id"] = "-".into(),
            }
            body.to_string()
        }
        _ => text,
    };
    (status, headers, text)
}

/// In the role that a route asks for.
fn role(route: &Route, of: Person) -> Person {
    let role = match route.access {
        Access::Service => "service",
        Access::Operator => "operator",
        _ => of.role,
    };
    Person { role, ..of }
}

#[tokio::test]
async fn b3_what_is_anothers_is_as_good_as_nothing() {
    let world = World::new().await;
    let document = document("https://api.example.com");
    let before = world.belongings();
    let (mut places_tried, mut compared) = (0, 0);
    let agent_of_two = Person {
        role: "agent",
        ..STRANGER
    };
    for route in ROUTES.iter().filter(|route| route.access != Access::Public) {
        for place in places(&document, route) {
            places_tried += 1;
            let kind = kind(route, place);
            for who in [STRANGER, agent_of_two, ADMIN, AGENT] {
                let who = role(route, who);
                let ids = world.ids(kind, who);
                let first = world.ask(who, route, place, &ids[0]).await;
                let mut alike = ids[1..].to_vec();
                let in_path = matches!(place, Path(_)) && !matches!(kind, Kind::Member);
                if in_path {
                    alike.extend(malformed());
                }
                for id in &alike {
                    let reply = world.ask(who, route, place, id).await;
                    let (is, first_is) = (but_for(&reply, id), but_for(&first, &ids[0]));
                    let asked = format!("{:?} {place:?} {}", route.operation, who.user);
                    assert_eq!(is, first_is, "{asked}: {id:.40}");
                    compared += 1;
                }
                // Elsewhere it is told which field is wrong, by its form alone.
                for id in malformed().iter().filter(|_| !in_path) {
                    let reply = world.ask(who, route, place, id).await;
                    let status = reply.status;
                    assert!(
                        (200..500).contains(&status),
                        "{:?} {}",
                        route.operation,
                        reply.text
                    );
                    assert!(
                        !reply.text.contains(id.as_str()) || id.len() < 3,
                        "{}",
                        reply.text
                    );
                    compared += 1;
                }
            }
        }
    }
    println!(
        "B3: {places_tried} places of {} routes, {compared} answers compared",
        ROUTES.len()
    );
    let after = world.belongings();
    let lost: Vec<_> = before.iter().filter(|item| !after.contains(item)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(
        places_tried > 30 && compared > 500,
        "{places_tried} {compared}"
    );
}

/// What cannot be an id.
fn malformed() -> Vec<String> {
    let mut all = ["..", "%2e%2e", "a%20b", "{}", "'", "%00", "%ff"]
        .map(str::to_owned)
        .to_vec();
    all.push("x".repeat(10_000));
    all
}

#[tokio::test]
async fn b3_control_what_is_ones_own_is_told_from_nothing() {
    let world = World::new().await;
    let route = route("GET", "/api/v1/settings/integrations/{ref}");
    let place = Path("ref");
    let unknown = &world.ids(Kind::Integration, ADMIN)[0];
    let nothing = world.ask(ADMIN, route, place, unknown).await;
    for own in [&world.integration, &world.personal] {
        let who = if own == &world.personal {
            MANAGER
        } else {
            ADMIN
        };
        let something = world.ask(who, route, place, own).await;
        assert_ne!(but_for(&something, own), but_for(&nothing, unknown));
    }
    // A place without a case is noticed.
    let unheard_of = std::panic::catch_unwind(|| kind(route, Body("sister_id")));
    assert!(unheard_of.is_err());
}

fn route(method: &str, path: &str) -> &'static Route {
    let mut routes = ROUTES.iter();
    let found = routes.find(|route| (route.method, route.path) == (method, path));
    found.expect("a route")
}
