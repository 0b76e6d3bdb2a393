//! A call to the Graph API and its answer.

use domain::{Failure, FailureKind};
use http::Method;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use url::Url;

use super::GRAPH_VERSION;
use super::errors;
use crate::Connection;
use crate::field::Form;
use crate::http::{Answer, NoAnswer, Outgoing};

/// What a connection needs to call Graph.
pub(super) struct Graph<'a> {
    connection: Connection<'a>,
    root: String,
    token: Option<&'a SecretString>,
    proof: Option<String>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(connection: Connection<'a>) -> Self {
        let version = connection.setting("graph_version").unwrap_or(GRAPH_VERSION);
        let token = connection.credentials.get("access_token");
        let proof = connection
            .credentials
            .get("app_secret")
            .zip(token)
            .map(|(secret, token)| {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
                hex::encode(hmac::sign(&key, token.expose_secret().as_bytes()))
            });
        Self {
            connection,
            root: format!("{}/{version}", connection.base_url),
            token,
            proof,
        }
    }

    /// `{base}/{version}/{path}`, with the proof that we know the app secret where we do.
    fn url(&self, path: &str, query: &[(&str, &str)]) -> Result<Url, Failure> {
        let mut url = Url::parse(&format!("{}/{path}", self.root)).map_err(|_| {
            Failure::new(
                FailureKind::InvalidRequest,
                "The address of the Graph API is not a URL.",
                "Check the base URL that the operator has set for this provider.",
            )
        })?;
        if !query.is_empty() || self.proof.is_some() {
            let mut pairs = url.query_pairs_mut();
            pairs.extend_pairs(query);
            if let Some(proof) = &self.proof {
                pairs.append_pair("appsecret_proof", proof);
            }
        }
        Ok(url)
    }

    /// Reads something. That the provider gave no answer says nothing about it, so it is only `Unavailable`.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Failure> {
        let mut request = Outgoing::new(Method::GET, self.url(path, query)?);
        if let Some(token) = self.token {
            request = request.bearer(token);
        }
        repeatable(self.read(request).await)
    }

    /// Reads something with another bearer than the tenant's token, and so without its proof.
    pub(super) async fn get_as<T: DeserializeOwned>(
        &self,
        bearer: &SecretString,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Failure> {
        let mut url = self.url(path, &[])?;
        url.set_query(None);
        url.query_pairs_mut().extend_pairs(query);
        repeatable(
            self.read(Outgoing::new(Method::GET, url).bearer(bearer))
                .await,
        )
    }

    /// Changes something; `body` is JSON, or empty for a call without one.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, Failure> {
        let mut request = Outgoing::new(Method::POST, self.url(path, &[])?);
        if !body.is_empty() {
            request = request.json(body);
        }
        if let Some(token) = self.token {
            request = request.bearer(token);
        }
        self.read(request).await
    }

    async fn read<T: DeserializeOwned>(&self, request: Outgoing) -> Result<T, Failure> {
        let answer = self
            .connection
            .http
            .send(request)
            .await
            .map_err(no_answer)?;
        self.watch_version(&answer);
        if !(200..=299).contains(&answer.status) {
            return Err(errors::failure_of(
                answer.status,
                &answer.headers,
                &answer.body,
            ));
        }
        serde_json::from_slice(&answer.body).map_err(|_| {
            Failure::new(
                FailureKind::OutcomeUnknown,
                "Meta's answer could not be read.",
                "Nothing to do; if it goes on, tell the operator.",
            )
        })
    }

    /// An expired version is not refused but served by an older one that still lives.
    fn watch_version(&self, answer: &Answer) {
        let asked = self
            .connection
            .setting("graph_version")
            .unwrap_or(GRAPH_VERSION);
        let served = answer
            .headers
            .get("facebook-api-version")
            .and_then(|v| v.to_str().ok());
        if served.is_some_and(|served| served != asked) {
            // A header may hold anything, what was asked too: it is told only if it is a version.
            let served = served.filter(|text| Form::GraphVersion.fits(text));
            tracing::warn!(
                asked,
                served,
                "Meta served another Graph version than was asked for"
            );
        }
    }
}

/// A read that got no answer may simply be made again.
fn repeatable<T>(result: Result<T, Failure>) -> Result<T, Failure> {
    result.map_err(|mut failure| {
        if failure.kind == FailureKind::OutcomeUnknown {
            failure.kind = FailureKind::Unavailable;
        }
        failure
    })
}

fn no_answer(error: NoAnswer) -> Failure {
    error.into_failure(
        "Meta",
        "The message may have been sent: wait for its status, or look in WhatsApp Manager before sending again.",
    )
}
