//! A client of AWS with a defect: it leaves out what it was asked to send. For the controls, in which a check has to
//! notice.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use serde_json::Value;
use testing::cloud::Cloud;

/// Clients whose writes have no condition wherever `forgets` says so of the write: a `Put`, `Update` or `Delete` of a
/// transaction, or the body of a single one.
pub(crate) fn without_conditions(cloud: &Cloud, forgets: fn(&Value) -> bool) -> SdkConfig {
    let client = Forgetful {
        inner: SharedClient::new(cloud.http_client()),
        forgets,
    };
    cloud
        .sdk_config()
        .into_builder()
        .http_client(client)
        .build()
}

type SharedClient = aws_smithy_runtime_api::client::http::SharedHttpClient;

#[derive(Debug, Clone)]
struct Forgetful<C> {
    inner: C,
    forgets: fn(&Value) -> bool,
}

impl HttpClient for Forgetful<SharedClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Forgetful {
            inner: self.inner.http_connector(settings, components),
            forgets: self.forgets,
        })
    }
}

impl HttpConnector for Forgetful<SharedHttpConnector> {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        if let Ok(mut body) = serde_json::from_slice::<Value>(body) {
            self.edit(&mut body);
            *request.body_mut() = SdkBody::from(body.to_string());
        }
        self.inner.call(request)
    }
}

impl<C> Forgetful<C> {
    fn edit(&self, body: &mut Value) {
        match body.get_mut("TransactItems").and_then(Value::as_array_mut) {
            Some(writes) => writes
                .iter_mut()
                .filter_map(Value::as_object_mut)
                .flat_map(|write| write.values_mut())
                .for_each(|write| self.forget(write)),
            None => self.forget(body),
        }
    }

    fn forget(&self, write: &mut Value) {
        if !(self.forgets)(write) {
            return;
        }
        let Some(write) = write.as_object_mut() else {
            return;
        };
        if write.remove("ConditionExpression").is_none() {
            return;
        }
        // AWS refuses values that nothing uses.
        let left = write
            .get("UpdateExpression")
            .map(Value::to_string)
            .unwrap_or_default();
        for placeholders in ["ExpressionAttributeValues", "ExpressionAttributeNames"] {
            let Some(given) = write.get_mut(placeholders).and_then(Value::as_object_mut) else {
                continue;
            };
            given.retain(|name, _| left.contains(name.as_str()));
            if given.is_empty() {
                write.remove(placeholders);
            }
        }
    }
}
