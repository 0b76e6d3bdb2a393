//! Faults, what must come of each, and what is held against a sender that makes something else of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::{Failure, MessageId};
use providers::Accepted;
use providers::http::Limits;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::fake::{Fake, Script, Step};
use crate::journal::Turn;
use crate::outcomes::{Outcome, outcome_of};
use crate::places::{Full, NOBODY, Place};
use crate::senders::{Leads, Sender, WhatsApp, tls};

/// Messages that meet each fault.
const MESSAGES: usize = 100;
/// How many of them at once, where nobody has to wait.
const AT_ONCE: usize = 25;
/// How late a cut may be.
const TOLERANCE: Duration = Duration::from_secs(1);

/// A message, what came of it, and how long that took.
type Sent = (MessageId, Result<Accepted, Failure>, Duration);

/// One of the ways in which a send can go wrong.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    outcome: Outcome,
    place: Place,
    script: Script,
    /// Requests that a message makes.
    requests: usize,
    /// After how long the sender gives up, where it is the one who has to.
    cut: Option<Duration>,
    /// Each message is the second on its connection.
    second: bool,
}

/// A fault in what a server does at each of its turns.
pub(crate) fn fault(
    name: &'static str,
    outcome: Outcome,
    script: impl Fn(Turn) -> Vec<Step> + Send + Sync + 'static,
) -> Fault {
    Fault {
        name,
        outcome,
        place: Place::Plain,
        script: Arc::new(script),
        requests: 1,
        cut: None,
        second: false,
    }
}

/// As [`fault`], the same at each turn.
pub(crate) fn always(name: &'static str, outcome: Outcome, steps: Vec<Step>) -> Fault {
    fault(name, outcome, move |_| steps.clone())
}

/// A fault for which no request is made.
pub(crate) fn unsent(
    place: Place,
    name: &'static str,
    outcome: Outcome,
    steps: Vec<Step>,
) -> Fault {
    Fault {
        place,
        requests: 0,
        ..always(name, outcome, steps)
    }
}

/// An answer whose body has a length.
pub(crate) fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} As scripted\r\n{headers}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// The body of the answer to a message that was accepted.
pub(crate) const ACCEPTED: &str = concat!(
    r#"{"messaging_product":"whatsapp","contacts":[{"input":"+14155550199","wa_id":"14155550199"}],"#,
    r#""messages":[{"id":"wamid.########"}]}"#
);

impl Fault {
    /// By TLS.
    pub(crate) fn by_tls(self) -> Self {
        Self {
            place: Place::Tls,
            ..self
        }
    }

    /// The sender gives up, after so many seconds.
    pub(crate) fn cut_after(self, seconds: u64) -> Self {
        Self {
            cut: Some(Duration::from_secs(seconds)),
            ..self
        }
    }

    /// Each message is the second on its connection.
    pub(crate) fn second(self) -> Self {
        Self {
            second: true,
            ..self
        }
    }

    /// What is held against the sender as it is.
    pub(crate) async fn held(&self) -> Vec<String> {
        let (acceptor, root) = tls();
        let acceptor = matches!(self.place, Place::Tls | Place::Impostor).then_some(acceptor);
        let fake = Fake::start(acceptor, self.script.clone()).await;
        let full = match self.place {
            Place::Full => Some(Full::new().await),
            _ => None,
        };
        let at = match self.place {
            Place::Nobody => NOBODY,
            _ => full.as_ref().map_or(fake.at, |full| full.at),
        };
        let sender = match self.place {
            Place::Plain => WhatsApp::plain(at, Limits::STANDARD),
            Place::Tls => WhatsApp::tls(Leads::Here, at, Some(&root)),
            Place::Name(leads) => WhatsApp::tls(leads, at, None),
            _ => WhatsApp::tls(Leads::Here, at, None),
        };
        self.meet(&fake, Arc::new(sender)).await
    }

    /// What is held against another sender, of a fault that needs no TLS.
    pub(crate) async fn held_against<S: Sender>(
        &self,
        sender: impl FnOnce(SocketAddr) -> S,
    ) -> Vec<String> {
        assert_eq!(self.place, Place::Plain);
        let fake = Fake::start(None, self.script.clone()).await;
        let sender = Arc::new(sender(fake.at));
        self.meet(&fake, sender).await
    }

    /// Lets the messages meet it.
    async fn meet(&self, fake: &Fake, sender: Arc<dyn Sender>) -> Vec<String> {
        let mut sends = self.send(&sender);
        if self.cut.is_some() {
            // Everybody waits for somebody who says nothing: time is all that can pass.
            fake.journal.has(MESSAGES * self.requests).await;
            tokio::time::pause();
        }
        let mut wrong = Vec::new();
        while let Some(sent) = sends.join_next().await {
            match sent {
                Ok(sent) => wrong.extend(self.judge(fake, &sent)),
                Err(_) => wrong.push("a panic".to_owned()),
            }
        }
        if self.cut.is_some() {
            tokio::time::resume();
        }
        wrong.extend(self.count(&fake.journal.requests()));
        wrong.sort();
        wrong.dedup();
        wrong
    }

    fn send(&self, sender: &Arc<dyn Sender>) -> JoinSet<Sent> {
        let at_once = match self.cut {
            Some(_) => MESSAGES,
            None if self.second => 1,
            None => AT_ONCE,
        };
        let room = Arc::new(Semaphore::new(at_once));
        let mut sends = JoinSet::new();
        for number in 0..MESSAGES {
            let (sender, room, second) = (sender.clone(), room.clone(), self.second);
            sends.spawn(async move {
                let _room = room.acquire().await.expect("it stays open");
                if second {
                    let first = MessageId::parse(&format!("first-{number}")).expect("an id");
                    sender.send(&first).await.expect("nothing is wrong yet");
                }
                let id = MessageId::parse(&format!("m-{number}")).expect("an id");
                let start = Instant::now();
                let result = sender.send(&id).await;
                (id, result, start.elapsed())
            });
        }
        sends
    }

    fn judge(&self, fake: &Fake, (id, result, took): &Sent) -> Vec<String> {
        let mut wrong = Vec::new();
        if let Ok(accepted) = result
            && !fake.journal.gave(&accepted.provider_id, id.as_str())
        {
            wrong.push("sent under an id that was not given".to_owned());
        }
        let got = outcome_of(result);
        if got != self.outcome {
            wrong.push(format!("{got:?} and not {:?}", self.outcome));
        }
        if let Some(cut) = self.cut
            && !(cut..cut + TOLERANCE).contains(took)
        {
            let (took, cut) = (took.as_secs(), cut.as_secs());
            wrong.push(format!("cut after {took} s and not {cut} s"));
        }
        wrong
    }

    /// Each message made as many requests as it may, and nobody else made any.
    fn count(&self, requests: &[Option<String>]) -> Option<String> {
        let expected = MESSAGES * (self.requests + usize::from(self.second));
        let mut known: Vec<_> = requests.iter().flatten().collect();
        let read = known.len();
        known.sort_unstable();
        known.dedup();
        (requests.len() != expected || known.len() != read)
            .then(|| format!("{} requests and not {expected}", requests.len()))
    }
}

/// Holds the sender against all of them.
pub(crate) async fn hold(faults: Vec<Fault>) {
    for fault in faults {
        let wrong = fault.held().await;
        assert!(wrong.is_empty(), "{}: {}", fault.name, wrong.join("; "));
    }
}
