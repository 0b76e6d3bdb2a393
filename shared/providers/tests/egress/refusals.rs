//! What is told of a refusal, and to whom.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};

use domain::failure::Reaction;
use domain::{Failure, FailureKind};
use providers::Overrides;
use providers::address::SENTENCE;
use providers::http::NoAnswer;

use crate::hostile::ROWS;
use crate::stage::{PUBLIC, Script, egress, get};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        let bytes = self.0.lock().expect("unpoisoned");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("unpoisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn printed(failure: &Failure) -> String {
    format!("{failure} {failure:?}")
}

#[tokio::test]
async fn d8_all_refusals_sound_the_same() {
    let nobody = "127.0.0.1:1".parse().expect("an address");
    let private = vec![PUBLIC, "10.0.0.5".parse().expect("an address")];
    let leads_elsewhere = egress(
        &Script::leading([Some(private)], nobody),
        &Overrides::default(),
    );
    let mut heard = BTreeSet::new();
    for (_, text, _) in ROWS {
        let refused = leads_elsewhere.destination(text).expect_err("hostile");
        assert_eq!(refused.to_string(), "this address cannot be used");
        heard.insert(printed(&Failure::from(refused)));
    }
    let sent = get(&leads_elsewhere, "https://hooks.example.org/").await;
    let no_answer = sent.err().expect("refused");
    assert_eq!(no_answer.to_string(), "this address cannot be used");
    let failure = no_answer.into_failure("It", "Wait.");
    heard.insert(printed(&failure));
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(
        (failure.kind, failure.detail.as_str()),
        (FailureKind::AddressRefused, SENTENCE)
    );
    // Nobody's credential is blamed, and nobody tries again.
    assert_eq!(failure.kind.reaction(), Reaction::GiveUp);
    assert!(!failure.kind.blames_credentials());
    // Control: other silences sound otherwise.
    let others = [NoAnswer::NotSent, NoAnswer::Unknown].map(|one| one.into_failure("It", "Wait."));
    assert!(others.iter().all(|other| !heard.contains(&printed(other))));
}

#[tokio::test]
async fn d8_the_operator_reads_the_rule_and_the_address_and_no_more() {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt()
        .json()
        .with_writer(move || writer.clone());
    let _guard = tracing::subscriber::set_default(log.finish());
    let nobody = "127.0.0.1:1".parse().expect("an address");
    let private = vec![PUBLIC, "10.0.0.5".parse().expect("an address")];
    let client = egress(
        &Script::leading([Some(private)], nobody),
        &Overrides::default(),
    );

    let secret = "CANARY-1f00";
    let sent = get(
        &client,
        &format!("https://hooks.example.org/{secret}?{secret}"),
    )
    .await;
    assert!(sent.is_err());
    let sent = get(
        &client,
        &format!("https://{secret}:{secret}@vault.local/{secret}"),
    )
    .await;
    assert!(sent.is_err());
    let text = format!("https://metadata.internal/{secret}");
    assert!(client.destination(&text).is_err());

    let text = lines.text();
    for said in [
        r#""rule":"NotPublic""#,
        r#""host":"hooks.example.org""#,
        r#""address":"10.0.0.5""#,
        r#""rule":"UserInfo""#,
        r#""host":"vault.local""#,
        r#""rule":"SpecialUse""#,
        r#""host":"metadata.internal""#,
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(!text.contains(secret), "{text}");
}
