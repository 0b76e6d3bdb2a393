//! Starts the message dispatcher.

use edge::StartError;
use message_dispatch::config::Config;
use message_dispatch::{Context, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let (config, aws) = edge::start(Config::read)?;
    let context = Context::new(config, &aws)?;
    edge::lambda::before_end(context.last_words()).await;
    edge::lambda::serve(context, async |context, batch, invocation| {
        handle(context, &batch, &invocation).await
    })
    .await
}
