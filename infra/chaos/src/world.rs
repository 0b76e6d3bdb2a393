//! The world: AWS, a provider, tenants, a queue, and dispatchers that come and go.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use dispatch::Config;
use domain::ledger::Ledger;
use domain::message::Release;
use domain::{Clock, Integration, TenantId, Timestamp};
use message_dispatch::Context;
use providers::Overrides;
use providers::address::OwnHosts;
use providers::http::{Egress, Reach};
use providers::platform::PlatformAccounts;
use seeding::{Names, Tenants};
use serde_json::{Value, json};
use store::ledger::Messages;
use testing::cloud::{Answer as Reply, Cloud, Order};
use testing::dice::Dice;
use testing::switchboard as names;

use crate::clock::VirtualClock;
use crate::defect::Defect;
use crate::judge::{Case, Cause, Verdict, judge};
use crate::life::Life;
use crate::message::{Key, Sending};
use crate::news::Newsroom;
use crate::powers::Powers;
use crate::process::{End, Function, Process};
use crate::provider::{Answer, Line, Provider};
use crate::queue::Queue;
use crate::source::{Delivery, Source, Works};

/// How a world is laid out.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Tenants, each with an account.
    pub tenants: usize,
    /// Which messages the queue hands out.
    pub order: Order,
    /// How they are delivered.
    pub delivery: Delivery,
    /// What is wrong with the dispatcher, on purpose.
    pub defect: Option<Defect>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            tenants: 20,
            order: Order::Sent,
            delivery: Delivery::USUAL,
            defect: None,
        }
    }
}

/// Everything there is.
pub struct World {
    /// AWS.
    pub cloud: Cloud,
    /// The provider.
    pub provider: Arc<Provider>,
    /// What decides over life and death, and the weather.
    pub powers: Arc<Powers>,
    /// The tenants' integrations, as they were at first.
    pub integrations: Vec<Integration>,
    clock: Arc<dyn Clock>,
    defect: Option<Defect>,
    egress: Egress,
    source: Source,
    dead_letters: Queue,
    newsroom: Arc<Newsroom>,
    tenants: Tenants,
    messages: Messages,
    produced: RefCell<BTreeMap<Key, Sending>>,
    causes: RefCell<HashMap<Key, Vec<Cause>>>,
    deaths: Cell<usize>,
    died_at: Cell<Timestamp>,
}

