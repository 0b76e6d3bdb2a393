//! The one way out. Every request to a provider is made here, so that limits, timeouts and the rules about what
//! may be reached are in one place.
//!
//! A request goes to the public internet, over TLS, or to where the operator has a provider reached. The rules are in
//! [`crate::address`]. No proxy from the environment, no redirect, no retry, no decompression: a request leaves at
//! most once, and its answer is taken as it comes.

mod limits;
mod network;
mod reach;

use std::error::Error;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use domain::{Failure, FailureKind};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use self::limits::{CONNECT_TIMEOUT, HEAD_TIMEOUT, IDLE_TIMEOUT, Limits, TOTAL_TIMEOUT};
pub use self::network::Network;
use self::network::{CheckedNames, Machine};
use self::reach::Guard;
pub use self::reach::Reach;
use crate::address::{self, Refused};

/// Most bytes of an answer's body.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Most bytes of an answer's headers, names and values together.
pub const MAX_HEADER_BYTES: usize = 32 * 1024;

/// The HTTP client for providers.
#[derive(Debug, Clone)]
pub struct Egress {
    client: reqwest::Client,
    guard: Arc<Guard>,
}

/// The client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for providers could not be set up: {0}")]
pub struct SetupError(&'static str);

/// Why there is no answer. The difference decides whether a send may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Not one byte of the request left: name, connection or TLS failed.
    #[error("the provider could not be reached")]
    NotSent,
    /// The request may have been received.
    #[error("the provider gave no complete answer")]
    Unknown,
    /// Not one byte of the request left, and none ever will: the address is none that may be called.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// A complete answer, whatever its status. It cannot be printed: some providers answer with secrets.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, at most [`MAX_ANSWER_BYTES`].
    pub body: Bytes,
}

impl NoAnswer {
    /// The one place to which the client's errors come; they go no further, for they quote the URL.
    fn because(error: &reqwest::Error) -> Self {
        // `is_connect` alone proves that nothing was sent; time-outs and request errors prove nothing.
        if !error.is_connect() {
            return Self::Unknown;
        }
        let mut causes = std::iter::successors(error.source(), |cause| (*cause).source());
        causes
            .find_map(|cause| cause.downcast_ref::<Refused>())
            .map_or(Self::NotSent, |refused| Self::Refused(*refused))
    }

    /// What it is to whoever wanted the answer. `provider` is what people call it; `in_doubt` says what to do about a
    /// request that may have been carried out.
    pub fn into_failure(self, provider: &str, in_doubt: &str) -> Failure {
        match self {
            Self::NotSent => Failure::new(
                FailureKind::Unavailable,
                format!("{provider} could not be reached."),
                "Nothing to do; it is tried again.",
            ),
            Self::Unknown => Failure::new(
                FailureKind::OutcomeUnknown,
                format!("{provider} gave no complete answer in time."),
                in_doubt,
            ),
            Self::Refused(refused) => refused.into(),
        }
    }
}

