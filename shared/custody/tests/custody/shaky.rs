//! A client of AWS on a bad day: of a hundred calls ten are throttled, and of five the answer is lost; but a call that
//! the SDK makes for the last time succeeds.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use testing::cloud::Cloud;

/// Clients on a bad day.
pub(crate) fn shaky(cloud: &Cloud) -> SdkConfig {
    let client = Shaky(SharedHttpClient::new(cloud.http_client()));
    cloud
        .sdk_config()
        .into_builder()
        .http_client(client)
        .build()
}

#[derive(Debug, Clone)]
struct Shaky<C>(C);

impl HttpClient for Shaky<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Shaky(self.0.http_connector(settings, components)))
    }
}

impl HttpConnector for Shaky<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let attempt = request.headers().get("amz-sdk-request").unwrap_or_default();
        if attempt.starts_with("attempt=3") {
            return self.0.call(request);
        }
        let [dice] = domain::random::bytes::<1>();
        match dice {
            0..26 => HttpConnectorFuture::ready(Ok(throttled())),
            26..39 => {
                let answer = self.0.call(request);
                HttpConnectorFuture::new(async move {
                    answer.await?;
                    let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
                    Err(ConnectorError::io(reset.into()))
                })
            }
            _ => self.0.call(request),
        }
    }
}

fn throttled() -> HttpResponse {
    let status = StatusCode::try_from(400).expect("a status");
    let body = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;
    HttpResponse::new(status, SdkBody::from(body))
}
