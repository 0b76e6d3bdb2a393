//! The one place where secrets are to be found: what arrived at the provider, and there only in their own places.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use crate::secrets::RING_KEY;
use crate::stage::Stage;

/// Addresses that have to hold a secret: Meta takes the token that it is asked about as a parameter.
const IN_ADDRESSES: [&str; 1] = ["/debug_token?"];

/// How the names of secrets begin that may be refused before they get there.
const MAY_STAY: [&str; 2] = ["wrong", "canary"];

/// Every secret is at the provider: it was used. In an address it is only where the provider wants it so, in a header
/// only as what authorizes the request, and what we made ourselves only in a body. Our own keys are nowhere.
pub(crate) async fn holds_all(stage: &Stage) {
    let scanner = stage.secrets.scanner();
    let mut used = BTreeSet::new();
    let requests = stage.control(Method::GET, "requests", Value::Null).await;
    for request in requests.as_array().expect("a list") {
        let address = request["path"].to_string();
        let mut headers = request["headers"].clone();
        let authorization = headers["authorization"].take();
        for (part, text) in [
            ("address", address.clone()),
            ("authorization", authorization.to_string()),
            ("headers", headers.to_string()),
            ("body", request["body"].to_string()),
        ] {
            for leak in scanner.scan(text.as_bytes()) {
                let ours = leak.secret.starts_with("webhook_");
                let belongs = match part {
                    "address" => !ours && IN_ADDRESSES.iter().any(|one| address.contains(one)),
                    "authorization" => !ours,
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
}
