//! A process of a function, as Lambda keeps it: cold at first, then warm, then gone.

use std::sync::Arc;
use std::time::Duration;

use domain::Clock;
use edge::http::{HttpReply, HttpRequest};
use edge::lambda::Invocation;
use edge::sqs::SqsBatch;
use serde_json::Value;
use tokio::time::timeout;

use crate::life::Life;
use crate::message::Key;
use crate::point::{HANDLE, Moment, Point};

/// How long an invocation may take; the functions' own setting in `template.yaml`.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How an invocation ended.
#[derive(Debug)]
pub(crate) enum End<T> {
    /// With an answer.
    Answer(T),
    /// With the process, at that point.
    Death(Point),
    /// With the process, when its time was over.
    Timeout,
}

/// What runs in a process.
pub(crate) enum Function {
    Dispatcher(Box<message_dispatch::Context>),
    Router(Box<inbound_router::Context>),
    Ingress(Box<webhook_ingress::Context>),
}

/// One process.
pub(crate) struct Process {
    pub(crate) function: Function,
    pub(crate) life: Arc<Life>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Process {
    /// Hands a batch over; what is answered.
    pub(crate) async fn batch(&self, batch: &SqsBatch, keys: Vec<Key>) -> End<Value> {
        let deadline = self.clock.now().after(TIME_LIMIT);
        let request_id = "chaos".to_owned();
        let invocation = Invocation {
            deadline,
            request_id,
        };
        let work = async {
            let reply = match &self.function {
                Function::Dispatcher(context) => {
                    message_dispatch::handle(context, batch, &invocation).await
                }
                Function::Router(context) => inbound_router::handle(context, batch).await,
                Function::Ingress(_) => unreachable!("it takes no batches"),
            };
            serde_json::to_value(reply).expect("an answer")
        };
        self.run(keys, work).await
    }

    /// Hands a request over; what is answered.
    pub(crate) async fn request(&self, request: HttpRequest, of: Key) -> End<HttpReply> {
        let work = async {
            match &self.function {
                Function::Ingress(context) => webhook_ingress::handle(context, request).await,
                _ => unreachable!("it takes no requests"),
            }
        };
        self.run(vec![of], work).await
    }

    async fn run<T>(&self, keys: Vec<Key>, work: impl Future<Output = T>) -> End<T> {
        self.life.begin(keys);
        let work = async {
            let answer = work.await;
            self.life.at(HANDLE, Moment::Answered).await;
            answer
        };
        tokio::select! {
            biased;
            point = self.life.death() => End::Death(point),
            answer = timeout(TIME_LIMIT, work) => answer.map_or(End::Timeout, End::Answer),
        }
    }
}
