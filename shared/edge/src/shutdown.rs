//! The last moment of a process. Lambda tells a process that it ends (SIGTERM, then half a second) only if an extension
//! is registered, so the function registers one of its own that asks for no events
//! (docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html, "Shutdown phase").
//!
//! Where there is no such thing, or it does not answer, the function runs all the same, without a last moment.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use crate::Env;

const NAME: &str = "last-words";
const REGISTRATION: Duration = Duration::from_millis(500);
/// Most bytes of an answer's head that are looked at.
const LONGEST_HEAD: usize = 4_096;

/// Where extensions register; `None` outside of Lambda.
pub(crate) fn address() -> Option<String> {
    let mut env = Env::new();
    // Stand-ins for the Runtime API do not set this.
    env.optional("AWS_LAMBDA_INITIALIZATION_TYPE")?;
    env.optional("AWS_LAMBDA_RUNTIME_API")
}

/// Registers, and does `last` when Lambda ends the process. Returns when registered; the rest happens beside.
pub(crate) async fn watch(address: &str, last: impl Future<Output = ()> + Send + 'static) {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return;
    };
    let told = async move {
        terminate.recv().await;
    };
    match timeout(REGISTRATION, register(address)).await {
        Ok(Ok(waiting)) => {
            tokio::spawn(async move {
                told.await;
                last.await;
                drop(waiting);
                std::process::exit(0);
            });
        }
        Ok(Err(error)) => tracing::warn!(%error, "no last moment: no extension was registered"),
        Err(_) => tracing::warn!("no last moment: registering an extension took too long"),
    }
}

/// Registers an extension without events and begins its wait, which Lambda takes for its being ready. The connection
/// is the wait.
async fn register(address: &str) -> io::Result<TcpStream> {
    let body = r#"{"events":[]}"#;
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "POST /2020-01-01/extension/register HTTP/1.1\r\nhost: {address}\r\nlambda-extension-name: {NAME}\r\n\
        content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let id = identifier(&head(&mut stream).await?)?;
    let mut waiting = TcpStream::connect(address).await?;
    let request = format!(
        "GET /2020-01-01/extension/event/next HTTP/1.1\r\nhost: {address}\r\nlambda-extension-identifier: {id}\r\n\r\n"
    );
    waiting.write_all(request.as_bytes()).await?;
    Ok(waiting)
}

async fn head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut buffer = [0; 512];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut buffer).await?;
        if read == 0 || head.len() > LONGEST_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8(head).map_err(|_| io::ErrorKind::InvalidData.into())
}

fn identifier(head: &str) -> io::Result<String> {
    let mut lines = head.split("\r\n");
    let accepted = lines.next().is_some_and(|line| line.contains(" 200"));
    let id = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("lambda-extension-identifier")
            .then(|| value.trim().to_owned())
    });
    id.filter(|id| accepted && id.bytes().all(|byte| byte.is_ascii_graphic()))
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn api(answer: &'static str) -> (String, tokio::task::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let served = tokio::spawn(async move {
            let mut asked = Vec::new();
            for answer in [answer, ""] {
                let Ok(Ok((mut stream, _))) =
                    timeout(Duration::from_secs(2), listener.accept()).await
                else {
                    break;
                };
                asked.push(head(&mut stream).await.expect("a request"));
                stream.write_all(answer.as_bytes()).await.expect("answered");
            }
            asked
        });
        (address, served)
    }

    #[tokio::test]
    async fn an_extension_without_events_is_registered_and_waits() {
        let answer =
            "HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: e-17\r\ncontent-length: 0\r\n\r\n";
        let (address, served) = api(answer).await;
        register(&address).await.expect("registered");
        let asked = served.await.expect("served");
        assert!(asked[0].starts_with("POST /2020-01-01/extension/register "));
        assert!(asked[1].starts_with("GET /2020-01-01/extension/event/next "));
        assert!(asked[1].contains("lambda-extension-identifier: e-17\r\n"));
    }

    #[tokio::test]
    async fn what_is_no_registration_is_an_error_and_no_wait() {
        for answer in [
            "HTTP/1.1 403 Forbidden\r\nLambda-Extension-Identifier: e-17\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "\r\n\r\n",
            "",
        ] {
            let (address, served) = api(answer).await;
            register(&address).await.expect_err(answer);
            served.abort();
        }
        register("127.0.0.1:1").await.expect_err("nobody is there");
    }
}
