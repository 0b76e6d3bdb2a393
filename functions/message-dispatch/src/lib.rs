//! Sends messages: what producers put on the messages queue, by the mechanism of [`dispatch`].

pub mod config;

use std::sync::Arc;

use dispatch::{Config, Dispatcher, Errand, Order};
use domain::Clock;
use domain::message::OutboundMessage;
use domain::time::SystemClock;
use edge::StartError;
use edge::aws::AwsEnv;
use edge::lambda::Invocation;
use edge::sqs::{BatchReply, SqsBatch};
use providers::Catalogue;
use providers::http::{Egress, Reach};

/// Messages, as the queue's contract has them.
const MESSAGES: Errand = Errand {
    actor: "message-dispatch",
    read,
    channel: |provider| provider.messages(),
};

/// What batches share: made once per cold start.
pub struct Context(Dispatcher);

impl Context {
    /// Sets up clients; nothing is called yet.
    ///
    /// # Errors
    /// If a client cannot be set up.
    pub fn new(config: Config, aws: &AwsEnv) -> Result<Self, StartError> {
        let sdk = aws.config()?;
        let http = Egress::new(Reach {
            extra_roots: aws.extra_roots(),
            overrides: &config.overrides,
            own_hosts: &config.own_hosts,
        })?;
        Ok(Self::with(config, &sdk, http, Arc::new(SystemClock)))
    }

    /// As [`Context::new`], with clients and a clock from outside.
    pub fn with(
        config: Config,
        sdk: &aws_types::SdkConfig,
        http: Egress,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::with_providers(config, sdk, http, clock, providers::ALL)
    }

    /// As [`Context::with`], with these providers and no others.
    pub fn with_providers(
        config: Config,
        sdk: &aws_types::SdkConfig,
        http: Egress,
        clock: Arc<dyn Clock>,
        providers: Catalogue,
    ) -> Self {
        Self(Dispatcher::new(
            MESSAGES, config, sdk, http, clock, providers,
        ))
    }

    /// What remains to be recorded when the process ends.
    pub fn last_words(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.last_words()
    }
}

/// Sends a batch; what is not settled or put back comes again.
pub async fn handle(context: &Context, batch: &SqsBatch, invocation: &Invocation) -> BatchReply {
    context.0.handle(batch, invocation).await
}

fn read(body: &str) -> Result<Order<'_>, String> {
    let message: OutboundMessage<'_> = edge::json::read(body.as_bytes()).map_err(|error| {
        format!("The message does not follow events/schemas/message.json ({error}).")
    })?;
    Ok(Order {
        metadata: message.metadata,
        payload: message.waba_payload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e2_why_a_message_cannot_be_read_does_not_repeat_it() {
        const CANARY: &str = "CANARY 7f3a91c05be2d468";
        for metadata in [
            format!(r#"{{"tenantId": "t_1", "messageId": "{CANARY}"}}"#),
            format!(r#"{{"tenantId": "t_1", "notAfter": "{CANARY}"}}"#),
            format!(r#"{{"tenantId": "t_1", "fallback": ["{CANARY}"]}}"#),
            format!(r#"{{"tenantId": ["{CANARY}"]}}"#),
            format!(r#""{CANARY}""#),
        ] {
            let body = format!(r#"{{"metadata": {metadata}, "wabaPayload": {{}}}}"#);
            let reason = read(&body).expect_err("it cannot be read");
            assert!(!reason.contains("CANARY"), "{reason}");
        }
    }
}
