//! AWS clients, set up by hand from what Lambda gives: no configuration files, no root store to parse, one HTTP
//! client for all services. This is what makes a cold start short.

mod connector;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::aws::connector::Connector;
use crate::{Env, StartError, tls};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Where and as whom AWS is called.
#[derive(Debug)]
pub struct AwsEnv {
    region: String,
    credentials: Credentials,
    endpoint: Option<String>,
    extra_roots: Option<Vec<u8>>,
}

impl AwsEnv {
    /// Reads Lambda's own variables, and `AWS_ENDPOINT_URL` and `EXTRA_CA_FILE` where they are set.
    pub fn read(env: &mut Env) -> Self {
        let credentials = Credentials::new(
            env.required("AWS_ACCESS_KEY_ID"),
            env.required("AWS_SECRET_ACCESS_KEY"),
            env.optional("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        Self {
            region: env.required("AWS_REGION"),
            credentials,
            endpoint: env.optional("AWS_ENDPOINT_URL"),
            extra_roots: env.file("EXTRA_CA_FILE"),
        }
    }

    /// Roots to trust besides the compiled-in ones (PEM), for whoever calls anything else.
    pub fn extra_roots(&self) -> Option<&[u8]> {
        self.extra_roots.as_deref()
    }

    /// The configuration that all clients share.
    ///
    /// # Errors
    /// If the roots are not certificates.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where AWS clients are set up"
    )]
    pub fn config(&self) -> Result<SdkConfig, StartError> {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(self.credentials.clone()))
            .http_client(Connector::new(
                tls::client_config(self.extra_roots())?,
                CONNECT_TIMEOUT,
            ))
            .retry_config(retries())
            .timeout_config(timeouts())
            // Bodies are small, and the time limits above cover them.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(self.endpoint.clone());
        Ok(config.build())
    }
}

/// How long AWS is waited for.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(Duration::from_secs(4))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(12))
        .build()
}

/// How often AWS is asked.
pub fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3)
}

/// Why AWS did not do what it was asked, by kind and code. Its messages quote requests, so they go no further.
pub fn reason<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    let kind = match error {
        SdkError::ConstructionFailure(_) => "the request could not be made",
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(_) => "not reached",
        SdkError::ResponseError(_) => "the answer cannot be read",
        _ => "refused",
    };
    format!("{kind} ({})", error.code().unwrap_or("no code"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchError;
    use aws_smithy_types::error::ErrorMetadata;
    use aws_smithy_types::error::display::DisplayErrorContext;
    use aws_smithy_types::retry::RetryMode;

    use super::*;

    #[test]
    fn g9_aws_is_asked_three_times_and_never_without_a_time_limit() {
        let env = AwsEnv {
            region: "eu-central-1".into(),
            credentials: Credentials::new("key", "secret", None, None, "a test"),
            endpoint: None,
            extra_roots: None,
        };
        let config = env.config().expect("a configuration");
        let retries = config.retry_config().expect("set");
        assert_eq!(retries.mode(), RetryMode::Standard);
        assert_eq!(retries.max_attempts(), 3);
        let timeouts = config.timeout_config().expect("set");
        let limits = [
            timeouts.connect_timeout(),
            timeouts.read_timeout(),
            timeouts.operation_attempt_timeout(),
            timeouts.operation_timeout(),
        ];
        let seconds = limits.map(|limit| limit.expect("set").as_secs());
        assert_eq!(seconds, [2, 4, 5, 12]);
    }

    #[test]
    fn e2_what_aws_says_of_a_request_is_not_repeated() {
        const CANARY: &str = "CANARY-0123456789abcdef";
        let said = ErrorMetadata::builder()
            .code("InvalidMessageContents")
            .message(format!("{CANARY} is not allowed"));
        let error = SendMessageBatchError::generic(said.build());
        let error: SdkError<_, ()> = SdkError::service_error(error, ());
        assert_eq!(reason(&error), "refused (InvalidMessageContents)");
        assert!(DisplayErrorContext(&error).to_string().contains(CANARY));
    }
}
