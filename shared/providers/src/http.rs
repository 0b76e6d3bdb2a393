//! The one way out. Every request to a provider is made here, so that limits, timeouts and the rules about what
//! may be reached are in one place.
//!
//! No proxy from the environment, no redirect, no retry: a request leaves at most once.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// Time to reach the provider, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Time for the whole exchange.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of an answer's body.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// The HTTP client for providers.
#[derive(Debug, Clone)]
pub struct Egress(reqwest::Client);

/// The client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for providers could not be set up: {0}")]
pub struct SetupError(String);

/// Why there is no answer. The difference decides whether a send may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Not one byte of the request left: name, connection or TLS failed.
    #[error("the provider could not be reached")]
    NotSent,
    /// The request may have been received.
    #[error("the provider gave no complete answer")]
    Unknown,
}

/// A complete answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, at most [`MAX_ANSWER_BYTES`].
    pub body: Bytes,
}

/// A request. It cannot be printed: providers ask for secrets in URLs too.
pub struct Outgoing {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Outgoing {
    /// A request without a body.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    /// With a bearer token; a token that no header can carry is sent as none.
    #[must_use]
    pub fn bearer(mut self, token: &SecretString) -> Self {
        let token = token.expose_secret();
        let mut value = Vec::with_capacity(7 + token.len());
        value.extend_from_slice(b"Bearer ");
        value.extend_from_slice(token.as_bytes());
        if let Ok(mut value) = HeaderValue::from_maybe_shared(Bytes::from(value)) {
            value.set_sensitive(true);
            self.headers.insert(http::header::AUTHORIZATION, value);
        }
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(mut self, body: Vec<u8>) -> Self {
        self.headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        self.body = body;
        self
    }
}

impl Egress {
    /// A client that trusts the public roots compiled in, and those in `extra_roots` (PEM) besides.
    ///
    /// # Errors
    /// [`SetupError`] if the extra roots are not certificates.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the client is built"
    )]
    pub fn new(extra_roots: Option<&[u8]>) -> Result<Self, SetupError> {
        let mut roots = rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        for certificate in CertificateDer::pem_slice_iter(extra_roots.unwrap_or_default()) {
            let certificate = certificate.map_err(|error| SetupError(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| SetupError(error.to_string()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| SetupError(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("switchboard/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .build()
            .map(Self)
            .map_err(|error| SetupError(error.without_url().to_string()))
    }

    /// Makes the request once.
    ///
    /// # Errors
    /// [`NoAnswer`]: whether the request may have been received.
    pub async fn send(&self, outgoing: Outgoing) -> Result<Answer, NoAnswer> {
        let mut request = reqwest::Request::new(outgoing.method, outgoing.url);
        *request.headers_mut() = outgoing.headers;
        if !outgoing.body.is_empty() {
            *request.body_mut() = Some(outgoing.body.into());
        }
        let mut response = self.0.execute(request).await.map_err(|error| {
            // `is_connect` alone proves that nothing was sent; time-outs and request errors prove nothing.
            if error.is_connect() {
                NoAnswer::NotSent
            } else {
                NoAnswer::Unknown
            }
        })?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| NoAnswer::Unknown)? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(NoAnswer::Unknown);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            headers,
            body: body.freeze(),
        })
    }
}
