//! Signature vectors: `signatures.json`, made with another implementation (Python's `hmac`) and made-up secrets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Credentials, Timestamp};
use providers::WebhookRequest;
use secrecy::SecretString;
use serde::Deserialize;

use crate::stage::webhooks;

#[derive(Deserialize)]
struct Vector {
    name: String,
    app_secret: String,
    body_base64: String,
    header: Option<String>,
    /// How often the header is repeated in one, with commas between.
    #[serde(default = "once")]
    repeat: usize,
    genuine: bool,
}

fn once() -> usize {
    1
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../signatures.json")).expect("vectors")
}

fn verdict(secret: Option<&Credentials>, header: Option<&str>, body: &[u8]) -> bool {
    let lookup = |name: &str| header.filter(|_| name == "x-hub-signature-256");
    let request = WebhookRequest {
        header: &lookup,
        body,
        received_at: Timestamp::from_seconds(1_767_225_600),
    };
    webhooks().verifier(secret).is_genuine(request)
}

fn secret(app_secret: &str) -> Credentials {
    [("app_secret", app_secret), ("verify_token", "v")]
        .into_iter()
        .map(|(name, value)| (name, SecretString::from(value)))
        .collect()
}

#[test]
fn every_vector_is_judged_rightly() {
    let vectors = vectors();
    assert!(vectors.iter().filter(|vector| vector.genuine).count() >= 10);
    for vector in vectors {
        let body = STANDARD.decode(&vector.body_base64).expect("base 64");
        let header = vector
            .header
            .map(|header| vec![header; vector.repeat].join(","));
        let secret = secret(&vector.app_secret);
        assert_eq!(
            verdict(Some(&secret), header.as_deref(), &body),
            vector.genuine,
            "{}",
            vector.name
        );
        // Without a secret nothing is genuine, whatever the signature.
        assert!(!verdict(None, header.as_deref(), &body), "{}", vector.name);
    }
}

#[test]
fn every_changed_bit_of_body_or_signature_is_noticed() {
    let vector = vectors()
        .into_iter()
        .find(|vector| vector.genuine)
        .expect("a good one");
    let body = STANDARD.decode(&vector.body_base64).expect("base 64");
    let header = vector.header.expect("a header");
    let secret = secret(&vector.app_secret);
    assert!(verdict(Some(&secret), Some(&header), &body));
    for bit in 0..body.len() * 8 {
        let mut changed = body.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(
            !verdict(Some(&secret), Some(&header), &changed),
            "bit {bit} of the body"
        );
    }
    let digits = hex::decode(&header[7..]).expect("hex");
    for bit in 0..256 {
        let mut changed = digits.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let header = format!("sha256={}", hex::encode(changed));
        assert!(
            !verdict(Some(&secret), Some(&header), &body),
            "bit {bit} of the signature"
        );
    }
    for end in 0..header.len() {
        assert!(
            !verdict(Some(&secret), Some(&header[..end]), &body),
            "{end} characters of the header"
        );
    }
}

#[test]
fn a_signature_in_another_header_is_none() {
    let vector = vectors()
        .into_iter()
        .find(|vector| vector.genuine)
        .expect("a good one");
    let body = STANDARD.decode(&vector.body_base64).expect("base 64");
    let header = vector.header.expect("a header");
    let lookup = |name: &str| (name == "x-hub-signature").then_some(header.as_str());
    let request = WebhookRequest {
        header: &lookup,
        body: &body,
        received_at: Timestamp::from_seconds(0),
    };
    let secret = secret(&vector.app_secret);
    assert!(!webhooks().verifier(Some(&secret)).is_genuine(request));
}

#[test]
fn there_is_no_secret_without_the_app_secret() {
    let token = SecretString::from("v");
    let none = Credentials::default();
    assert!(webhooks().secret(&none, &token).is_none());
    assert!(!webhooks().missing_secret_hint().is_empty());
    let given = webhooks()
        .secret(&secret("0123456789abcdef"), &token)
        .expect("given");
    let names: Vec<&str> = given.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["app_secret", "verify_token"]);
}
