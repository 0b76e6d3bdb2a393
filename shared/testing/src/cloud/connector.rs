//! Lets real SDK clients talk to the stand-in without a socket.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::gate::{Call, Gate};
use super::shared::{Shared, operation, read, resources};
use super::wire::Answer;
use super::{Cloud, REGION};

impl Cloud {
    /// Configuration for SDK clients that talk to this stand-in: three attempts with next to no pause between
    /// them, no time limits.
    pub fn sdk_config(&self) -> SdkConfig {
        config(self.http_client())
    }

    /// As [`Cloud::sdk_config`], for clients whose every call passes that gate.
    pub fn sdk_config_behind(&self, gate: Arc<dyn Gate>) -> SdkConfig {
        config(Connector {
            gate: Some(gate),
            ..self.connector()
        })
    }

    /// The HTTP client of [`Cloud::sdk_config`], for configurations of one's own. It honours read time limits.
    pub fn http_client(&self) -> impl HttpClient + Clone + use<> {
        self.connector()
    }

    fn connector(&self) -> Connector {
        Connector {
            shared: self.0.shared.clone(),
            read_timeout: None,
            gate: None,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a configuration for tests, with no retry pauses"
)]
fn config(http: impl HttpClient + 'static) -> SdkConfig {
    let credentials = Credentials::from_keys("AKIAIOSFODNN7EXAMPLE", "not-a-secret", None);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .retry_config(
            RetryConfig::standard()
                .with_initial_backoff(Duration::from_millis(1))
                .with_max_backoff(Duration::from_millis(2)),
        )
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build()
}

#[derive(Debug, Clone)]
struct Connector {
    shared: Arc<Shared>,
    read_timeout: Option<Duration>,
    gate: Option<Arc<dyn Gate>>,
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
            // A call that awaits nothing would hide every race between tasks.
            tokio::task::yield_now().await;
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            let body = request.body().bytes().unwrap_or_default();
            let parsed = read(body);
            let call = connector.gate.as_ref().map(|gate| {
                let resources = parsed.as_ref().map(resources).unwrap_or_default();
                let operation = operation(target).to_owned();
                (
                    gate,
                    Call {
                        operation,
                        resources,
                    },
                )
            });
            let chosen = match &call {
                Some((gate, call)) => gate.enter(call).await,
                None => None,
            };
            let mut answer = connector.shared.answer(target, parsed, chosen);
            if let Some((gate, call)) = &call
                && answer != Answer::Silence
            {
                gate.leave(call, &mut answer).await;
            }
            match answer {
                Answer::Reply(reply) => {
                    let status = StatusCode::try_from(reply.status)
                        .map_err(|error| ConnectorError::other(error.into(), None))?;
                    let mut response = HttpResponse::new(status, SdkBody::from(reply.body));
                    for (name, value) in reply.headers {
                        response.headers_mut().insert(name, value);
                    }
                    Ok(response)
                }
                Answer::Reset => Err(ConnectorError::io(
                    io::Error::from(io::ErrorKind::ConnectionReset).into(),
                )),
                Answer::Silence => match connector.read_timeout {
                    Some(limit) => {
                        tokio::time::sleep(limit).await;
                        Err(ConnectorError::timeout(
                            io::Error::from(io::ErrorKind::TimedOut).into(),
                        ))
                    }
                    None => pending().await,
                },
            }
        })
    }
}
