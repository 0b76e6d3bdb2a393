//! Golden vectors: `tests/vectors.json` holds sealed values with all that went into them. What was sealed once must
//! open for ever, so the file only ever grows. Here is shown that the writer still makes the very same bytes, and that
//! the layout is what the file says it is.

use domain::seal::{Purpose, SealContext};
use domain::{IntegrationId, ProviderId, TenantId};
use serde::Deserialize;

use crate::context::canonical;
use crate::layout::Layout;
use crate::seal::{RingKey, seal};

#[derive(Deserialize)]
struct Vectors {
    opens: Vec<Vector>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    name: String,
    class: String,
    sealed: String,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    ring_key: String,
    ring: String,
    ring_version: u32,
    salt: String,
    tenant: String,
    provider: String,
    integration: String,
    purpose: Purpose,
    record: String,
    revision: u64,
    origin: Option<String>,
    context: String,
    plaintext: String,
    sealed: String,
}

impl Vectors {
    fn read() -> Self {
        serde_json::from_str(include_str!("../tests/vectors.json")).expect("vectors")
    }
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).expect("hex")
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test is a trusted source of tenants"
)]
fn f1_the_writer_makes_the_same_bytes_as_ever() {
    let vectors = Vectors::read();
    assert!(vectors.opens.len() >= 30);
    for vector in vectors.opens {
        let record: &'static str = match vector.record.as_str() {
            "integration" => "integration",
            "webhook-route" => "webhook-route",
            other => panic!("{other} is no kind of record"),
        };
        let context = canonical(&SealContext {
            tenant: &TenantId::from_trusted_source(&vector.tenant).expect("a tenant"),
            provider: &ProviderId::parse(&vector.provider).expect("a provider"),
            integration: &IntegrationId::parse(&vector.integration).expect("an integration"),
            purpose: vector.purpose,
            record,
            revision: vector.revision,
            origin: vector.origin.as_deref(),
        });
        assert_eq!(hex::encode(&context), vector.context, "{}", vector.name);
        let key = RingKey::from_slice(&bytes(&vector.ring_key)).expect("32 bytes");
        let salt = bytes(&vector.salt).try_into().expect("32 bytes");
        let plaintext = bytes(&vector.plaintext);
        let (ring, version) = (&vector.ring, vector.ring_version);
        let sealed = seal(&key, ring, version, &salt, &context, &plaintext).expect("sealed");
        assert_eq!(hex::encode(sealed), vector.sealed, "{}", vector.name);
    }
}

#[test]
fn f1_malformed_is_what_has_no_layout_and_nothing_else() {
    for vector in Vectors::read().refused {
        let parses = Layout::parse(&bytes(&vector.sealed)).is_some();
        assert_eq!(parses, vector.class != "malformed", "{}", vector.name);
    }
}
