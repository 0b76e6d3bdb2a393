//! Servers that are not who they should be, or speak what nobody should speak any more.

use std::sync::Arc;

use providers::Overrides;
use providers::http::NoAnswer;
use rustls::ALL_VERSIONS;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::server::{Authority, Server, self_signed};
use crate::stage::{Script, get, trusting};

const NAME: &str = "hooks.example.org";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// TLS for a client that meets no TLS.
pub(crate) fn trusting_nobody() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

#[tokio::test]
async fn d11_who_cannot_prove_a_name_is_sent_nothing() {
    let (ours, other) = (Authority::new(), Authority::new());
    for (what, certified) in [
        ("expired", ours.certify_expired(&[NAME])),
        ("of another name", ours.certify(&["www.example.org"])),
        (
            "of the address",
            ours.certify(&["127.0.0.1", "93.184.215.14"]),
        ),
        (
            "of a name above",
            ours.certify(&["*.hooks.example.org", "*.org"]),
        ),
        ("of an authority nobody knows", other.certify(&[NAME])),
        ("self-signed", self_signed(&[NAME])),
    ] {
        let server = Server::tls(certified, ALL_VERSIONS, OK).await;
        let network = Script::to(server.at);
        let egress = trusting(&network, &Overrides::default(), Some(&ours.pem()));
        let sent = get(&egress, "https://hooks.example.org/").await;
        assert_eq!(sent.err(), Some(NoAnswer::NotSent), "{what}");
        assert_eq!(
            (network.dialled().len(), server.seen().len()),
            (1, 0),
            "{what}"
        );
    }
    // Control: who can is sent the request, by either version.
    for versions in [ALL_VERSIONS, &[&TLS12], &[&TLS13]] {
        let server = Server::tls(ours.certify(&[NAME]), versions, OK).await;
        let network = Script::to(server.at);
        let egress = trusting(&network, &Overrides::default(), Some(&ours.pem()));
        let sent = get(&egress, "https://hooks.example.org/").await;
        assert_eq!(sent.map(|answer| answer.status), Ok(200));
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn d11_tls_1_1_is_not_spoken() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let network = Script::to(listener.local_addr().expect("an address"));
    let egress = trusting(&network, &Overrides::default(), None);
    let server = async {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut header = [0; 5];
        stream.read_exact(&mut header).await.expect("a record");
        let mut hello = vec![0; u16::from_be_bytes([header[3], header[4]]).into()];
        stream.read_exact(&mut hello).await.expect("a hello");
        stream.write_all(&hello_in_tls_1_1()).await.expect("sent");
        let mut rest = Vec::new();
        // Closed or reset, after whatever it says.
        drop(stream.read_to_end(&mut rest).await);
        rest
    };
    let (sent, said) = tokio::join!(get(&egress, "https://hooks.example.org/"), server);
    assert_eq!(sent.err(), Some(NoAnswer::NotSent));
    // Nothing but a fatal alert: protocol version.
    assert_eq!((said[0], said.len(), &said[5..]), (21, 7, &[2, 70][..]));
}

/// A record with a `ServerHello` of version 3.2: `ECDHE-RSA-AES128-SHA`, no session, no extensions.
fn hello_in_tls_1_1() -> Vec<u8> {
    let mut hello = vec![3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x13, 0]);
    let length = u8::try_from(hello.len()).expect("short");
    let mut record = vec![22, 3, 2, 0, length + 4, 2, 0, 0, length];
    record.append(&mut hello);
    record
}
