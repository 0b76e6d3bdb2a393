//! Starts the connection test.

use connection_test::config::Config;
use connection_test::{Context, handle};
use edge::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let (config, aws) = edge::start(Config::read)?;
    let context = Context::new(config, &aws)?;
    edge::lambda::serve(context, async |context, request, _| {
        handle(context, request).await
    })
    .await
}
