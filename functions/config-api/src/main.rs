//! Starts the configuration API.

use std::sync::Arc;

use config_api::config::Config;
use config_api::{Context, handle};
use edge::StartError;
use lambda_runtime::{LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), StartError> {
    let context = Arc::new(Context::new(Config::from_env()?)?);
    lambda_runtime::run(service_fn(
        move |event: LambdaEvent<edge::http::HttpRequest>| {
            let context = context.clone();
            async move { Ok::<_, StartError>(handle(&context, event.payload).await) }
        },
    ))
    .await
}
