//! From names to connections: a name is looked up once, all that it leads to is checked, and what was checked is what
//! is connected to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::limits::Limits;
use super::reach::Guard;
use crate::address::{Refused, Rule, is_public};

/// The network below a client.
#[async_trait]
pub trait Network: Send + Sync {
    /// All addresses that a name leads to.
    ///
    /// # Errors
    /// If that cannot be told at present.
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>>;

    /// Where a connection to a checked address is made: there. Port 0 stands for the port of the URL.
    fn dialled(&self, address: IpAddr) -> SocketAddr {
        SocketAddr::new(address, 0)
    }

    /// How long an exchange over it may take; a test may be less patient.
    fn limits(&self) -> Limits {
        Limits::STANDARD
    }
}

/// The network of the machine.
pub(super) struct Machine;

#[async_trait]
impl Network for Machine {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// Looks names up for the HTTP client.
pub(super) struct CheckedNames {
    pub(super) network: Arc<dyn Network>,
    pub(super) guard: Arc<Guard>,
}

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (network, guard) = (self.network.clone(), self.guard.clone());
        Box::pin(async move {
            let name = name.as_str();
            let found = network.lookup(name).await?;
            if !guard.is_named(name) {
                all_public(name, &found)?;
            }
            let dialled: Vec<_> = found.into_iter().map(|ip| network.dialled(ip)).collect();
            Ok(Box::new(dialled.into_iter()) as Addrs)
        })
    }
}

/// Whoever mixes public addresses with others means the others, so the good ones are not picked out.
fn all_public(name: &str, found: &[IpAddr]) -> Result<(), Refused> {
    let closed = found.iter().find(|address| !is_public(**address));
    let rule = match closed {
        Some(_) => Rule::NotPublic,
        None if found.is_empty() => Rule::NoAddress,
        None => return Ok(()),
    };
    tracing::warn!(
        ?rule,
        host = name,
        address = closed.map(tracing::field::display),
        "an address was refused"
    );
    Err(rule.into())
}