impl World {
    /// A world of that layout, in which nothing has happened yet. What is left to chance in it is by these dice.
    pub async fn new(layout: Layout, mut dice: Dice) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::start());
        let cloud = names::cloud(clock.clone());
        cloud.set_order(names::MESSAGES, layout.order);
        let sdk = cloud.sdk_config();
        let newsroom = Arc::new(Newsroom::new(&sdk, clock.clone()));
        let provider = Provider::new(clock.clone(), newsroom.clone(), dice.fork());
        let tenants = Tenants::new(&sdk, tables(), clock.clone());
        let mut integrations = Vec::with_capacity(layout.tenants);
        for number in 0..layout.tenants {
            let name = format!("tenant-{number}");
            let integration = tenants.add(&name).await.expect("a tenant");
            newsroom.learn(&format!("phone-{name}"), integration.clone());
            integrations.push(integration);
        }
        let mut delivery = layout.delivery;
        delivery.acknowledged_first |= layout.defect == Some(Defect::AcknowledgedFirst);
        let queue = Queue::new(cloud.clone(), names::MESSAGES);
        Self {
            source: Source::new(queue, delivery, dice.fork()),
            dead_letters: Queue::new(cloud.clone(), names::MESSAGES_DLQ),
            messages: Messages::new(Client::new(&sdk), names::ACTIVITY.into()),
            provider: Arc::new(provider),
            powers: Arc::new(Powers::new(clock.clone(), dice)),
            // Nothing goes through it: the provider is in this process.
            egress: Egress::new(Reach::new(&Overrides::default())).expect("a client"),
            defect: layout.defect,
            clock,
            cloud,
            integrations,
            newsroom,
            tenants,
            produced: RefCell::default(),
            causes: RefCell::default(),
            deaths: Cell::new(0),
            died_at: Cell::default(),
        }
    }

    /// The tenant of that number.
    pub fn tenant(&self, number: usize) -> &TenantId {
        &self.integrations[number].tenant
    }

    /// The time.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Puts messages on the queue.
    pub fn produce(&self, messages: &[Sending]) {
        let bodies: Vec<_> = messages
            .iter()
            .map(|message| (message.key.tenant.to_string(), message.body()))
            .collect();
        self.source.queue.send(&bodies);
        self.source.notify();
        let known = messages.iter().map(|one| (one.key.clone(), one.clone()));
        self.produced.borrow_mut().extend(known);
    }

    /// Puts so many messages on the queue, in bursts of five of the same tenant.
    pub fn produce_many(&self, count: usize) {
        self.produce_so(count, |sending| sending);
    }

    /// As [`World::produce_many`], each changed so.
    pub fn produce_so(&self, count: usize, change: impl Fn(Sending) -> Sending) {
        let message = |number: usize| {
            let tenant = self.tenant(number / 5 % self.integrations.len());
            change(Sending::new(tenant, &format!("m-{number}")))
        };
        self.produce(&(0..count).map(message).collect::<Vec<_>>());
    }

    /// Gives a tenant's account other credentials, and lets go what waited for them.
    pub async fn repair(&self, number: usize) -> Integration {
        let name = self.tenant(number).as_str();
        let repaired = self.tenants.renew(name).await.expect("a repair");
        let release = Release::of(&repaired, self.now());
        let sqs = aws_sdk_sqs::Client::new(&self.cloud.sdk_config());
        let queue = edge::queue::Queue::new(sqs, Cloud::queue_url(names::MESSAGES));
        let sent = queue.release(&repaired.tenant, &release, Duration::ZERO);
        assert!(sent.await, "the queue takes the release");
        self.source.notify();
        repaired
    }

    /// How many processes have died.
    pub fn deaths(&self) -> usize {
        self.deaths.get()
    }

    /// Moves what is on the dead-letter queue back, as an operator does; how many messages those were.
    pub fn redrive(&self) -> usize {
        let moved = self.dead_letters.redrive(&self.source.queue);
        self.source.notify();
        moved
    }

    /// Handles what is on the queue until it is empty and all news have arrived; how long that took since nobody died any
    /// more.
    ///
    /// # Panics
    /// If it takes longer than `limit`.
    pub async fn until_quiet(&self, limit: Duration) -> Duration {
        let began = self.now();
        let took = || self.died_at.get().max(began).until(self.now());
        let is_done = || self.is_quiet() || took() > limit;
        self.run(is_done, began.after(limit * 10)).await;
        assert!(
            self.is_quiet() && took() <= limit,
            "not quiet after {limit:?}: {} messages are on the queue",
            self.source.queue.depth()
        );
        took()
    }

    /// Handles what is on the queue for so long.
    pub async fn run_for(&self, time: Duration) {
        self.run(|| false, self.now().after(time)).await;
    }

    async fn run(&self, is_done: impl Fn() -> bool, end: Timestamp) {
        self.source.run(self, &*self.clock, is_done, end).await;
    }

    fn is_quiet(&self) -> bool {
        self.source.queue.depth() == 0 && self.newsroom.under_way() == 0
    }

    /// Takes note of why nobody may know what became of those messages of a batch that somebody holds.
    fn blame(&self, batch: &[Key], cause: &Cause) {
        for key in batch.iter().filter(|key| self.is_held(key)) {
            let mut causes = self.causes.borrow_mut();
            causes.entry(key.clone()).or_default().push(cause.clone());
        }
    }

    /// Whether there are more claims on record than outcomes.
    fn is_held(&self, key: &Key) -> bool {
        let request = json!({
            "TableName": names::ACTIVITY,
            "KeyConditionExpression": "pk = :tenant AND begins_with(sk, :message)",
            "ExpressionAttributeValues": {
                ":tenant": {"S": key.tenant},
                ":message": {"S": store::keys::message(&key.id)},
            },
        });
        let request = request.to_string();
        let answer = self
            .cloud
            .answer("DynamoDB_20120810.Query", request.as_bytes());
        let Reply::Reply(reply) = answer else {
            unreachable!("nothing stands between the world and its own tables");
        };
        let found: Value = serde_json::from_slice(&reply.body).expect("JSON");
        let count = |fact: &str| {
            let items = found["Items"].as_array().into_iter().flatten();
            let places = items.filter_map(|item| item["sk"]["S"].as_str());
            places.filter(|place| place.contains(fact)).count()
        };
        count("#CLAIM#") > count("#OUTCOME#")
    }

    /// What is on record about a message.
    pub async fn ledger(&self, key: &Key) -> Ledger {
        let found = self.messages.find((&key.tenant, &key.id)).await;
        found.expect("a ledger")
    }

    /// Everything about all messages.
    pub async fn cases(&self) -> Vec<Case> {
        let mut accepted = HashMap::<(String, String), usize>::new();
        let mut silent = HashSet::new();
        for entry in self.provider.log() {
            let request = entry.request;
            let key = (request.account, request.message.to_string());
            if matches!(entry.answer, Answer::AcceptSilently | Answer::Hang) {
                silent.insert(key.clone());
            }
            *accepted.entry(key).or_default() += usize::from(entry.provider_id.is_some());
        }
        let queued: HashSet<Key> = self.source.queue.keys().collect();
        let dead: HashSet<Key> = self.dead_letters.keys().collect();
        let parked = self.parked();
        let produced = self.produced.borrow().clone();
        let mut cases = Vec::with_capacity(produced.len());
        for (key, sending) in produced {
            let at_provider = (format!("phone-{}", key.tenant), key.id.to_string());
            let mut causes = self.causes.borrow().get(&key).cloned().unwrap_or_default();
            causes.extend(silent.contains(&at_provider).then_some(Cause::Silence));
            cases.push(Case {
                ledger: self.ledger(&key).await,
                accepted: accepted.get(&at_provider).copied().unwrap_or_default(),
                queued: queued.contains(&key),
                dead: dead.contains(&key),
                parked: parked.contains(&key),
                resend: sending.resend,
                causes,
                key,
            });
        }
        cases
    }

    /// Messages that wait for a repair.
    pub fn parked(&self) -> HashSet<Key> {
        let items = self.cloud.items(names::ACTIVITY);
        let parked = items.iter().filter(|item| {
            let place = item["sk"]["S"].as_str();
            place.is_some_and(|place| place.starts_with("PARKED#"))
        });
        parked
            .filter_map(|item| Key::of(item["body"]["S"].as_str()?))
            .collect()
    }

    /// Judges all messages.
    pub async fn judge(&self) -> Verdict {
        judge(&self.cases().await, self.now())
    }
}

