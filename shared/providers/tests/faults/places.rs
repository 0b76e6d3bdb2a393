//! Where faults are, and servers that are not there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::senders::Leads;

/// Where the fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In what a server says that is spoken to without TLS.
    Plain,
    /// In what it says by TLS.
    Tls,
    /// In the handshake of TLS.
    Handshake,
    /// In the proof of who it is.
    Impostor,
    /// In what the name leads to.
    Name(Leads),
    /// There is no server.
    Nobody,
    /// The server takes no more connections.
    Full,
}

/// An address where nobody listens.
pub(crate) const NOBODY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// A server that takes no more connections: whoever asks for one gets no answer.
pub(crate) struct Full {
    pub(crate) at: SocketAddr,
    _waiting: Vec<TcpStream>,
    _listener: TcpListener,
}

impl Full {
    pub(crate) async fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        let any = "127.0.0.1:0".parse().expect("an address");
        socket.bind(any).expect("a free port");
        let listener = socket.listen(0).expect("a listener");
        let at = listener.local_addr().expect("an address");
        let mut waiting = Vec::new();
        let soon = Duration::from_millis(50);
        while let Ok(connected) = tokio::time::timeout(soon, TcpStream::connect(at)).await {
            waiting.push(connected.expect("a connection"));
            assert!(waiting.len() < 10, "it takes them all");
        }
        Self {
            at,
            _waiting: waiting,
            _listener: listener,
        }
    }
}
