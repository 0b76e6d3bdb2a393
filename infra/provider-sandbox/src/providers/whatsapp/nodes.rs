//! The nodes: a phone number, a WhatsApp Business account, and the caller itself.

use serde_json::{Value, json};

use super::access::Caller;
use super::accounts::{Account, Phone};
use super::call::Call;
use super::error::{Graph, GraphError};
use super::fields::select;
use super::paging::Page;
use super::registration::Registration;

/// Graph's names for the kinds of nodes, as its errors show them.
pub(super) const PHONE: &str = "WhatsAppBusinessPhoneNumber";
pub(super) const WABA: &str = "WhatsAppBusinessAccount";

/// Most numbers in one page of a WABA's list.
const MOST_NUMBERS: usize = 100;

const PHONE_DEFAULTS: [&str; 7] = [
    "id",
    "display_phone_number",
    "verified_name",
    "quality_rating",
    "code_verification_status",
    "platform_type",
    "throughput",
];
const WABA_DEFAULTS: [&str; 4] = ["id", "name", "timezone_id", "message_template_namespace"];
const SORTS: [&str; 4] = [
    "creation_time.asc",
    "creation_time.desc",
    "last_onboarded_time.asc",
    "last_onboarded_time.desc",
];

/// `GET /{phone_number_id}`.
pub(super) fn phone(
    call: &Call<'_>,
    account: &Account,
    phone: &Phone,
    registration: &Registration,
) -> Graph<Value> {
    select(
        &phone_node(account, phone, registration),
        PHONE,
        call.text("fields").as_deref(),
        &PHONE_DEFAULTS,
    )
}

/// `GET /{waba_id}`.
pub(super) fn waba(call: &Call<'_>, account: &Account) -> Graph<Value> {
    select(
        &waba_node(account),
        WABA,
        call.text("fields").as_deref(),
        &WABA_DEFAULTS,
    )
}

/// `GET /{waba_id}/phone_numbers`, in pages; `filtering` by equality.
pub(super) fn phone_numbers(
    call: &Call<'_>,
    account: &Account,
    registration: &Registration,
) -> Graph<Value> {
    let nodes = account
        .phones
        .iter()
        .map(|phone| phone_node(account, phone, registration));
    let mut nodes: Vec<Value> = match call.params.get("filtering") {
        None => nodes.collect(),
        Some(filters) => {
            let filters = filters
                .as_array()
                .ok_or_else(|| GraphError::parameter("Param filtering must be an array."))?;
            let filters = filters.iter().map(equality).collect::<Graph<Vec<_>>>()?;
            nodes
                .filter(|node| {
                    filters
                        .iter()
                        .all(|(field, value)| node.get(field) == Some(value))
                })
                .collect()
        }
    };
    match call.text("sort") {
        None => {}
        Some(sort) if !SORTS.contains(&sort.as_str()) => {
            return Err(GraphError::parameter(format!(
                "Param sort must be one of {{{}}}",
                SORTS.join(", ")
            )));
        }
        Some(sort) if sort.ends_with(".desc") => nodes.reverse(),
        Some(_) => {}
    }
    let page = Page::of(call, nodes.len(), MOST_NUMBERS)?;
    let fields = call.text("fields");
    let shown = nodes
        .iter()
        .map(|node| select(node, PHONE, fields.as_deref(), &PHONE_DEFAULTS));
    Ok(page.answer(call, shown.collect::<Graph<_>>()?).into())
}

/// `GET /me`: proves that some token is alive, and no more.
pub(super) fn me(call: &Call<'_>, caller: &Caller) -> Graph<Value> {
    let node = match caller {
        Caller::User(account) => {
            json!({ "id": account.user_id, "name": format!("System user {}", account.name) })
        }
        Caller::App(account) => json!({ "id": account.app_id, "name": account.app_name() }),
    };
    select(
        &node,
        "User",
        call.text("fields").as_deref(),
        &["id", "name"],
    )
}

fn phone_node(account: &Account, phone: &Phone, registration: &Registration) -> Value {
    json!({
        "id": phone.id,
        "display_phone_number": phone.display(),
        "verified_name": account.business_name(),
        "quality_rating": "GREEN",
        "status": "CONNECTED",
        "code_verification_status": "VERIFIED",
        "name_status": "APPROVED",
        "new_name_status": "NONE",
        "unified_cert_status": "APPROVED",
        "platform_type": "CLOUD_API",
        "host_platform": "CLOUD_API",
        "throughput": { "level": "STANDARD" },
        "account_mode": "LIVE",
        "country_code": "US",
        "country_dial_code": "1",
        "is_on_biz_app": false,
        "is_pin_enabled": true,
        "is_official_business_account": false,
        "last_onboarded_time": "2025-01-01T00:00:00+0000",
        "messaging_limit_tier": "TIER_2K",
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "search_visibility": "VISIBLE",
        "username": null,
        "webhook_configuration": registration.configuration(&phone.id),
        "health_status": health(account, Some(phone)),
    })
}

fn waba_node(account: &Account) -> Value {
    let end = account.waba_id.get(5..).unwrap_or_default();
    let namespace = format!("5a4d0000_0000_4000_8000_{end}");
    json!({
        "id": account.waba_id,
        "name": account.business_name(),
        "status": "ACTIVE",
        "currency": "USD",
        "country": "US",
        "timezone_id": "1",
        "message_template_namespace": namespace,
        "account_review_status": "APPROVED",
        "business_verification_status": "verified",
        "ownership_type": "SELF",
        "owner_business_info": { "id": account.business_id, "name": account.business_name() },
        "on_behalf_of_business_info": null,
        "primary_business_location": "US",
        "is_enabled_for_insights": true,
        "health_status": health(account, None),
    })
}

/// Whether messages can be sent, and what stands in the way: the worst of all entities counts.
fn health(account: &Account, phone: Option<&Phone>) -> Value {
    let entity = |kind: &str, id: &str| json!({ "entity_type": kind, "id": id, "can_send_message": "AVAILABLE" });
    let mut waba = entity("WABA", &account.waba_id);
    if let (true, Some(waba)) = (account.is_blocked(), waba.as_object_mut()) {
        waba.insert("can_send_message".to_owned(), "BLOCKED".into());
        let error = json!({
            "error_code": 141_006,
            "error_description": "There is no valid payment method for this account.",
            "possible_solution": "Add a payment method to the account.",
        });
        waba.insert("errors".to_owned(), [error].into_iter().collect());
    }
    let rest = [
        waba,
        entity("BUSINESS", &account.business_id),
        entity("APP", &account.app_id),
    ];
    let phone = phone.map(|phone| entity("PHONE_NUMBER", &phone.id));
    json!({
        "can_send_message": if account.is_blocked() { "BLOCKED" } else { "AVAILABLE" },
        "entities": phone.into_iter().chain(rest).collect::<Vec<_>>(),
    })
}

/// One filter: `{field, operator: "EQUAL", value}`.
fn equality(filter: &Value) -> Graph<(&str, &Value)> {
    const FIELDS: [&str; 3] = [
        "account_mode",
        "messaging_limit_tier",
        "is_official_business_account",
    ];
    let part = |name| {
        filter
            .get(name)
            .ok_or_else(|| GraphError::parameter("Param filtering is malformed."))
    };
    let field = part("field")?
        .as_str()
        .filter(|field| FIELDS.contains(field));
    match (field, part("operator")?.as_str()) {
        (Some(field), Some("EQUAL")) => Ok((field, part("value")?)),
        _ => Err(GraphError::parameter(format!(
            "Param filtering takes EQUAL on {}",
            FIELDS.join(", ")
        ))),
    }
}
