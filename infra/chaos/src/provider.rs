//! The provider: it answers as it is told, and keeps a log of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use domain::event::DeliveryStatus;
use domain::{Clock, Failure, FailureKind, MessageId, Timestamp};
use providers::descriptor::Descriptor;
use providers::http::TOTAL_TIMEOUT;
use providers::{Accepted, Accounts, Catalogue, Checked, Connection, Messages, Pace, Settings};
use secrecy::ExposeSecret;
use serde_json::value::RawValue;
use testing::dice::Dice;
use tokio::time::sleep;

use crate::defect::Defect;
use crate::life::Life;
use crate::news::{News, Newsroom};
use crate::point::{CHECK, Moment, SEND};

/// What the provider does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It accepts.
    Accept,
    /// It accepts, and the answer never comes.
    AcceptSilently,
    /// It does nothing and never answers.
    Hang,
    /// It refuses for good.
    Refuse,
    /// It is too much: come back after that time.
    SlowDown(Duration),
    /// It refuses because of trouble of its own, and has done nothing.
    Unavailable,
    /// It does not know the credential.
    BadCredential,
}

/// A request that has arrived.
#[derive(Debug, Clone)]
pub struct Request {
    /// When.
    pub at: Timestamp,
    /// The account whose credential it had.
    pub account: String,
    /// The version of that credential.
    pub version: u64,
    /// Our id of the message.
    pub message: MessageId,
    /// To whom.
    pub to: String,
    /// How many requests for the same message came before it.
    pub earlier: usize,
}

/// A request with what became of it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The request.
    pub request: Request,
    /// What the provider did.
    pub answer: Answer,
    /// The provider's id of the message, if it accepted.
    pub provider_id: Option<String>,
}

/// Decides what the provider does with a request.
pub type Script = Box<dyn FnMut(&Request) -> Answer + Send>;

/// Decides what the provider tells later of a message that it has accepted.
pub type Told = Box<dyn FnMut(&Request) -> Vec<(Duration, DeliveryStatus)> + Send>;

/// The provider's side.
pub struct Provider {
    descriptor: &'static Descriptor,
    clock: Arc<dyn Clock>,
    newsroom: Arc<Newsroom>,
    inner: Mutex<Inner>,
}

struct Inner {
    script: Script,
    told: Told,
    checks: Box<dyn FnMut(&Caller) -> Answer + Send>,
    checked: Vec<(Timestamp, Caller)>,
    /// Least and most time that a request and its answer take together, in milliseconds.
    latency: (usize, usize),
    pace: Pace,
    dice: Dice,
    log: Vec<Entry>,
    earlier: HashMap<(String, MessageId), usize>,
}

impl Provider {
    /// One that accepts everything within 80 to 300 ms and tells nothing later.
    pub(crate) fn new(clock: Arc<dyn Clock>, newsroom: Arc<Newsroom>, dice: Dice) -> Self {
        let real = providers::find("whatsapp").expect("the provider whose place it takes");
        let inner = Inner {
            script: Box::new(|_| Answer::Accept),
            told: Box::new(|_| Vec::new()),
            checks: Box::new(|_| Answer::Accept),
            checked: Vec::new(),
            latency: (80, 300),
            pace: Pace::NONE,
            dice,
            log: Vec::new(),
            earlier: HashMap::new(),
        };
        Self {
            descriptor: real.descriptor(),
            clock,
            newsroom,
            inner: Mutex::new(inner),
        }
    }

    /// From now on it does this with requests.
    pub fn answers(&self, script: impl FnMut(&Request) -> Answer + Send + 'static) {
        self.inner().script = Box::new(script);
    }

    /// From now on it answers this when it is asked whether an account's credential works.
    pub fn checks(&self, script: impl FnMut(&Caller) -> Answer + Send + 'static) {
        self.inner().checks = Box::new(script);
    }

    /// From now on it tells this later of what it accepts, so long after its answer.
    pub fn tells(
        &self,
        told: impl FnMut(&Request) -> Vec<(Duration, DeliveryStatus)> + Send + 'static,
    ) {
        self.inner().told = Box::new(told);
    }

    /// From now on a request and its answer take so many milliseconds together: at least, and at most.
    pub fn set_latency(&self, least: usize, most: usize) {
        self.inner().latency = (least, most);
    }

    /// From now on its accounts are to send no faster than that.
    pub fn set_pace(&self, pace: Pace) {
        self.inner().pace = pace;
    }

    /// What has arrived, the first first.
    pub fn log(&self) -> Vec<Entry> {
        self.inner().log.clone()
    }

    /// When it was asked whether which credential works.
    pub fn checked(&self) -> Vec<(Timestamp, Caller)> {
        self.inner().checked.clone()
    }

    /// Half of the time that a request takes.
    fn way(&self) -> Duration {
        let Inner { latency, dice, .. } = &mut *self.inner();
        let (least, most) = *latency;
        let millis = least + dice.below(most - least + 1);
        Duration::from_millis(millis as u64 / 2)
    }

