//! What no provider does yet, or ever: one that can be asked what became of a message, and one on which we panic.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::{Failure, FailureKind, MessageId};
use providers::descriptor::Descriptor;
use providers::{
    Accepted, Accounts, Catalogue, Checked, Connection, Messages, Pace, Provider, Trace,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use testing::switchboard as names;

use crate::stage::{Stage, TENANT, text};

const SHORTLY: Duration = Duration::from_secs(5);
/// In a payload that makes us panic.
const DYNAMITE: &str = "dynamite";

/// A provider that answers no send, and can be asked.
#[derive(Default)]
struct Fake {
    sends: Mutex<Vec<String>>,
    questions: Mutex<usize>,
    /// What it says when it is asked, the last of them ever after.
    says: Vec<Trace>,
}

impl Fake {
    fn sends(&self) -> usize {
        self.sends
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    fn questions(&self) -> usize {
        *self
            .questions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Provider for Fake {
    fn descriptor(&self) -> &'static Descriptor {
        providers::find("whatsapp")
            .expect("a provider")
            .descriptor()
    }

    fn accounts(&self, _: &Map<String, Value>) -> Accounts {
        Accounts::default()
    }

    async fn check(&self, _: Connection<'_>) -> Result<Checked, Failure> {
        Ok(Checked::default())
    }

    fn messages(&self) -> Option<&dyn Messages> {
        Some(self)
    }
}

#[async_trait]
impl Messages for Fake {
    async fn send(
        &self,
        _: Connection<'_>,
        id: &MessageId,
        _: &RawValue,
    ) -> Result<Accepted, Failure> {
        let mut sends = self.sends.lock().unwrap_or_else(PoisonError::into_inner);
        sends.push(id.to_string());
        if sends.len() > 1 || self.says.is_empty() {
            let provider_id = format!("fake-{id}");
            return Ok(Accepted { provider_id });
        }
        let why = "It did not answer.";
        Err(Failure::new(FailureKind::OutcomeUnknown, why, "Wait."))
    }

    fn pace(&self) -> Pace {
        Pace::NONE
    }

    fn recipient(&self, payload: &RawValue) -> Option<String> {
        assert!(!payload.get().contains(DYNAMITE), "as planted");
        None
    }

    fn looks_up(&self) -> bool {
        true
    }

    async fn look_up(&self, _: Connection<'_>, _: &MessageId) -> Result<Trace, Failure> {
        let mut questions = self
            .questions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let says = self.says.get(*questions).or(self.says.last());
        *questions += 1;
        Ok(says.cloned().unwrap_or(Trace::CannotTell))
    }
}

/// A stage whose provider says this when it is asked.
async fn staged(says: Vec<Trace>) -> (Stage, &'static Fake) {
    let fake: &'static Fake = Box::leak(Box::new(Fake {
        says,
        ..Fake::default()
    }));
    let catalogue: Catalogue = Box::leak(Box::new([fake as &dyn Provider]));
    let mut stage = Stage::connected().await;
    stage.dispatch = stage.container_of(catalogue);
    (stage, fake)
}

fn resent(id: &str) -> String {
    let mut body: Value = serde_json::from_str(&text(id)).expect("JSON");
    body["metadata"]["onUnknown"] = json!("resend");
    body.to_string()
}

fn found() -> Trace {
    Trace::Found {
        provider_id: "fake-1".into(),
    }
}

#[tokio::test]
async fn a3_a_provider_that_can_be_asked_settles_what_is_unknown() {
    let (stage, fake) = staged(vec![Trace::CannotTell, found()]).await;
    stage.produce(&text("m-1")).await;
    assert_eq!(stage.turn().await, 1);
    assert_eq!(stage.message("m-1").await.0, "unknown");
    stage.until_quiet(SHORTLY).await;
    let (status, shown) = stage.message("m-1").await;
    assert_eq!(status, "sent", "{shown}");
    assert_eq!(shown["provider_id"], "fake-1");
    assert_eq!((fake.sends(), fake.questions()), (1, 2));
}

#[tokio::test]
async fn a3_what_the_provider_never_had_is_sent() {
    let (stage, fake) = staged(vec![Trace::NeverArrived]).await;
    stage.produce(&text("m-1")).await;
    stage.until_quiet(SHORTLY).await;
    assert_eq!(stage.message("m-1").await.0, "sent");
    assert_eq!((fake.sends(), fake.questions()), (2, 1));
}

#[tokio::test]
async fn a3_what_the_provider_cannot_tell_stays_unknown() {
    let (stage, fake) = staged(vec![Trace::CannotTell]).await;
    stage.produce(&text("m-1")).await;
    stage.until_quiet(Duration::from_secs(60)).await;
    assert_eq!(stage.message("m-1").await.0, "unknown");
    assert_eq!((fake.sends(), fake.questions()), (1, 3));
    stage.produce(&text("m-1")).await;
    stage.until_quiet(Duration::from_secs(60)).await;
    assert_eq!(fake.sends(), 1);
}

#[tokio::test]
async fn a3_what_nobody_can_tell_is_sent_once_more_where_that_is_wanted() {
    let (stage, fake) = staged(vec![Trace::CannotTell]).await;
    stage.produce(&resent("m-1")).await;
    stage.until_quiet(Duration::from_secs(60)).await;
    assert_eq!(stage.message("m-1").await.0, "sent");
    assert_eq!((fake.sends(), fake.questions()), (2, 3));
}

#[tokio::test]
async fn a9_a_message_that_makes_us_panic_goes_to_the_dead_letter_queue_and_harms_nobody() {
    let (stage, fake) = staged(vec![]).await;
    let mut bad: Value = serde_json::from_str(&text("m-2")).expect("JSON");
    bad["wabaPayload"]["text"]["body"] = json!(DYNAMITE);
    for body in [text("m-1"), bad.to_string(), text("m-3")] {
        stage.produce(&body).await;
    }
    assert_eq!(stage.turn().await, 3);
    assert_eq!(fake.sends(), 2, "its neighbours, at the first try");
    stage.until_quiet(Duration::from_secs(60)).await;
    assert_eq!(fake.sends(), 2);
    assert_eq!(stage.cloud.messages(names::MESSAGES_DLQ), [bad.to_string()]);
    assert!(stage.cloud.messages(names::MESSAGES).is_empty(), "{TENANT}");
}
