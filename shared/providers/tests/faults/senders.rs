//! Whoever sends a message: as it is done, over networks that are scripts.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use domain::{Credentials, Failure, MessageId};
use providers::http::{Egress, Limits, Network, Reach};
use providers::{Accepted, Overrides, Provider, Settings};
use rcgen::CertifiedKey;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use tokio_rustls::TlsAcceptor;

/// An address of the public internet.
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14));
/// Where Meta is.
const HOST: &str = "graph.facebook.com";

/// Sends one message.
#[async_trait]
pub(crate) trait Sender: Send + Sync + 'static {
    async fn send(&self, id: &MessageId) -> Result<Accepted, Failure>;
}

/// The message that is sent.
pub(crate) fn payload() -> Box<RawValue> {
    let payload = json!({"to": "+14155550199", "type": "text", "text": {"body": "Hello! 👋"}});
    to_raw_value(&payload).expect("JSON")
}

/// What a name leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leads {
    /// To where the test is.
    Here,
    /// The name server fails.
    Failing,
    /// The name server is silent.
    Silent,
    /// To an address that is nobody's business.
    Inside,
}

/// A network that is a script.
pub(crate) struct Names {
    pub(crate) leads: Leads,
    pub(crate) here: SocketAddr,
    pub(crate) limits: Limits,
}

#[async_trait]
impl Network for Names {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        assert_eq!(name, HOST, "nobody else is asked for");
        match self.leads {
            Leads::Here => Ok(vec![PUBLIC]),
            Leads::Failing => Err(io::Error::other("the name server failed")),
            Leads::Silent => std::future::pending().await,
            Leads::Inside => Ok(vec![PUBLIC, Ipv4Addr::new(10, 0, 0, 5).into()]),
        }
    }

    fn dialled(&self, _: IpAddr) -> SocketAddr {
        self.here
    }

    fn limits(&self) -> Limits {
        self.limits
    }
}

/// The sender as it is.
pub(crate) struct WhatsApp {
    http: Egress,
    overrides: Overrides,
    settings: Settings,
    credentials: Credentials,
    payload: Box<RawValue>,
}

impl WhatsApp {
    /// To a server without TLS, where an operator has named it.
    pub(crate) fn plain(at: SocketAddr, limits: Limits) -> Self {
        let base_url = json!({"whatsapp": {"base_url": format!("http://{at}")}});
        let overrides = serde_json::from_value(base_url).expect("overrides");
        Self::over(Leads::Here, at, limits, overrides, None)
    }

    /// To Meta's own address, where `leads` and `here` have it; this root (PEM) vouches for it.
    pub(crate) fn tls(leads: Leads, here: SocketAddr, root: Option<&str>) -> Self {
        Self::over(leads, here, Limits::STANDARD, Overrides::default(), root)
    }

    fn over(
        leads: Leads,
        here: SocketAddr,
        limits: Limits,
        overrides: Overrides,
        root: Option<&str>,
    ) -> Self {
        let network = Names {
            leads,
            here,
            limits,
        };
        let reach = Reach {
            extra_roots: root.map(str::as_bytes),
            ..Reach::new(&overrides)
        };
        let settings = json!({"phone_number_id": "106540352242922"});
        let token = ("access_token".to_owned(), "EAAG0123456789abcdefgh".into());
        Self {
            http: Egress::over(Arc::new(network), reach).expect("a client"),
            settings: settings.as_object().cloned().expect("an object"),
            credentials: [token].into_iter().collect(),
            payload: payload(),
            overrides,
        }
    }
}

#[async_trait]
impl Sender for WhatsApp {
    async fn send(&self, id: &MessageId) -> Result<Accepted, Failure> {
        let provider: &dyn Provider = providers::find("whatsapp").expect("listed");
        let (settings, credentials) = (&self.settings, &self.credentials);
        let connection = self
            .overrides
            .connect(provider, settings, credentials, &self.http);
        let messages = provider.messages().expect("it sends");
        messages.send(connection, id, &self.payload).await
    }
}

/// A server's part of TLS, and the root (PEM) that vouches for it as Meta.
pub(crate) fn tls() -> (TlsAcceptor, String) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed([HOST.to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a certificate with its key");
    (TlsAcceptor::from(Arc::new(config)), cert.pem())
}
