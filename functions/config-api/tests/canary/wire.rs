//! The one place where secrets are to be found: what arrived at the provider, and there only in their own places.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use crate::secrets::{RING_KEY, WEBHOOK};
use crate::stage::Stage;

/// Addresses that have to hold a secret: Meta takes the token that it is asked about as a parameter.
const IN_ADDRESSES: [&str; 1] = ["/debug_token?"];

/// Headers that show a provider who asks.
const IN_HEADERS: [&str; 5] = [
    "api_access_token",
    "authorization",
    "x-acme-token",
    "x-api-key",
    "xi-api-key",
];

/// How the names of secrets begin that may be refused before they get there, or of which no provider is told.
const MAY_STAY: [&str; 3] = ["wrong", "canary", WEBHOOK];

/// Every secret is at the provider that it is of, and at no other: it was used. In an address it is only where the provider
/// wants it so, in a header only as what shows who asks, and what we made ourselves only in a body. Our own keys are nowhere.
pub(crate) async fn holds_all(stage: &Stage) {
    let scanner = stage.secrets.scanner();
    let mut used = BTreeSet::new();
    let requests = stage.control(Method::GET, "requests", Value::Null).await;
    for request in requests.as_array().expect("a list") {
        let provider = request["provider"].as_str().expect("a provider");
        let address = request["path"].to_string();
        let mut headers = request["headers"].clone();
        let shown = IN_HEADERS.map(|name| headers[name].take());
        for (part, text) in [
            ("address", address.clone()),
            ("proof", Value::from_iter(shown).to_string()),
            ("headers", headers.to_string()),
            ("body", request["body"].to_string()),
        ] {
            for leak in scanner.scan(text.as_bytes()) {
                let ours = leak.secret.starts_with(WEBHOOK);
                let own = leak.secret.ends_with(&format!(" of {provider}"));
                let belongs = match part {
                    "address" => own && IN_ADDRESSES.iter().any(|one| address.contains(one)),
                    "proof" => own,
                    "body" => ours,
                    _ => false,
                };
                assert!(belongs, "{leak:?} in the {part} of {address}");
                used.insert(leak.secret);
            }
        }
    }
    for (name, _) in stage.secrets.all() {
        if name.starts_with(RING_KEY) {
            assert!(!used.contains(&name), "{name}");
        } else if !MAY_STAY.iter().any(|begin| name.starts_with(begin)) {
            assert!(used.contains(&name), "{name} was never used");
        }
    }
    for token in ["webhook_url_token", "webhook_verify_token"] {
        let mut used = used.iter();
        assert!(used.any(|name| name.starts_with(token)), "{token}");
    }
}
