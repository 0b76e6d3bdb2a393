//! The catalogue: twelve types, each of them whole.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

use std::collections::BTreeSet;

use domain::{Credentials, FailureKind};
use providers::descriptor::{Availability, Descriptor};
use providers::field::{Field, Form};
use providers::http::{Egress, Reach};
use providers::{Overrides, Provider};
use serde_json::{Map, Value};
use url::Url;

/// In the order in which people are shown them.
const TYPES: [&str; 12] = [
    "whatsapp",
    "exotel_phone",
    "exotel_whatsapp",
    "exotel_sms",
    "elevenlabs",
    "chatwoot",
    "salesforce",
    "hubspot",
    "zoho_crm",
    "pipedrive",
    "custom_crm",
    "zoho_mail",
];

fn all() -> impl Iterator<Item = (&'static dyn Provider, &'static Descriptor)> {
    let all = providers::ALL.iter();
    all.map(|provider| (*provider, provider.descriptor()))
}

fn descriptor(id: &str) -> &'static Descriptor {
    providers::find(id).expect("listed").descriptor()
}

/// A text that stands as it is: not empty, one line, no space at an end.
#[track_caller]
fn is_text(text: &str, what: &str) {
    assert!(!text.is_empty() && text.trim() == text, "{what}: {text:?}");
    assert!(
        !text.contains(['\n', '\t']) && !text.contains("  "),
        "{what}: {text:?}"
    );
}

#[test]
fn there_are_twelve_types_in_this_order() {
    let ids: Vec<_> = all().map(|(_, descriptor)| descriptor.id).collect();
    assert_eq!(ids, TYPES);
}

#[test]
fn s2_46_every_type_says_what_it_is() {
    for (_, descriptor) in all() {
        let id = descriptor.id;
        is_text(descriptor.name, id);
        is_text(descriptor.description, id);
        assert!(descriptor.description.ends_with('.'), "{id}");
        assert_eq!(descriptor.icon.chars().count(), 1, "{id}");
        assert!(!descriptor.capabilities.is_empty(), "{id}");
        let page = Url::parse(descriptor.documentation).expect("a page");
        assert_eq!(page.scheme(), "https", "{id}");
        let own_server = descriptor.fields.iter().any(|f| f.form == Form::Address);
        assert_eq!(descriptor.base_url.is_empty(), own_server, "{id}");
        assert!(
            own_server || Form::Address.fits(descriptor.base_url),
            "{id}"
        );
    }
}

#[test]
fn s2_47_every_field_says_where_its_value_is_found() {
    for (_, descriptor) in all() {
        for field in descriptor.fields {
            let what = format!("{} {}", descriptor.id, field.name);
            is_text(field.label, &what);
            is_text(field.help, &what);
            is_text(field.example, &what);
            assert!(field.help.ends_with('.') && field.help.len() > 20, "{what}");
            assert!(!field.label.ends_with('.'), "{what}");
        }
    }
}

#[test]
fn no_two_fields_go_by_one_name() {
    for (_, descriptor) in all() {
        let mut names = BTreeSet::new();
        for Field { name, also, .. } in descriptor.fields {
            for name in also.iter().chain([name]) {
                assert!(names.insert(*name), "{} {name}", descriptor.id);
                let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
                assert!(name.bytes().all(|b| plain(b) || b == b'_'), "{name}");
            }
        }
    }
}

#[test]
fn examples_and_defaults_fit_their_fields() {
    for (_, descriptor) in all() {
        for field in descriptor.fields {
            let what = format!("{} {}", descriptor.id, field.name);
            let example: Value = match field.form {
                Form::Flag | Form::Object => serde_json::from_str(field.example).expect(&what),
                _ => field.example.into(),
            };
            assert!(field.form.read(&example).is_ok(), "{what}");
            if let Some(default) = field.default {
                assert!(!field.secret && !field.required, "{what}");
                let fits = match field.form {
                    Form::Flag => matches!(default, "true" | "false"),
                    form => form.fits(default),
                };
                assert!(fits, "{what}");
            }
        }
    }
}

#[test]
fn s0_44_s2_16_the_platforms_own_values_have_the_names_of_old() {
    for (id, variables) in [
        (
            "elevenlabs",
            [
                "ELEVENLABS_API_KEY",
                "ELEVENLABS_AGENT_ID",
                "ELEVENLABS_PHONE_NUMBER_ID",
            ],
        ),
        (
            "chatwoot",
            [
                "CHATWOOT_BASE_URL",
                "CHATWOOT_ACCOUNT_ID",
                "CHATWOOT_API_KEY",
            ],
        ),
        (
            "whatsapp",
            [
                "WHATSAPP_ACCESS_TOKEN",
                "WHATSAPP_PHONE_NUMBER_ID",
                "WHATSAPP_BUSINESS_ACCOUNT_ID",
            ],
        ),
    ] {
        let fields = descriptor(id).fields.iter();
        let named: Vec<_> = fields.filter_map(|field| field.platform).collect();
        assert_eq!(named, variables);
    }
}

#[test]
fn s2_3_to_6_the_four_by_oauth_are_planned() {
    for (provider, descriptor) in all() {
        let by_oauth = ["salesforce", "hubspot", "zoho_crm", "pipedrive"].contains(&descriptor.id);
        assert_eq!(descriptor.requires_oauth, by_oauth, "{}", descriptor.id);
        let planned = by_oauth || descriptor.id == "zoho_mail";
        assert_eq!(
            descriptor.availability == Availability::Planned,
            planned,
            "{}",
            descriptor.id
        );
        if planned {
            assert!(descriptor.capabilities.iter().all(|ability| !ability.ready));
            assert_eq!(
                provider.accounts(&Map::new()),
                providers::Accounts::default()
            );
        }
    }
}

#[test]
fn s1_42_mail_is_an_address_and_an_app_password() {
    let fields = descriptor("zoho_mail").fields;
    let required: Vec<_> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| (field.name, field.secret))
        .collect();
    assert_eq!(required, [("email_address", false), ("app_password", true)]);
}

#[test]
fn s2_41_chatwoots_options_are_flags() {
    let fields = descriptor("chatwoot").fields.iter();
    let flags = fields.filter(|field| field.form == Form::Flag);
    let flags: Vec<_> = flags.map(|field| (field.name, field.default)).collect();
    assert_eq!(
        flags,
        [
            ("auto_create_inboxes", Some("true")),
            ("auto_create_bots", Some("true")),
            ("sync_contacts", Some("true")),
        ]
    );
}

#[tokio::test]
async fn a_planned_type_that_is_tested_all_the_same_says_so() {
    let overrides = Overrides::default();
    let http = Egress::new(Reach::new(&overrides)).expect("a client");
    let (settings, credentials) = (Map::new(), Credentials::default());
    for (provider, descriptor) in all() {
        if descriptor.availability == Availability::Ready {
            continue;
        }
        let connection = overrides.connect(provider, &settings, &credentials, &http);
        let failure = provider.check(connection).await.expect_err("planned");
        assert_eq!(failure.kind, FailureKind::InvalidRequest);
        assert!(
            failure.detail.contains(descriptor.name),
            "{}",
            failure.detail
        );
    }
}
