//! Lambda's Runtime API, as much of it as one function sees: `next`, `response`, `error`; and the Extensions API, as
//! much as it takes to be told of the end: `register`, and an `event/next` that is never answered.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hyper::Request;
use tokio::sync::{Notify, oneshot};

use crate::Failure;
use crate::http::{Reply, reply, set_header};
use crate::process::Usage;
use crate::quota::Quota;

/// The longest that one invocation may take.
const LIMIT: Duration = Duration::from_secs(30);

/// What a function answered to one event.
pub(crate) struct Answer {
    /// From handing the event over to the answer's arrival.
    pub(crate) took: Duration,
    /// The answer.
    pub(crate) body: Bytes,
}

struct Invocation {
    id: String,
    event: Bytes,
    answered: oneshot::Sender<Result<Answer, Failure>>,
}

/// The state of the API for one process.
#[derive(Default)]
pub(crate) struct RuntimeApi {
    process: Cell<u32>,
    quota: RefCell<Option<Quota>>,
    first_next: Cell<Option<(Instant, Usage)>>,
    failed: RefCell<Option<String>>,
    extended: Cell<bool>,
    asked: Notify,
    waiting: RefCell<VecDeque<Invocation>>,
    queued: Notify,
    running: RefCell<Option<(Invocation, Instant)>>,
    count: Cell<u64>,
}

impl RuntimeApi {
    /// Gets ready for a new process, which `quota` is to hold from its first `/next` on.
    pub(crate) fn expect(&self, process: u32, quota: Option<Quota>) {
        self.process.set(process);
        *self.quota.borrow_mut() = quota;
    }

    /// Whether the process has registered an extension: it has something to do before it ends.
    pub(crate) fn is_extended(&self) -> bool {
        self.extended.get()
    }

    /// Waits for the first `/next`: when it came and what the process had used by then.
    ///
    /// # Errors
    /// If the process reported that it cannot start.
    pub(crate) async fn first_next(&self) -> Result<(Instant, Usage), Failure> {
        loop {
            if let Some(error) = self.failed.borrow().as_ref() {
                return Err(format!("it reported: {error}").into());
            }
            if let Some(first) = self.first_next.get() {
                return Ok(first);
            }
            self.asked.notified().await;
        }
    }

    /// Hands over an event and waits for the answer.
    ///
    /// # Errors
    /// If the function answers with an error or not in time.
    pub(crate) async fn invoke(&self, event: Bytes) -> Result<Answer, Failure> {
        self.count.set(self.count.get() + 1);
        let id = format!("00000000-0000-4000-8000-{:012x}", self.count.get());
        let (answered, answer) = oneshot::channel();
        self.waiting.borrow_mut().push_back(Invocation {
            id,
            event,
            answered,
        });
        self.queued.notify_one();
        match tokio::time::timeout(LIMIT, answer).await {
            Ok(Ok(answer)) => answer,
            _ => Err(format!("no answer within {} s", LIMIT.as_secs()).into()),
        }
    }

    /// Answers one request of the process.
    pub(crate) async fn handle(self: Rc<Self>, request: Request<Bytes>) -> Option<Reply> {
        let arrived = Instant::now();
        let (head, body) = request.into_parts();
        if let Some(path) = head.uri.path().strip_prefix("/2020-01-01/extension/") {
            return self.extension(path).await;
        }
        let path = head
            .uri
            .path()
            .strip_prefix("/2018-06-01/runtime/")
            .unwrap_or_default();
        if path == "invocation/next" {
            self.note_first(arrived);
            return Some(self.next().await);
        }
        let text = || String::from_utf8_lossy(&body).into_owned();
        if path == "init/error" {
            *self.failed.borrow_mut() = Some(text());
            self.asked.notify_one();
            return Some(reply(202, "application/json", "{}"));
        }
        let running = self.running.borrow_mut().take();
        let (Some((invocation, since)), Some((id, what))) = (
            running,
            path.strip_prefix("invocation/")
                .and_then(|rest| rest.split_once('/')),
        ) else {
            return Some(reply(404, "application/json", "{}"));
        };
        let answer = match what {
            "response" if id == invocation.id => Ok(Answer {
                took: arrived - since,
                body: body.clone(),
            }),
            _ => Err(Failure::from(format!("the function failed: {}", text()))),
        };
        // Nobody waits any more if the time limit has passed.
        drop(invocation.answered.send(answer));
        Some(reply(202, "application/json", "{}"))
    }

    async fn extension(&self, path: &str) -> Option<Reply> {
        match path {
            "register" => {
                self.extended.set(true);
                let mut registered = reply(200, "application/json", "{}");
                set_header(&mut registered, "lambda-extension-identifier", "bench");
                Some(registered)
            }
            "event/next" => std::future::pending().await,
            _ => Some(reply(404, "application/json", "{}")),
        }
    }

    fn note_first(&self, arrived: Instant) {
        if self.first_next.get().is_some() {
            return;
        }
        let process = self.process.get();
        self.first_next.set(Some((arrived, Usage::of(process))));
        if let Some(Err(error)) = self
            .quota
            .borrow()
            .as_ref()
            .map(|quota| quota.hold(process))
        {
            *self.failed.borrow_mut() = Some(error.to_string());
        }
        self.asked.notify_one();
    }

    async fn next(&self) -> Reply {
        let invocation = loop {
            let next = self.waiting.borrow_mut().pop_front();
            match next {
                Some(invocation) => break invocation,
                None => self.queued.notified().await,
            }
        };
        let mut event = reply(200, "application/json", invocation.event.clone());
        set_header(&mut event, "lambda-runtime-aws-request-id", &invocation.id);
        set_header(&mut event, "lambda-runtime-deadline-ms", &deadline_ms());
        set_header(
            &mut event,
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:bench",
        );
        set_header(
            &mut event,
            "lambda-runtime-trace-id",
            "Root=1-67000000-000000000000000000000001;Parent=0000000000000001;Sampled=0",
        );
        *self.running.borrow_mut() = Some((invocation, Instant::now()));
        event
    }
}

fn deadline_ms() -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    (now + LIMIT).as_millis().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn post(api: &Rc<RuntimeApi>, path: &str) -> Reply {
        let request = Request::post(path).body(Bytes::new()).unwrap();
        api.clone().handle(request).await.unwrap()
    }

    #[tokio::test]
    async fn an_extension_may_register_and_then_waits() {
        let api = Rc::<RuntimeApi>::default();
        assert_eq!(
            post(&api, "/2020-01-01/extension/exit/error")
                .await
                .status(),
            404
        );
        assert!(!api.is_extended());
        let registered = post(&api, "/2020-01-01/extension/register").await;
        assert!(
            registered
                .headers()
                .contains_key("lambda-extension-identifier")
        );
        assert!(api.is_extended());
        let next = Request::get("/2020-01-01/extension/event/next");
        let waiting = api.handle(next.body(Bytes::new()).unwrap());
        let waited = tokio::time::timeout(Duration::from_millis(20), waiting).await;
        assert!(waited.is_err());
    }
}
