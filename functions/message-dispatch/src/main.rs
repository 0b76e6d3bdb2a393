//! Starts the message dispatcher.

use edge::StartError;
use message_dispatch::{Context, config, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let (config, aws) = edge::start(config::read)?;
    let context = Context::new(config, &aws)?;
    edge::lambda::before_end(context.last_words()).await;
    edge::lambda::serve(context, async |context, batch, invocation| {
        handle(context, &batch, &invocation).await
    })
    .await
}
