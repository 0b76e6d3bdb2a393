//! Servers of our own: they answer what they are told to, and remember what they were asked.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// How many connections were made.
pub(crate) struct Connections(Arc<AtomicUsize>);

impl Connections {
    pub(crate) fn so_far(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Counts connections, and closes them at once.
pub(crate) fn connections(listener: TcpListener) -> Connections {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok(connection) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(connection);
        }
    });
    Connections(count)
}

/// An authority, and what it certifies.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub(crate) type Certified = (CertificateDer<'static>, KeyPair);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Its certificate, PEM.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn certify(&self, names: &[&str]) -> Certified {
        issue(params(names), &self.0)
    }

    /// Valid in 2001 only.
    pub(crate) fn certify_expired(&self, names: &[&str]) -> Certified {
        let mut params = params(names);
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2001, 12, 31);
        issue(params, &self.0)
    }
}

/// A certificate that vouches for itself.
pub(crate) fn self_signed(names: &[&str]) -> Certified {
    let key = KeyPair::generate().expect("a key");
    let certificate = params(names).self_signed(&key).expect("a certificate");
    (certificate.der().clone(), key)
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).expect("names")
}

fn issue(params: CertificateParams, issuer: &Issuer<'_, KeyPair>) -> Certified {
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    (certificate.der().clone(), key)
}

/// A request as it came, with the name that the client asked for in the handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) server_name: Option<String>,
    pub(crate) head: String,
}

/// A server that gives one answer to every request, and closes the connection.
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Without TLS.
    pub(crate) async fn plain(answer: impl Into<Vec<u8>>) -> Self {
        Self::start(None, answer.into()).await
    }

    /// With that certificate, and these versions of TLS.
    pub(crate) async fn tls(
        (certificate, key): Certified,
        versions: &[&'static SupportedProtocolVersion],
        answer: impl Into<Vec<u8>>,
    ) -> Self {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a certificate with its key");
        Self::start(Some(TlsAcceptor::from(Arc::new(config))), answer.into()).await
    }

    async fn start(tls: Option<TlsAcceptor>, answer: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let at = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let notes = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Some(tls) = &tls else {
                    serve(stream, None, &notes, &answer).await;
                    continue;
                };
                if let Ok(stream) = tls.accept(stream).await {
                    let name = stream.get_ref().1.server_name().map(str::to_owned);
                    serve(stream, name, &notes, &answer).await;
                }
            }
        });
        Self { at, seen }
    }

    /// Its address, without TLS.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    /// The requests that came.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("unpoisoned").clone()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    server_name: Option<String>,
    notes: &Mutex<Vec<Seen>>,
    answer: &[u8],
) {
    let Some(head) = head(&mut stream).await else {
        return;
    };
    notes
        .lock()
        .expect("unpoisoned")
        .push(Seen { server_name, head });
    // Whoever has enough of it goes away.
    if stream.write_all(answer).await.is_ok() {
        drop(stream.shutdown().await);
    }
}

/// The head of a request; `None` if there is none.
pub(crate) async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}