    fn arrive(&self, caller: &Caller, message: &MessageId, to: String) -> Entry {
        let mut inner = self.inner();
        let account = &caller.account;
        let key = (account.clone(), message.clone());
        let earlier = inner.earlier.entry(key).or_default();
        let request = Request {
            at: self.clock.now(),
            account: account.clone(),
            version: caller.version,
            message: message.clone(),
            to,
            earlier: *earlier,
        };
        *earlier += 1;
        let answer = (inner.script)(&request);
        let accepted = matches!(answer, Answer::Accept | Answer::AcceptSilently);
        let number = inner.log.len();
        let entry = Entry {
            provider_id: accepted.then(|| format!("wamid.{number}")),
            request,
            answer,
        };
        if let Some(provider_id) = &entry.provider_id {
            for (after, status) in (inner.told)(&entry.request) {
                let provider_id = provider_id.clone();
                let message = message.clone();
                self.newsroom.tell(News {
                    account: account.clone(),
                    message,
                    provider_id,
                    status,
                    after,
                });
            }
        }
        inner.log.push(entry.clone());
        entry
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The provider as one process reaches it.
pub(crate) struct Line {
    provider: Weak<Provider>,
    life: Weak<Life>,
    descriptor: &'static Descriptor,
    defect: Option<Defect>,
}

impl Line {
    pub(crate) fn new(provider: &Arc<Provider>, life: &Arc<Life>, defect: Option<Defect>) -> Self {
        Self {
            provider: Arc::downgrade(provider),
            life: Arc::downgrade(life),
            descriptor: provider.descriptor,
            defect,
        }
    }

    /// What a dispatcher takes for the list of all providers. It stays for good, and holds on to nothing.
    pub(crate) fn catalogue(self) -> Catalogue {
        let line: &'static Self = Box::leak(Box::new(self));
        Box::leak(Box::new([line as &dyn providers::Provider]))
    }

    fn ends(&self) -> (Arc<Provider>, Arc<Life>) {
        let provider = self.provider.upgrade().expect("the world is there");
        (provider, self.life.upgrade().expect("the process is there"))
    }

    /// One request, and the provider's id of the message if it is accepted.
    async fn request(
        &self,
        caller: &Caller,
        id: &MessageId,
        payload: &RawValue,
    ) -> Result<String, Failure> {
        let (provider, life) = self.ends();
        life.at(SEND, Moment::Leaving).await;
        sleep(provider.way()).await;
        let to = recipient(payload).unwrap_or_default();
        let entry = provider.arrive(caller, id, to);
        life.at(SEND, Moment::Arrived).await;
        sleep(provider.way()).await;
        let result = result(&entry.answer).await;
        life.at(SEND, Moment::Answered).await;
        result.map(|()| entry.provider_id.unwrap_or_default())
    }
}

#[async_trait]
impl providers::Provider for Line {
    fn descriptor(&self) -> &'static Descriptor {
        self.descriptor
    }

    fn accounts(&self, _: &Settings) -> Accounts {
        Accounts::default()
    }

    async fn check(&self, connection: Connection<'_>) -> Result<Checked, Failure> {
        let (provider, life) = self.ends();
        life.at(CHECK, Moment::Leaving).await;
        sleep(provider.way()).await;
        let answer = {
            let mut inner = provider.inner();
            let caller = Caller::of(&connection);
            let answer = (inner.checks)(&caller);
            inner.checked.push((provider.clock.now(), caller));
            answer
        };
        sleep(provider.way()).await;
        life.at(CHECK, Moment::Answered).await;
        result(&answer).await.map(|()| Checked::default())
    }

    fn messages(&self) -> Option<&dyn Messages> {
        Some(self)
    }
}

#[async_trait]
impl Messages for Line {
    async fn send(
        &self,
        connection: Connection<'_>,
        id: &MessageId,
        payload: &RawValue,
    ) -> Result<Accepted, Failure> {
        if self.defect == Some(Defect::RequestsAreInvented) {
            let provider_id = "wamid.invented".to_owned();
            return Ok(Accepted { provider_id });
        }
        let caller = Caller::of(&connection);
        let mut sent = self.request(&caller, id, payload).await;
        let repeats = self.defect == Some(Defect::RequestsAreRepeated);
        if repeats && sent.is_err() {
            sent = self.request(&caller, id, payload).await;
        }
        sent.map(|provider_id| Accepted { provider_id })
    }

    fn pace(&self) -> Pace {
        let (provider, _) = self.ends();
        provider.inner().pace
    }

    fn recipient(&self, payload: &RawValue) -> Option<String> {
        recipient(payload)
    }
}

/// Whose credential a request has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: String,
    /// The version of its credential.
    pub version: u64,
}

impl Caller {
    /// Read from the credential itself, which is what a provider goes by; see the crate `seeding`.
    fn of(connection: &Connection<'_>) -> Self {
        let token = connection.credentials.get("access_token");
        let token = token.map(ExposeSecret::expose_secret).unwrap_or_default();
        let mut parts = token.trim_start_matches("EAAG-").rsplitn(3, '-');
        let _filling = parts.next();
        Self {
            version: parts
                .next()
                .and_then(|text| text.parse().ok())
                .unwrap_or_default(),
            account: parts.next().unwrap_or_default().to_owned(),
        }
    }
}

fn recipient(payload: &RawValue) -> Option<String> {
    let payload: serde_json::Value = serde_json::from_str(payload.get()).ok()?;
    payload["to"].as_str().map(str::to_owned)
}

/// An answer as it is read; what never comes is waited for as long as production waits.
async fn result(answer: &Answer) -> Result<(), Failure> {
    let failure = |kind| Err(Failure::new(kind, "The provider was told to.", "Nothing."));
    match answer {
        Answer::Accept => Ok(()),
        Answer::AcceptSilently | Answer::Hang => {
            sleep(TOTAL_TIMEOUT).await;
            failure(FailureKind::OutcomeUnknown)
        }
        Answer::Refuse => failure(FailureKind::InvalidRequest),
        Answer::SlowDown(wait) => {
            failure(FailureKind::Throttled).map_err(|failure| failure.after(*wait))
        }
        Answer::Unavailable => failure(FailureKind::Unavailable),
        Answer::BadCredential => failure(FailureKind::CredentialsRejected),
    }
}
