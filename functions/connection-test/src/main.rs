//! Starts the connection test.

use connection_test::config::Config;
use connection_test::{Context, handle};
use edge::StartError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let context = Context::new(Config::from_env()?)?;
    edge::lambda::serve(context, async |context, request, _| {
        handle(context, request).await
    })
    .await
}
