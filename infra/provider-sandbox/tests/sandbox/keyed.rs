//! An account of a provider that is shown a secret in a header, whichever.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use provider_sandbox::Sandbox;
use serde_json::{Map, Value};

use crate::harness::{Answer, World, exchange};

/// A running sandbox with the form of one account.
pub(crate) struct Keyed {
    pub(crate) sandbox: Sandbox,
    pub(crate) form: Map<String, Value>,
    header: (&'static str, String),
}

impl Keyed {
    /// `header` says what a request of the account has to show, by its form.
    pub(crate) async fn of(
        provider: &str,
        account: &str,
        header: impl Fn(&Map<String, Value>) -> (&'static str, String),
    ) -> Self {
        let world = World::start().await;
        let path = format!("credentials?provider={provider}&account={account}");
        let all = world.control(Method::GET, &path, Value::Null).await;
        let form = all[provider].as_object().cloned().unwrap();
        Self {
            sandbox: world.sandbox,
            header: header(&form),
            form,
        }
    }

    /// A path that ends in a field of the form.
    pub(crate) fn path(&self, start: &str, field: &str) -> String {
        format!("{start}{}", self.form[field].as_str().unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str) -> Answer {
        let (name, value) = &self.header;
        ask(&self.sandbox, method, path, Some((name, value))).await
    }
}

/// One request with that header.
pub(crate) async fn ask(
    sandbox: &Sandbox,
    method: Method,
    path: &str,
    header: Option<(&str, &str)>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(Bytes::new())).unwrap();
    exchange(sandbox.address(), request).await.unwrap()
}
