//! Message templates: every account has the same ones, made up to cover each form that a send has
//! to fill in.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::accounts::Account;
use super::call::Call;
use super::error::Graph;
use super::fields::select;
use super::paging::Page;

/// Most templates in one page.
const MOST: usize = 1_000;

const DEFAULTS: [&str; 8] = [
    "id",
    "name",
    "language",
    "status",
    "category",
    "components",
    "parameter_format",
    "previous_category",
];

/// A page of templates, and the whole of them as `message_templates` shows it.
static TEMPLATES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let body = |text: &str| json!({ "type": "BODY", "text": text });
    vec![
        template(
            "hello_world",
            "en_US",
            "UTILITY",
            "APPROVED",
            json!([body("Hello and welcome.")]),
        ),
        template(
            "order_update",
            "en",
            "UTILITY",
            "APPROVED",
            json!([body("Hi {{1}}, order {{2}} is on its way.")]),
        ),
        template(
            "order_update",
            "hi",
            "UTILITY",
            "APPROVED",
            json!([body("नमस्ते {{1}}, ऑर्डर {{2}} रास्ते में है।")]),
        ),
        template(
            "season_offer",
            "en",
            "MARKETING",
            "APPROVED",
            json!([
                { "type": "HEADER", "format": "IMAGE" },
                body("{{1}}, a gift is waiting for you."),
                { "type": "FOOTER", "text": "Reply STOP to unsubscribe." },
                { "type": "BUTTONS", "buttons": [
                    { "type": "URL", "text": "Look", "url": "https://shop.example/offers/{{1}}" },
                    { "type": "QUICK_REPLY", "text": "Not now" },
                ]},
            ]),
        ),
        template(
            "sign_in_code",
            "en",
            "AUTHENTICATION",
            "APPROVED",
            json!([
                body("{{1}} is your code."),
                { "type": "BUTTONS", "buttons": [
                    { "type": "URL", "text": "Copy code", "url": "https://code.example/{{1}}" },
                ]},
            ]),
        ),
        template(
            "appointment",
            "en",
            "UTILITY",
            "APPROVED",
            json!([
                { "type": "HEADER", "format": "TEXT", "text": "For {{guest}}" },
                body("See you on {{day}} at {{hour}}."),
            ]),
        ),
        template(
            "paused_offer",
            "en",
            "MARKETING",
            "PAUSED",
            json!([body("Only today.")]),
        ),
        template(
            "disabled_offer",
            "en",
            "MARKETING",
            "DISABLED",
            json!([body("Only today.")]),
        ),
        template(
            "in_review",
            "en",
            "UTILITY",
            "PENDING",
            json!([body("Soon.")]),
        ),
    ]
});

fn template(name: &str, language: &str, category: &str, status: &str, components: Value) -> Value {
    let named = components.to_string().contains("{{day}}");
    json!({
        "name": name,
        "language": language,
        "category": category,
        "status": status,
        "components": components,
        "parameter_format": if named { "NAMED" } else { "POSITIONAL" },
        "previous_category": null,
        "sub_category": null,
        "quality_score": { "score": "UNKNOWN" },
        "rejected_reason": "NONE",
        "message_send_ttl_seconds": null,
    })
}

/// The template of a name and language, whatever its status.
pub(super) fn find(name: &str, language: &str) -> Option<&'static Value> {
    TEMPLATES
        .iter()
        .find(|template| text(template, "name") == name && text(template, "language") == language)
}

/// `GET /{waba_id}/message_templates`: filters, fields, pages, `summary`.
pub(super) fn list(call: &Call<'_>, account: &Account) -> Graph<Value> {
    let found: Vec<Value> = TEMPLATES
        .iter()
        .zip(1_u64..)
        .filter(|(node, _)| matches(call, node))
        .map(|(node, n)| with_id(node, account, n))
        .collect();
    let page = Page::of(call, found.len(), MOST)?;
    let fields = call.text("fields");
    let shown = found.iter().map(|node| {
        select(
            node,
            "WhatsAppMessageTemplate",
            fields.as_deref(),
            &DEFAULTS,
        )
    });
    let mut answer = page.answer(call, shown.collect::<Graph<_>>()?);
    if let Some(wanted) = call.text("summary") {
        let summary = json!({
            "total_count": found.len(),
            "message_template_count": TEMPLATES.len(),
            "message_template_limit": 6_000,
            "are_translations_complete": true,
        });
        answer.insert(
            "summary".to_owned(),
            select(&summary, "Summary", Some(&wanted), &[])?,
        );
    }
    Ok(answer.into())
}

fn with_id(template: &Value, account: &Account, number: u64) -> Value {
    let mut node = template.clone();
    if let Some(node) = node.as_object_mut() {
        let base: u64 = account.waba_id.parse().unwrap_or_default();
        node.insert(
            "id".to_owned(),
            (base / 10 + 1_000 * number).to_string().into(),
        );
    }
    node
}

/// Exact filters take lists with commas; those on text look for a part of it.
fn matches(call: &Call<'_>, template: &Value) -> bool {
    let contains = |field: &str, part: &str| match field {
        "content" => template
            .get("components")
            .is_some_and(|all| all.to_string().contains(part)),
        _ => text(template, field).contains(part),
    };
    let is_one_of = |field: &str| {
        call.text(field).is_none_or(|list| {
            list.split(',')
                .any(|item| item.trim() == text(template, field))
        })
    };
    ["status", "category", "language"]
        .into_iter()
        .all(is_one_of)
        && call.text("name").is_none_or(|part| contains("name", &part))
        && call
            .text("content")
            .is_none_or(|part| contains("content", &part))
        && call
            .text("name_or_content")
            .is_none_or(|part| contains("name", &part) || contains("content", &part))
}

pub(super) fn text<'a>(node: &'a Value, field: &str) -> &'a str {
    node.get(field).and_then(Value::as_str).unwrap_or_default()
}
