//! Starts the webhook ingress.

use edge::StartError;
use webhook_ingress::config::Config;
use webhook_ingress::{Context, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let (config, aws) = edge::start(Config::read)?;
    let context = Context::new(config, &aws)?;
    edge::lambda::serve(context, async |context, request, _| {
        handle(context, request).await
    })
    .await
}