impl Works for World {
    fn start(&self) -> Process {
        let life = Arc::new(Life::new(self.powers.clone(), self.defect));
        let sdk = self.cloud.sdk_config_behind(life.clone()).into_builder();
        let sdk = sdk
            .timeout_config(edge::aws::timeouts())
            .retry_config(edge::aws::retries())
            .build();
        let (egress, clock) = (self.egress.clone(), self.clock.clone());
        let line = Line::new(&self.provider, &life, self.defect);
        let context = Context::with_providers(config(), &sdk, egress, clock, line.catalogue());
        Process {
            function: Function::Dispatcher(Box::new(context)),
            life,
            clock: self.clock.clone(),
        }
    }

    fn ended(&self, batch: &[Key], process: &Process, end: &End<Value>) {
        let cause = match end {
            End::Death(point) => {
                self.deaths.set(self.deaths.get() + 1);
                self.died_at.set(self.now());
                Cause::Death(point.clone())
            }
            End::Timeout => Cause::Timeout,
            End::Answer(_) => match process.life.faults() {
                faults if faults.is_empty() => return,
                faults => Cause::Faults(faults),
            },
        };
        self.blame(batch, &cause);
    }
}

fn config() -> Config {
    Config {
        integrations_table: names::INTEGRATIONS.into(),
        activity_table: names::ACTIVITY.into(),
        key_rings_table: names::KEY_RINGS.into(),
        audit_table: names::AUDIT.into(),
        queue: Cloud::queue_url(names::MESSAGES),
        dead_letter_queue: Cloud::queue_url(names::MESSAGES_DLQ),
        overrides: Overrides::default(),
        own_hosts: OwnHosts::default(),
        platform: PlatformAccounts::default(),
    }
}

/// Where a saved configuration is written to.
pub(crate) fn tables() -> Names {
    Names {
        integrations: names::INTEGRATIONS.into(),
        webhook_routes: names::WEBHOOK_ROUTES.into(),
        key_rings: names::KEY_RINGS.into(),
        audit: names::AUDIT.into(),
        credentials_key: Cloud::key_arn(names::CREDENTIALS_KEY),
        webhook_secrets_key: Cloud::key_arn(names::WEBHOOK_SECRETS_KEY),
        // A process that begins then asks for one key, and not for more than worlds beside each other may; see `runs`.
        shared_rings: 1,
    }
}