/// A request. It cannot be printed: providers ask for secrets in URLs too. A secret comes into a header only by
/// [`Outgoing::bearer`], [`Outgoing::basic`] or [`Outgoing::secret_header`], which mark it, so that no log below us shows
/// it.
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
        self.authorize(value);
        self
    }

    /// With a secret in a header of the provider's own; one that no header can carry is sent as none.
    #[must_use]
    pub fn secret_header(mut self, name: HeaderName, secret: &SecretString) -> Self {
        self.mark(name, secret.expose_secret().as_bytes().to_vec());
        self
    }

    /// With a user name and a password (RFC 7617); a user name with a colon cannot be told from the password, and is
    /// sent as none.
    #[must_use]
    pub fn basic(mut self, user: &str, password: &SecretString) -> Self {
        if user.contains(':') {
            return self;
        }
        let pair = domain::secret::take([user, ":", password.expose_secret()].concat());
        let pair = pair.expose_secret();
        let mut value = String::with_capacity(6 + pair.len().div_ceil(3) * 4);
        value.push_str("Basic ");
        STANDARD.encode_string(pair, &mut value);
        self.authorize(value.into_bytes());
        self
    }

    fn authorize(&mut self, value: Vec<u8>) {
        self.mark(http::header::AUTHORIZATION, value);
    }

    fn mark(&mut self, name: HeaderName, value: Vec<u8>) {
        if let Ok(mut value) = HeaderValue::from_maybe_shared(Bytes::from(value)) {
            value.set_sensitive(true);
            self.headers.insert(name, value);
        }
    }

    fn into_request(self) -> reqwest::Request {
        let mut request = reqwest::Request::new(self.method, self.url);
        *request.headers_mut() = self.headers;
        if !self.body.is_empty() {
            *request.body_mut() = Some(self.body.into());
        }
        request
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
    /// A client that reaches so far, and trusts the public roots compiled in.
    ///
    /// # Errors
    /// [`SetupError`] if the extra roots are not certificates.
    pub fn new(reach: Reach<'_>) -> Result<Self, SetupError> {
        Self::over(Arc::new(Machine), reach)
    }

    /// As [`Egress::new`], over a network of one's own.
    ///
    /// # Errors
    /// As [`Egress::new`].
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the client is built"
    )]
    pub fn over(network: Arc<dyn Network>, reach: Reach<'_>) -> Result<Self, SetupError> {
        let mut roots = rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        for certificate in CertificateDer::pem_slice_iter(reach.extra_roots.unwrap_or_default()) {
            // What the reader says quotes the file.
            certificate
                .ok()
                .and_then(|certificate| roots.add(certificate).ok())
                .ok_or(SetupError("an extra root is not a certificate"))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| SetupError("TLS has no safe version"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let guard = Arc::new(Guard::new(reach));
        let limits = network.limits();
        let names = CheckedNames {
            network,
            guard: guard.clone(),
        };
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("switchboard/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .read_timeout(limits.head)
            .timeout(limits.total)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .dns_resolver(names)
            .build()
            .map_err(|_| SetupError("its options do not go together"))?;
        Ok(Self { client, guard })
    }

    /// Reads a URL that a tenant gave, at each use anew: [`crate::address::url`], and no host of ours or of the operator's.
    ///
    /// # Errors
    /// [`Refused`], once it is in the log by which rule.
    pub fn destination(&self, text: &str) -> Result<Url, Refused> {
        self.guard
            .read(text)
            .inspect_err(|refused| log(*refused, address::parse(text).ok().as_ref()))
    }

    /// Makes the request once, if it may be made at all.
    ///
    /// # Errors
    /// [`NoAnswer`]: whether the request may have been received.
    pub async fn send(&self, outgoing: Outgoing) -> Result<Answer, NoAnswer> {
        self.guard
            .check(&outgoing.url)
            .inspect_err(|refused| log(*refused, Some(&outgoing.url)))?;
        let sent = self.client.execute(outgoing.into_request()).await;
        let mut response = sent.map_err(|error| NoAnswer::because(&error))?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        if size(&headers) > MAX_HEADER_BYTES {
            return Err(NoAnswer::Unknown);
        }
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

fn size(headers: &HeaderMap) -> usize {
    let sizes = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    sizes.sum()
}

/// For the operator. Of the address the host is told and no more: the rest may be secret.
fn log(refused: Refused, url: Option<&Url>) {
    let host = url.and_then(Url::host_str);
    tracing::warn!(rule = ?refused.rule(), host, "an address was refused");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Overrides;

    fn egress(extra_roots: Option<&[u8]>) -> Result<Egress, SetupError> {
        Egress::new(Reach {
            extra_roots,
            ..Reach::new(&Overrides::default())
        })
    }

    const CANARY: &str = "CANARY-0123456789abcdef";

    fn with_secrets(authority: &str) -> Outgoing {
        let url = format!("http://{authority}/debug_token?input_token={CANARY}-query");
        Outgoing::new(Method::GET, Url::parse(&url).expect("a URL"))
            .bearer(&SecretString::from(CANARY))
    }

    #[test]
    fn e7_a_bearer_token_is_marked_and_so_never_printed() {
        let request = with_secrets("provider.example").into_request();
        let printed = format!("{:?}", request.headers());
        assert_eq!(printed, r#"{"authorization": Sensitive}"#);
        let whole = format!("{request:?}").replace(&format!("{CANARY}-query"), "");
        assert!(
            whole.contains("Sensitive") && !whole.contains("CANARY"),
            "{whole}"
        );
        // It is there, and without the mark it would have been printed.
        let mut headers = request.headers().clone();
        assert_eq!(
            headers["authorization"].as_bytes(),
            format!("Bearer {CANARY}").as_bytes()
        );
        headers
            .values_mut()
            .for_each(|value| value.set_sensitive(false));
        assert!(format!("{headers:?}").contains(CANARY));
    }

    #[test]
    fn e7_a_password_is_marked_and_so_never_printed() {
        let url = || Url::parse("http://provider.example/").expect("a URL");
        let basic =
            |user: &str| Outgoing::new(Method::GET, url()).basic(user, &SecretString::from(CANARY));
        let request = basic("CANARY-user").into_request();
        assert_eq!(
            format!("{:?}", request.headers()),
            r#"{"authorization": Sensitive}"#
        );
        // As RFC 7617 has it.
        let value = request.headers()["authorization"].as_bytes();
        let pair = STANDARD.encode(format!("CANARY-user:{CANARY}"));
        assert_eq!(value, format!("Basic {pair}").as_bytes());
        let request = basic("CANARY:user").into_request();
        assert!(request.headers().is_empty());
    }

    #[test]
    fn e7_a_secret_in_any_header_is_marked_and_so_never_printed() {
        let url = Url::parse("http://provider.example/").expect("a URL");
        let name = HeaderName::from_static("x-api-key");
        let request = Outgoing::new(Method::GET, url).secret_header(name, &CANARY.into());
        let request = request.into_request();
        assert_eq!(request.headers()["x-api-key"], CANARY);
        let printed = format!("{:?}", request.headers());
        assert_eq!(printed, r#"{"x-api-key": Sensitive}"#);
    }

    #[test]
    fn a_token_that_no_header_can_carry_is_not_sent() {
        let url = || Url::parse("http://provider.example/").expect("a URL");
        let odd = SecretString::from("CANARY\n");
        let name = HeaderName::from_static("x-api-key");
        for request in [
            Outgoing::new(Method::GET, url()).bearer(&odd),
            Outgoing::new(Method::GET, url()).secret_header(name, &odd),
        ] {
            assert!(request.into_request().headers().is_empty());
        }
    }

    #[tokio::test]
    async fn e2_why_there_is_no_answer_does_not_repeat_the_url() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = nobody.local_addr().expect("an address").to_string();
        drop(nobody);
        let egress = egress(None).expect("a client");
        let request = with_secrets(&address).into_request();
        let error = egress
            .client
            .execute(request)
            .await
            .expect_err("nobody is there");
        assert!(format!("{error}").contains(CANARY) && format!("{error:?}").contains(CANARY));
        let why = NoAnswer::because(&error);
        assert_eq!(why, NoAnswer::NotSent);
        assert!(!format!("{why} {why:?}").contains("CANARY"));
    }

    #[test]
    fn e2_a_root_that_is_none_is_not_repeated() {
        const CANARY_BYTES: &str = "67, 65, 78, 65, 82, 89";
        let quoting = |error: &dyn std::fmt::Debug| format!("{error:?}").contains(CANARY_BYTES);
        let file = format!("-----BEGIN {CANARY}\n{CANARY}\n");
        let read = CertificateDer::pem_slice_iter(file.as_bytes()).next();
        assert!(quoting(&read.expect("one").expect_err("no certificate")));
        let error = egress(Some(file.as_bytes())).expect_err("no certificate");
        assert!(!quoting(&error) && !format!("{error} {error:?}").contains("CANARY"));
    }
}
