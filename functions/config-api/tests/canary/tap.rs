//! Hears all that is sent to AWS, on its way there, and learns the keys that come back.

use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_types::SdkConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use testing::cloud::Cloud;

use crate::secrets::{RING_KEY, Secrets};
use crate::sinks::Seen;

/// Configuration of clients whose requests are seen.
pub(crate) fn tapped(cloud: &Cloud, seen: &Seen, secrets: &Secrets) -> SdkConfig {
    let client = Tap {
        inner: SharedHttpClient::new(cloud.http_client()),
        seen: seen.clone(),
        secrets: secrets.clone(),
    };
    let config = cloud.sdk_config().into_builder();
    config.http_client(client).build()
}

#[derive(Clone)]
struct Tap<C> {
    inner: C,
    seen: Seen,
    secrets: Secrets,
}

impl<C> fmt::Debug for Tap<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

impl HttpClient for Tap<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Tap {
            inner: self.inner.http_connector(settings, components),
            seen: self.seen.clone(),
            secrets: self.secrets.clone(),
        })
    }
}

impl HttpConnector for Tap<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let headers = request.headers();
        let target = headers.get("x-amz-target").unwrap_or_default();
        let head = format!("{} {:?}", request.uri(), Vec::from_iter(headers));
        let body = request.body().bytes().unwrap_or_default();
        self.seen.request(target, &head, body);
        let (answer, secrets) = (self.inner.call(request), self.secrets.clone());
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            learn(answer.body().bytes().unwrap_or_default(), &secrets);
            Ok(answer)
        })
    }
}

/// A key that KMS made or unwrapped is one more secret.
fn learn(answer: &[u8], secrets: &Secrets) {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    if let Some(key) = answer["Plaintext"].as_str() {
        let name = format!("{RING_KEY} of {}", answer["KeyId"]);
        secrets.keep(name, &STANDARD.decode(key).expect("base 64"));
    }
}
