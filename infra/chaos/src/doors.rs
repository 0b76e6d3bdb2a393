//! The other way in: a provider that calls webhooks until it is answered, the ingress, the inbound queue, and routers; all
//! of them in processes that come and go.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, Timestamp};
use futures_util::future::join_all;
use ring::hmac;
use seeding::Tenants;
use serde_json::{Value, json};
use testing::cloud::Cloud;
use testing::dice::Dice;
use testing::switchboard as names;
use tokio::time::sleep;

use crate::clock::VirtualClock;
use crate::life::Life;
use crate::message::Key;
use crate::powers::Powers;
use crate::process::{End, Function, Process};
use crate::queue::Queue;
use crate::source::{Delivery, Source, Works};
use crate::world::tables;

/// How long a provider waits before it calls again.
const AGAIN: Duration = Duration::from_secs(60);

/// Everything there is.
pub struct Doors {
    /// AWS.
    pub cloud: Cloud,
    /// What decides over life and death, and the weather.
    pub powers: Arc<Powers>,
    clock: Arc<dyn Clock>,
    tenants: Vec<String>,
    source: Source,
    ingresses: RefCell<Vec<Process>>,
    told: RefCell<BTreeSet<(String, String)>>,
    calls: Cell<usize>,
    deaths: Cell<usize>,
}

/// What became of what a provider told.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    /// Events and news that were answered for and are on record.
    pub kept: usize,
    /// Those that are not.
    pub lost: Vec<(String, String)>,
    /// What is on record and was never told.
    pub invented: Vec<(String, String)>,
}

impl Doors {
    /// So many tenants, each with a webhook.
    pub async fn new(tenants: usize, delivery: Delivery, mut dice: Dice) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::start());
        let cloud = names::cloud(clock.clone());
        let seeds = Tenants::new(&cloud.sdk_config(), tables(), clock.clone());
        let tenants: Vec<String> = (0..tenants).map(|n| format!("tenant-{n}")).collect();
        for tenant in &tenants {
            seeds.add(tenant).await.expect("a tenant");
        }
        let queue = Queue::new(cloud.clone(), names::INBOUND);
        Self {
            source: Source::new(queue, delivery, dice.fork()),
            powers: Arc::new(Powers::new(clock.clone(), dice)),
            cloud,
            clock,
            tenants,
            ingresses: RefCell::default(),
            told: RefCell::default(),
            calls: Cell::new(0),
            deaths: Cell::new(0),
        }
    }

    /// How many processes have died.
    pub fn deaths(&self) -> usize {
        self.deaths.get()
    }

    /// The provider calls so often, with so many messages and as many news of messages of ours each time; each call again
    /// and again until it is answered with 200, and every other once more when it has been.
    pub async fn call(&self, posts: usize, events: usize) {
        let calls = (0..posts).map(async |post| {
            sleep(Duration::from_millis(50) * post as u32).await;
            let tenant = &self.tenants[post % self.tenants.len()];
            let body = body(tenant, post, events);
            while !self.post(tenant, post, &body).await {
                sleep(AGAIN).await;
            }
            for number in 0..events {
                let mut told = self.told.borrow_mut();
                told.insert((tenant.clone(), format!("wamid.IN{post}-{number}")));
                told.insert((tenant.clone(), format!("m-{post}-{number}")));
            }
            if post % 2 == 0 {
                self.post(tenant, post, &body).await;
            }
            self.calls.set(self.calls.get() + 1);
        });
        join_all(calls).await;
    }

    /// One request; whether it was answered with 200.
    async fn post(&self, tenant: &str, post: usize, body: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, format!("app-secret-{tenant}").as_bytes());
        let signature = hex::encode(hmac::sign(&key, body.as_bytes()));
        let event = json!({
            "rawPath": format!("/webhooks/whatsapp/webhook-token-{tenant}"),
            "headers": {"x-hub-signature-256": format!("sha256={signature}"), "content-type": "application/json"},
            "requestContext": {"http": {"method": "POST"}, "requestId": "r-1"},
            "body": body,
        });
        let request = serde_json::from_value(event).expect("an event");
        let process = self.ingresses.borrow_mut().pop();
        let process = process.unwrap_or_else(|| self.ingress());
        let end = process.request(request, Key::named(tenant, &format!("post-{post}")));
        match end.await {
            End::Answer(reply) => {
                self.source.notify();
                self.ingresses.borrow_mut().push(process);
                reply.status() == 200
            }
            End::Death(_) | End::Timeout => {
                self.deaths.set(self.deaths.get() + 1);
                false
            }
        }
    }

    fn ingress(&self) -> Process {
        let config = webhook_ingress::config::Config {
            webhook_routes_table: names::WEBHOOK_ROUTES.into(),
            key_rings_table: names::KEY_RINGS.into(),
            inbound_queue: Cloud::queue_url(names::INBOUND),
        };
        self.process(|sdk| {
            let context = webhook_ingress::Context::with(config, sdk, self.clock.clone());
            Function::Ingress(Box::new(context))
        })
    }

    fn process(&self, function: impl FnOnce(&aws_types::SdkConfig) -> Function) -> Process {
        let life = Arc::new(Life::new(self.powers.clone(), None));
        let sdk = self.cloud.sdk_config_behind(life.clone()).into_builder();
        let sdk = sdk
            .timeout_config(edge::aws::timeouts())
            .retry_config(edge::aws::retries())
            .build();
        Process {
            function: function(&sdk),
            life,
            clock: self.clock.clone(),
        }
    }

    /// Routes what arrives until so many calls were answered and the queue is empty.
    ///
    /// # Panics
    /// If that takes longer than `limit`.
    pub async fn route(&self, calls: usize, limit: Duration) {
        let end = self.clock.now().after(limit);
        let is_done = || self.calls.get() == calls && self.source.queue.depth() == 0;
        self.source.run(self, &*self.clock, is_done, end).await;
        assert!(is_done(), "not quiet after {limit:?}");
    }

    /// What became of all that was told.
    pub fn kept(&self) -> Kept {
        let told = self.told.borrow();
        let items = self.cloud.items(names::ACTIVITY);
        let kept: BTreeSet<_> = items.iter().filter_map(event_or_evidence).collect();
        Kept {
            kept: told.intersection(&kept).count(),
            lost: told.difference(&kept).cloned().collect(),
            invented: kept.difference(&told).cloned().collect(),
        }
    }

    /// Messages on the inbound queue's dead-letter queue.
    pub fn dead(&self) -> usize {
        self.cloud.depth(names::INBOUND_DLQ)
    }

    /// The time.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Works for Doors {
    fn start(&self) -> Process {
        let config = inbound_router::config::Config {
            activity_table: names::ACTIVITY.into(),
            audit_table: names::AUDIT.into(),
        };
        self.process(|sdk| {
            let context = inbound_router::Context::with(config, sdk, self.clock.clone());
            Function::Router(Box::new(context))
        })
    }

    fn ended(&self, _: &[Key], _: &Process, end: &End<Value>) {
        if !matches!(end, End::Answer(_)) {
            self.deaths.set(self.deaths.get() + 1);
        }
    }
}

