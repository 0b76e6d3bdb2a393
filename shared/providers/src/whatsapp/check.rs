//! The connection test: one call proves token and number and names their owners, a second inspects the token.
//! `/me` would only prove that some token is alive.

use domain::{Failure, FailureKind, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::graph::Graph;
use super::lists::{self, Page};
use crate::{Checked, Connection};

const PHONE_FIELDS: &str = "id,display_phone_number,verified_name,quality_rating,status,\
    code_verification_status,name_status,platform_type,throughput,account_mode,\
    whatsapp_business_manager_messaging_limit,health_status";

#[derive(Deserialize)]
struct Phone {
    #[serde(default)]
    health_status: Health,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Default, Deserialize)]
struct Health {
    #[serde(default)]
    can_send_message: String,
    #[serde(default)]
    entities: Vec<Entity>,
}

#[derive(Deserialize)]
struct Entity {
    #[serde(default)]
    entity_type: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    errors: Vec<EntityError>,
}

#[derive(Deserialize)]
struct EntityError {
    error_code: i64,
}

#[derive(Deserialize)]
struct TokenAnswer {
    data: Token,
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    app_id: String,
    #[serde(default)]
    is_valid: bool,
    #[serde(default)]
    expires_at: i64,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    granular_scopes: Vec<GranularScope>,
}

#[derive(Deserialize)]
struct GranularScope {
    scope: String,
    /// Absent means all assets, not none.
    target_ids: Option<Vec<String>>,
}

const NEEDED_SCOPES: [&str; 2] = [
    "whatsapp_business_messaging",
    "whatsapp_business_management",
];

/// Facts that people recognise a number by, and how it fares.
const SHOWN: [&str; 9] = [
    "display_phone_number",
    "verified_name",
    "quality_rating",
    "status",
    "name_status",
    "account_mode",
    "platform_type",
    "throughput",
    "whatsapp_business_manager_messaging_limit",
];

pub(super) async fn check(connection: Connection<'_>) -> Result<Checked, Failure> {
    let graph = Graph::new(connection);
    let phone_id = connection.setting("phone_number_id").unwrap_or_default();
    let phone: Phone = graph.get(phone_id, &[("fields", PHONE_FIELDS)]).await?;
    let mut checked = Checked::default();
    for name in SHOWN {
        if let Some(value) = phone.rest.get(name) {
            checked.facts.insert(name.to_owned(), value.clone());
        }
    }
    let owner = |kind: &str| {
        let entity = phone
            .health_status
            .entities
            .iter()
            .find(|e| e.entity_type == kind);
        entity
            .map(|entity| entity.id.as_str())
            .filter(|id| !id.is_empty())
    };
    let waba = same_or_found(connection, "waba_id", owner("WABA"), &mut checked)?;
    let app = same_or_found(connection, "app_id", owner("APP"), &mut checked)?;
    if let (None, Some(waba)) = (owner("WABA"), &waba) {
        belongs_together(&graph, waba, phone_id).await?;
    }
    tell_health(&phone, &mut checked);
    if let (Some(app), Some(secret)) = (&app, connection.credentials.get("app_secret")) {
        inspect_token(
            connection,
            &graph,
            app,
            secret,
            waba.as_deref(),
            &mut checked,
        )
        .await?;
    } else if connection.credentials.get("app_secret").is_none() {
        checked.warnings.push(
            "Without the app secret no incoming message or status can be authenticated, so none is received.".into(),
        );
    }
    Ok(checked)
}

/// The id that was given, if Meta agrees; else the one that Meta names.
fn same_or_found(
    connection: Connection<'_>,
    field: &'static str,
    found: Option<&str>,
    checked: &mut Checked,
) -> Result<Option<String>, Failure> {
    match (connection.setting(field), found) {
        (Some(given), Some(found)) if given != found => Err(Failure::new(
            FailureKind::NotFound,
            format!("The {field} that was given is not the one that the phone number belongs to."),
            format!("Correct the {field}, or leave it out: it is found for you."),
        )),
        (None, Some(found)) => {
            checked.discovered.insert(field.to_owned(), found.into());
            Ok(Some(found.to_owned()))
        }
        (given, _) => Ok(given.map(str::to_owned)),
    }
}

