//! Starts the inbound router.

use edge::StartError;
use inbound_router::config::Config;
use inbound_router::{Context, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let (config, aws) = edge::start(Config::read)?;
    let context = Context::new(config, &aws)?;
    edge::lambda::before_end(context.last_words()).await;
    edge::lambda::serve(context, async |context, batch, _| {
        handle(context, &batch).await
    })
    .await
}
