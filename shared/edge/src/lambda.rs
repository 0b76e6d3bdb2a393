//! The loop of a function: take an event, handle it, answer.

use std::sync::Arc;

use domain::Timestamp;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StartError;

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

/// Serves events with `handle` until the environment ends. Every event has an answer; errors are part of it.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub async fn serve<C, E, R, H>(context: C, handle: H) -> Result<(), StartError>
where
    E: DeserializeOwned + Send,
    R: Serialize + Send,
    H: AsyncFn(&C, E, Invocation) -> R,
{
    let shared = Arc::new((context, handle));
    lambda_runtime::run(service_fn(move |event: LambdaEvent<E>| {
        let shared = shared.clone();
        let deadline = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        let invocation = Invocation {
            deadline: Timestamp::from_millis(deadline),
            request_id: event.context.request_id,
        };
        // Boxed: the handlers' futures are large and would be moved about with every event.
        Box::pin(async move {
            let (context, handle) = &*shared;
            Ok::<R, StartError>(handle(context, event.payload, invocation).await)
        })
    }))
    .await
}
