//! A provider that is a script: it says what it is told to, byte by byte, and goes away as it is told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::journal::{Journal, Turn};

/// What is done with a connection, one thing after the other.
#[derive(Clone)]
pub(crate) enum Step {
    /// Waits until something has come, and leaves it unread.
    Notice,
    /// Reads a request.
    Read,
    /// Says that. `wamid.########` is an id that is given to the message that was read.
    Say(Vec<u8>),
    /// Says that one byte at a time, and waits so long after each.
    Trickle(Vec<u8>, Duration),
    /// Says that again and again, and waits so long after each.
    Repeat(Vec<u8>, Duration),
    /// Says no more, and waits until the client goes.
    Stay,
    /// Ends the connection in order.
    Close,
    /// Ends the connection without a word; what is unread breaks it off.
    Leave,
    /// Breaks the connection off.
    Reset,
}

/// What is done at each turn. A connection that is still there at the end has another.
pub(crate) type Script = Arc<dyn Fn(Turn) -> Vec<Step> + Send + Sync>;

/// The provider; it ends when it is dropped.
pub(crate) struct Fake {
    pub(crate) at: SocketAddr,
    pub(crate) journal: Arc<Journal>,
    task: JoinHandle<()>,
}

impl Fake {
    pub(crate) async fn start(tls: Option<TlsAcceptor>, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let at = listener.local_addr().expect("an address");
        let journal = Arc::new(Journal::default());
        let notes = journal.clone();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, script, notes) = (tls.clone(), script.clone(), notes.clone());
                connections.spawn(async move {
                    match tls {
                        None => play(stream, &script, &notes).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                play(stream, &script, &notes).await;
                            }
                        }
                    }
                });
            }
        });
        Self { at, journal, task }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A connection, with or without TLS.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Wire for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

async fn play(mut wire: impl Wire, script: &Script, journal: &Journal) {
    let mut message = None;
    let mut unread = false;
    for here in 0.. {
        for step in script(journal.turn(here)) {
            let goes_on = match step {
                Step::Notice => {
                    unread = true;
                    notice(&wire, journal).await
                }
                Step::Read => match read(&mut wire, journal).await {
                    Some(read) => {
                        message = read;
                        true
                    }
                    None => false,
                },
                Step::Say(said) => {
                    let said = journal.give(said, message.as_deref());
                    wire.write_all(&said).await.is_ok() && wire.flush().await.is_ok()
                }
                Step::Trickle(said, pause) => trickle(&mut wire, &said, 1, pause).await,
                Step::Repeat(said, pause) => {
                    while trickle(&mut wire, &said, said.len(), pause).await {}
                    false
                }
                Step::Stay => drain(&mut wire, journal, unread).await,
                Step::Close => {
                    wire.shutdown().await.is_ok() && drain(&mut wire, journal, unread).await
                }
                Step::Leave => false,
                Step::Reset => {
                    wire.tcp().set_zero_linger().expect("a socket");
                    false
                }
            };
            if !goes_on {
                return;
            }
        }
    }
}

/// Whether something has come; what begins as no request, such as a handshake, is not counted as one.
async fn notice(wire: &impl Wire, journal: &Journal) -> bool {
    let mut first = [0];
    let came = matches!(wire.tcp().peek(&mut first).await, Ok(1));
    if came && first[0].is_ascii_uppercase() {
        journal.began();
    }
    came
}

/// The id of the message in a request; `None` if there is no whole request.
async fn read(wire: &mut impl Wire, journal: &Journal) -> Option<Option<String>> {
    let mut bytes = Vec::with_capacity(4096);
    let mut request = None;
    loop {
        if wire.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let request = *request.get_or_insert_with(|| journal.began());
        let Some(body) = body(&bytes) else { continue };
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let message = body["biz_opaque_callback_data"].as_str().map(str::to_owned);
        journal.read(request, message.clone());
        return Some(message);
    }
}

/// The body of a request that is complete.
fn body(request: &[u8]) -> Option<&[u8]> {
    let end = request
        .windows(4)
        .position(|window| window == b"\r\n\r\n")?;
    let head = str::from_utf8(&request[..end]).ok()?.to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1);
    let length: usize = length.map_or(Some(0), |rest| rest.lines().next()?.parse().ok())?;
    request.get(end + 4..end + 4 + length)
}

async fn trickle(wire: &mut impl Wire, said: &[u8], size: usize, pause: Duration) -> bool {
    for part in said.chunks(size) {
        if wire.write_all(part).await.is_err() || wire.flush().await.is_err() {
            return false;
        }
        if pause.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(pause).await;
        }
    }
    true
}

/// Until the client has gone. What it says is no request of its own if it is the rest of one that was left `unread`.
async fn drain(wire: &mut impl Wire, journal: &Journal, mut unread: bool) -> bool {
    let mut rest = [0; 4096];
    while let Ok(1..) = wire.read(&mut rest).await {
        if !unread && rest[0].is_ascii_uppercase() {
            journal.began();
        }
        unread = true;
    }
    false
}
