//! Starts the inbound router.

use edge::StartError;
use inbound_router::config::Config;
use inbound_router::{Context, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let context = Context::new(Config::from_env()?)?;
    edge::lambda::serve(context, async |context, batch, _| {
        handle(context, &batch).await
    })
    .await
}