/// Looks for the number among the account's, where the number does not name its account.
async fn belongs_together(graph: &Graph<'_>, waba: &str, phone: &str) -> Result<(), Failure> {
    const MOST_PAGES: usize = 10;
    let mut after = None;
    for _ in 0..MOST_PAGES {
        let page = Page::read(graph, waba, ("phone_numbers", "id"), after.as_deref(), 100).await?;
        let mut ids = page.data.iter().filter_map(|item| lists::text(item, "id"));
        if ids.any(|id| id == phone) {
            return Ok(());
        }
        after = page.next().map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    Err(Failure::new(
        FailureKind::NotFound,
        "The phone number does not belong to the WhatsApp Business Account.",
        "Check both IDs in WhatsApp Manager → API setup.",
    ))
}

fn tell_health(phone: &Phone, checked: &mut Checked) {
    let health = &phone.health_status;
    if !health.can_send_message.is_empty() {
        checked.facts.insert(
            "can_send_message".into(),
            health.can_send_message.as_str().into(),
        );
    }
    if matches!(health.can_send_message.as_str(), "BLOCKED" | "LIMITED") {
        let errors = health.entities.iter().flat_map(|entity| &entity.errors);
        for failure in errors.filter_map(|error| super::errors::by_code(error.error_code)) {
            checked
                .warnings
                .push(format!("{} {}", failure.detail, failure.hint));
        }
        if checked.warnings.is_empty() {
            checked.warnings.push(
                "Meta does not let this number send at present: see WhatsApp Manager → Account quality.".into(),
            );
        }
    }
    if phone
        .rest
        .get("platform_type")
        .is_some_and(|value| value == "NOT_APPLICABLE")
    {
        checked.warnings.push(
            "The number is not registered with the Cloud API: register it in WhatsApp Manager."
                .into(),
        );
    }
}

/// The bearer `{app_id}|{app_secret}` proves at the same time that the secret fits the app.
async fn inspect_token(
    connection: Connection<'_>,
    graph: &Graph<'_>,
    app: &str,
    secret: &SecretString,
    waba: Option<&str>,
    checked: &mut Checked,
) -> Result<(), Failure> {
    let Some(token) = connection.credentials.get("access_token") else {
        return Ok(());
    };
    let bearer = domain::secret::take([app, "|", secret.expose_secret()].concat());
    let query = [("input_token", token.expose_secret())];
    let answer: Result<TokenAnswer, Failure> = graph.get_as(&bearer, "debug_token", &query).await;
    let token = match answer {
        Ok(answer) => answer.data,
        Err(failure) => return Err(secret_failure(failure)),
    };
    if !token.is_valid {
        return Err(Failure::new(
            FailureKind::CredentialsRejected,
            "Meta says that the access token is no longer valid.",
            "Generate a new system user token in Meta Business settings and enter it here.",
        )
        .with_code("190"));
    }
    if !token.app_id.is_empty() && token.app_id != app {
        return Err(Failure::new(
            FailureKind::CredentialsRejected,
            "The access token belongs to another Meta app than the app secret.",
            "Generate the token for the app whose ID and secret are entered here.",
        ));
    }
    for scope in NEEDED_SCOPES {
        let granted = token.scopes.iter().any(|held| held == scope);
        let covers = token
            .granular_scopes
            .iter()
            .filter(|held| held.scope == scope)
            .all(|held| match (&held.target_ids, waba) {
                (Some(targets), Some(waba)) => targets.iter().any(|target| target == waba),
                _ => true,
            });
        if !granted || !covers {
            return Err(Failure::new(
                FailureKind::PermissionMissing,
                format!("The access token lacks the permission {scope} for this WhatsApp account."),
                "Generate a token with the permissions whatsapp_business_messaging and whatsapp_business_management, \
                 and assign the account to the system user.",
            ));
        }
    }
    if token.expires_at > 0 {
        checked.expires_at = Some(Timestamp::from_seconds(token.expires_at));
    }
    Ok(())
}

/// A refusal here speaks of the app's own credentials: Meta uses several codes for it.
fn secret_failure(failure: Failure) -> Failure {
    let refused = failure.kind == FailureKind::CredentialsRejected
        || failure.provider_code.as_deref() == Some("100");
    if !refused {
        return failure;
    }
    Failure {
        kind: FailureKind::CredentialsRejected,
        detail: "The app secret does not fit the app that the access token belongs to.".into(),
        hint: "Copy the app secret again from App Dashboard → App settings → Basic.".into(),
        ..failure
    }
}
