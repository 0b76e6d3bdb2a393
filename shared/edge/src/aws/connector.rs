//! HTTP for the AWS SDK: HTTP/1.1 over the TLS that everything else uses, one pool for all services.
//!
//! The SDK's own default brings a second TLS set-up, native roots and HTTP/2, none of which these services need.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect};
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;

type Pool = Client<HttpsConnector<connect::HttpConnector>, SdkBody>;

/// The HTTP client that all AWS clients share.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    pool: Pool,
    read_timeout: Option<Duration>,
}

impl Connector {
    /// A pool that connects within that time.
    pub(super) fn new(tls: ClientConfig, connect_timeout: Duration) -> Self {
        let mut tcp = connect::HttpConnector::new();
        tcp.set_connect_timeout(Some(connect_timeout));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let tls = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Self {
            pool: Client::builder(TokioExecutor::new()).build(tls),
            read_timeout: None,
        }
    }
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Self {
            read_timeout: settings.read_timeout(),
            ..self.clone()
        })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?;
            let response = within(connector.read_timeout, connector.pool.request(request)).await?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The answer's head, if it comes in time. A broken connection is an I/O error, which the SDK may try again.
async fn within<T, E: Error + Send + Sync + 'static>(
    limit: Option<Duration>,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, ConnectorError> {
    let answer = match limit {
        Some(limit) => tokio::time::timeout(limit, answer)
            .await
            .map_err(|elapsed| ConnectorError::timeout(elapsed.into()))?,
        None => answer.await,
    };
    answer.map_err(|error| ConnectorError::io(error.into()))
}
