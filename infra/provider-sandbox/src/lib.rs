//! The provider sandbox: a small HTTP server on loopback that behaves like the providers
//! Switchboard calls.
//!
//! It gives right answers to right requests, the provider's real error bodies to wrong ones, and
//! sends webhooks back with real signatures. It is strict: a request that the provider's official
//! description would refuse, it refuses.
//!
//! A provider is one file or folder under `providers/` plus one entry in `providers::all`. All the
//! rest is general:
//!
//! | file | does |
//! | --- | --- |
//! | `server` | accepts connections and can break one off |
//! | `traffic` | one request: log it, apply a fault, let the provider answer |
//! | `provider` | what every provider is asked |
//! | `accounts` | made-up accounts of providers that need no more than a configuration |
//! | `fault` | the faults that are set and which one a request meets |
//! | `delivery` | webhooks to us: batched, in order, retried, listed |
//! | `callback` | one HTTP request to a callback URL on this machine |
//! | `control` | `/_sandbox/…`, by which tests steer and look |
//!
//! It never leaves the machine: it listens on 127.0.0.1 and connects to nothing but loopback.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

mod accounts;
mod callback;
mod control;
mod delivery;
mod fault;
mod journal;
mod provider;
mod providers;
mod random;
mod server;
mod settings;
mod state;
mod sync;
mod traffic;

/// The largest request body that is read: the size limit of Graph's own edge is not documented,
/// ours is generous.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// How a sandbox is started.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Port on 127.0.0.1; 0 lets the system choose.
    pub port: u16,
    /// Pause before each of the status webhooks of one message (`sent`, `delivered`, `read`).
    pub status_gap: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            status_gap: Duration::from_millis(50),
        }
    }
}

/// A sandbox that is answering requests, until it is dropped.
pub struct Sandbox {
    address: SocketAddr,
    state: Arc<state::State>,
    accepting: JoinHandle<()>,
}

impl Sandbox {
    /// Binds the port and starts to answer.
    ///
    /// # Errors
    ///
    /// When the port cannot be bound ([`io::ErrorKind::AddrInUse`] when another program holds it).
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(state::State::new(options.status_gap));
        let router = Router::new()
            .nest("/_sandbox", control::routes())
            .fallback(traffic::serve)
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .with_state(Arc::clone(&state));
        Ok(Self {
            address,
            state,
            accepting: tokio::spawn(server::accept(listener, router)),
        })
    }

    /// The base URL: `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The secrets of all accounts at all providers, each with a name to tell it by.
    pub fn secrets(&self) -> Vec<(String, String)> {
        let providers = self.state.providers.iter();
        providers.flat_map(|provider| provider.secrets()).collect()
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sandbox").field(&self.address).finish()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
