//! AWS that refuses everything, and repeats a secret in its words.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use serde_json::json;
use testing::cloud::Cloud;

/// Configuration of clients that are refused so.
pub(crate) fn echoing(cloud: &Cloud, secret: &str) -> SdkConfig {
    let config = cloud.sdk_config().into_builder();
    config.http_client(Echo(secret.to_owned())).build()
}

#[derive(Debug, Clone)]
struct Echo(String);

impl HttpClient for Echo {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Echo {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let Self(secret) = self;
        let body = json!({"__type": "ValidationException", "message": format!("Value '{secret}' is not allowed")});
        let status = StatusCode::try_from(400).expect("a status");
        let answer = HttpResponse::new(status, SdkBody::from(body.to_string()));
        HttpConnectorFuture::ready(Ok(answer))
    }
}
