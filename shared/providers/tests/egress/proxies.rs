//! Proxies that the environment names.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::server::Server;
use crate::stage::{Script, egress, get, named};

const NAME: &str = "proxies::child";
/// What the child calls, if it is one.
const TARGET: &str = "EGRESS_TARGET";
/// With what the child calls it.
const CLIENT: &str = "EGRESS_CLIENT";
const VARIABLES: [&str; 6] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
];
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// The connections that a proxy gets which all variables name, and the requests that the target gets.
async fn asked(client: &'static str) -> (usize, usize) {
    let target = Server::plain(OK).await;
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = format!("http://{}", proxy.local_addr().expect("an address"));
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    std::thread::spawn(move || {
        while let Ok(connection) = proxy.accept() {
            counter.fetch_add(1, Ordering::SeqCst);
            drop(connection);
        }
    });
    let mut child = Command::new(std::env::current_exe().expect("this test"));
    child
        .args([NAME, "--exact", "--ignored"])
        .env_clear()
        .env(TARGET, target.url())
        .env(CLIENT, client)
        .envs(VARIABLES.map(|name| (name, &at)))
        .stdout(Stdio::null());
    let status = tokio::task::spawn_blocking(move || child.status()).await;
    let status = status.expect("it waits").expect("a child");
    assert!(status.success(), "{client}");
    (count.load(Ordering::SeqCst), target.seen().len())
}

#[tokio::test]
async fn d5_no_proxy_of_the_environment_is_used() {
    assert_eq!(asked("ours").await, (0, 1));
}

#[tokio::test]
async fn d5_control_another_client_uses_it() {
    assert_eq!(asked("another").await, (1, 0));
}

#[tokio::test]
#[ignore = "run by the others, in a process of its own"]
#[expect(clippy::disallowed_methods, reason = "it is told so what to do")]
async fn child() {
    let (Ok(target), Ok(client)) = (std::env::var(TARGET), std::env::var(CLIENT)) else {
        return;
    };
    if client == "ours" {
        // By either scheme, and by a name too.
        let elsewhere = Script::new();
        let egress = egress(&elsewhere, &named(&[&target, "https://127.0.0.1:1"]));
        let answer = get(&egress, &target).await;
        assert_eq!(answer.map(|answer| answer.status), Ok(200));
        assert!(get(&egress, "https://127.0.0.1:1").await.is_err());
        assert!(get(&egress, "https://hooks.example.org").await.is_err());
        assert_eq!(elsewhere.dialled().len(), 1);
    } else {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(crate::tls::trusting_nobody())
            .build()
            .expect("a client");
        assert!(
            client.get(&target).send().await.is_err(),
            "the proxy hangs up"
        );
    }
}