/// A provider's event, or the news of a message, as it is on record: whose it is, and which.
fn event_or_evidence(item: &Value) -> Option<(String, String)> {
    let (tenant, place) = (item["pk"]["S"].as_str()?, item["sk"]["S"].as_str()?);
    let id = match place.strip_prefix("MESSAGE#") {
        Some(rest) => rest.strip_suffix("#EVIDENCE")?.to_owned(),
        None => {
            let payload = item["payload"]["S"].as_str()?;
            let payload: Value = serde_json::from_str(payload).ok()?;
            payload["id"].as_str()?.to_owned()
        }
    };
    Some((tenant.to_owned(), id))
}

/// A webhook's body: so many messages, and as many news of messages of ours.
fn body(tenant: &str, post: usize, events: usize) -> String {
    let message = |number: usize| {
        json!({"from": "16505551234", "id": format!("wamid.IN{post}-{number}"), "timestamp": "1767225600",
            "type": "text", "text": {"body": "Hello!"}})
    };
    let status = |number: usize| {
        json!({"id": format!("wamid.OUT{post}-{number}"), "status": "delivered", "timestamp": "1767225601",
            "recipient_id": "16505551234", "biz_opaque_callback_data": format!("m-{post}-{number}")})
    };
    let messages: Vec<Value> = (0..events).map(message).collect();
    let statuses: Vec<Value> = (0..events).map(status).collect();
    json!({
        "object": "whatsapp_business_account",
        "entry": [{"id": format!("waba-{tenant}"), "changes": [{"field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550783881", "phone_number_id": format!("phone-{tenant}")},
            "contacts": [{"profile": {"name": "Asha"}, "wa_id": "16505551234"}],
            "messages": messages,
            "statuses": statuses,
        }}]}],
    })
    .to_string()
}
