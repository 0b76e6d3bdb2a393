//! What each function is told by its environment.

use edge::auth::ClaimNames;
use providers::Overrides;
use providers::address::OwnHosts;
use providers::platform::PlatformAccounts;
use serde_json::{Map, Value, json};
use testing::cloud::Cloud;
use testing::switchboard as names;

/// Where things are.
pub(crate) struct Configs {
    /// Where all providers are reached.
    pub(crate) provider: String,
    /// Where providers reach us.
    pub(crate) door: String,
}

impl Configs {
    pub(crate) fn overrides(&self) -> Overrides {
        let here = |provider: &&dyn providers::Provider| {
            let id = provider.descriptor().id;
            // Some have the same paths.
            let base_url = format!("{}/{id}", self.provider);
            (id.to_owned(), json!({ "base_url": base_url }))
        };
        let all: Map<String, Value> = providers::ALL.iter().map(here).collect();
        serde_json::from_value(all.into()).expect("overrides")
    }

    pub(crate) fn config_api(&self) -> config_api::config::Config {
        config_api::config::Config {
            claims: ClaimNames::default(),
            quotas: contract::Quotas::WIDE,
            integrations_table: names::INTEGRATIONS.into(),
            webhook_routes_table: names::WEBHOOK_ROUTES.into(),
            activity_table: names::ACTIVITY.into(),
            key_rings_table: names::KEY_RINGS.into(),
            audit_table: names::AUDIT.into(),
            credentials_key: Cloud::key_arn(names::CREDENTIALS_KEY),
            webhook_secrets_key: Cloud::key_arn(names::WEBHOOK_SECRETS_KEY),
            shared_rings: 2,
            messages_queue: Cloud::queue_url(names::MESSAGES),
            public_base_url: self.door.clone(),
            overrides: self.overrides(),
            own_hosts: OwnHosts::default(),
        }
    }

    pub(crate) fn connection_test(&self) -> connection_test::config::Config {
        connection_test::config::Config {
            claims: ClaimNames::default(),
            quotas: contract::Quotas::WIDE,
            integrations_table: names::INTEGRATIONS.into(),
            key_rings_table: names::KEY_RINGS.into(),
            audit_table: names::AUDIT.into(),
            messages_queue: Cloud::queue_url(names::MESSAGES),
            overrides: self.overrides(),
            own_hosts: OwnHosts::default(),
        }
    }

    pub(crate) fn message_dispatch(&self) -> message_dispatch::config::Config {
        message_dispatch::config::Config {
            integrations_table: names::INTEGRATIONS.into(),
            activity_table: names::ACTIVITY.into(),
            key_rings_table: names::KEY_RINGS.into(),
            audit_table: names::AUDIT.into(),
            queue: Cloud::queue_url(names::MESSAGES),
            dead_letter_queue: Cloud::queue_url(names::MESSAGES_DLQ),
            overrides: self.overrides(),
            platform: PlatformAccounts::default(),
            own_hosts: OwnHosts::default(),
        }
    }

    pub(crate) fn webhook_ingress(&self) -> webhook_ingress::config::Config {
        webhook_ingress::config::Config {
            webhook_routes_table: names::WEBHOOK_ROUTES.into(),
            key_rings_table: names::KEY_RINGS.into(),
            inbound_queue: Cloud::queue_url(names::INBOUND),
        }
    }

    pub(crate) fn inbound_router(&self) -> inbound_router::config::Config {
        inbound_router::config::Config {
            activity_table: names::ACTIVITY.into(),
            audit_table: names::AUDIT.into(),
        }
    }
}
