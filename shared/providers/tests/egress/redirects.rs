//! Answers that lead elsewhere.

use http::Method;
use providers::Overrides;
use providers::http::Outgoing;
use rustls::ALL_VERSIONS;
use secrecy::SecretString;
use url::Url;

use crate::server::{Authority, Server};
use crate::stage::{PUBLIC, Script, trusting};

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];
/// Hostile, other and the same hosts.
const TARGETS: [&str; 7] = [
    "https://127.0.0.1/",
    "https://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "https://[::ffff:127.0.0.1]/",
    "https://localhost/",
    "https://other.example.org/",
    "/elsewhere",
    "http://hooks.example.org/",
];

fn answer(status: u16, target: &str) -> String {
    format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n")
}

#[tokio::test]
async fn d6_no_redirect_is_followed() {
    let authority = Authority::new();
    let mut tried = 0;
    for status in STATUSES {
        for target in TARGETS {
            let certified = authority.certify(&["hooks.example.org", "other.example.org"]);
            let server = Server::tls(certified, ALL_VERSIONS, answer(status, target)).await;
            let network = Script::to(server.at);
            let egress = trusting(&network, &Overrides::default(), Some(&authority.pem()));
            let url = Url::parse("https://hooks.example.org/").expect("a URL");
            let request = Outgoing::new(Method::POST, url)
                .bearer(&SecretString::from("CANARY"))
                .json(b"{}".to_vec());
            let answer = egress.send(request).await;
            assert_eq!(answer.map(|answer| answer.status), Ok(status), "{target}");
            assert_eq!(server.seen().len(), 1, "{status} {target}");
            assert_eq!(
                network.looked_up(),
                ["hooks.example.org"],
                "{status} {target}"
            );
            assert_eq!(network.dialled(), [PUBLIC], "{status} {target}");
            tried += 1;
        }
    }
    println!("redirects tried {tried}, requests made {tried}");
}

#[tokio::test]
async fn d6_control_another_client_follows() {
    let server = Server::plain(answer(307, "/elsewhere")).await;
    #[expect(clippy::disallowed_methods, reason = "as it must not be built")]
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(crate::tls::trusting_nobody())
        .no_proxy()
        .build()
        .expect("a client");
    assert!(
        client.get(server.url()).send().await.is_err(),
        "there is no end"
    );
    assert!(server.seen().len() > 1);
}
