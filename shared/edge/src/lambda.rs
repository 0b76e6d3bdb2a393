//! The loop of a function: take an event, handle it, answer.

use std::sync::Arc;

use domain::Timestamp;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};

use crate::http::{HttpReply, HttpRequest};
use crate::sqs::{BatchReply, SqsBatch, contained};
use crate::{StartError, shutdown};

#[cfg(not(feature = "foreign-allocator"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is known of one invocation besides its event.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// When Lambda ends the process if it has not answered.
    pub deadline: Timestamp,
    /// Lambda's id of the invocation.
    pub request_id: String,
}

/// What starts a function, and the one form of answer to it. Of a batch, an answer of any other form would acknowledge
/// the records that failed.
///
/// ```
/// use edge::sqs::{BatchReply, SqsBatch};
/// let _ = edge::lambda::serve((), async |_: &(), _: SqsBatch, _| BatchReply::default());
/// ```
/// ```compile_fail,E0271
/// use edge::sqs::{BatchReply, SqsBatch};
/// let _ = edge::lambda::serve((), async |_: &(), _: SqsBatch, _| ());
/// ```
pub trait Trigger: DeserializeOwned + Send {
    /// What it is answered with.
    type Answer: Serialize + Send;
}

impl Trigger for SqsBatch {
    type Answer = BatchReply;
}

impl Trigger for HttpRequest {
    type Answer = HttpReply;
}

/// What an event was read as; nothing if it is of another form. It must not be an error, for the runtime tells the
/// parser's words, which quote the event.
struct Event<E>(Option<E>);

impl<'de, E: Deserialize<'de>> Deserialize<'de> for Event<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(E::deserialize(deserializer).ok()))
    }
}

/// Lets `last` be done when Lambda ends the process; it has half a second. To be called before [`serve`]. Outside of
/// Lambda, and if Lambda kills the process, it is not done.
pub async fn before_end(last: impl Future<Output = ()> + Send + 'static) {
    if let Some(address) = shutdown::address() {
        shutdown::watch(&address, last).await;
    }
}

/// Serves events with `handle` until the environment ends. Every event has an answer; errors are part of it. An
/// event of another form and a panic are errors to Lambda, which are told nothing of what was in them.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub async fn serve<C, E, H>(context: C, handle: H) -> Result<(), StartError>
where
    E: Trigger,
    H: AsyncFn(&C, E, Invocation) -> E::Answer,
{
    let shared = Arc::new((context, handle));
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Event<E>>| {
        let shared = shared.clone();
        let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        let invocation = Invocation {
            deadline: Timestamp::from_millis(deadline),
            request_id: event.context.request_id,
        };
        // Boxed: the handlers' futures are large and would be moved about with every event.
        Box::pin(async move {
            let (context, handle) = &*shared;
            let Some(event) = event.payload.0 else {
                return Err(StartError::from("the event is not of the expected form"));
            };
            let answer = Box::pin(async { Ok(handle(context, event, invocation).await) });
            contained(answer, Err("the function panicked".into())).await
        })
    }))
    .await
}
