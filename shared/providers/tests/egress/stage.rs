//! A network that is a script, and clients over it.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::Method;
use providers::Overrides;
use providers::address::OwnHosts;
use providers::http::{Answer, Egress, Network, NoAnswer, Outgoing, Reach};
use serde_json::{Map, Value, json};
use url::Url;

use crate::hostile::OWN;

/// An address of the public internet.
pub(crate) const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14));
/// A port of this machine where nobody listens.
const NOBODY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// What a name leads to; `None` if that cannot be told.
pub(crate) type Found = Option<Vec<IpAddr>>;

/// A network that knows what it is told, and remembers what it was asked for.
pub(crate) struct Script {
    /// One after the other; the last one stays.
    answers: Mutex<VecDeque<Found>>,
    /// Where all connections lead.
    listener: SocketAddr,
    looked_up: Mutex<Vec<String>>,
    dialled: Mutex<Vec<IpAddr>>,
}

impl Script {
    /// All names lead to [`PUBLIC`], where nobody listens.
    pub(crate) fn new() -> Arc<Self> {
        Self::leading([Some(vec![PUBLIC])], NOBODY)
    }

    /// All names lead to that, and connections to that listener.
    pub(crate) fn leading(
        answers: impl IntoIterator<Item = Found>,
        listener: SocketAddr,
    ) -> Arc<Self> {
        assert!(listener.ip().is_loopback(), "nothing leaves the machine");
        Arc::new(Self {
            answers: Mutex::new(answers.into_iter().collect()),
            listener,
            looked_up: Mutex::default(),
            dialled: Mutex::default(),
        })
    }

    /// Where the one listener is reached under any name.
    pub(crate) fn to(listener: SocketAddr) -> Arc<Self> {
        Self::leading([Some(vec![PUBLIC])], listener)
    }

    pub(crate) fn looked_up(&self) -> Vec<String> {
        self.looked_up.lock().expect("unpoisoned").clone()
    }

    pub(crate) fn dialled(&self) -> Vec<IpAddr> {
        self.dialled.lock().expect("unpoisoned").clone()
    }
}

#[async_trait]
impl Network for Script {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.looked_up
            .lock()
            .expect("unpoisoned")
            .push(name.to_owned());
        let mut answers = self.answers.lock().expect("unpoisoned");
        let answer = answers.pop_front().expect("an answer");
        if answers.is_empty() {
            answers.push_back(answer.clone());
        }
        answer.ok_or_else(|| io::Error::other("the name server failed"))
    }

    fn dialled(&self, address: IpAddr) -> SocketAddr {
        self.dialled.lock().expect("unpoisoned").push(address);
        self.listener
    }
}

/// Where an operator has providers reached.
pub(crate) fn named(base_urls: &[&str]) -> Overrides {
    let one = |(number, url): (usize, &&str)| (format!("p{number}"), json!({"base_url": url}));
    let all: Map<String, Value> = base_urls.iter().enumerate().map(one).collect();
    serde_json::from_value(all.into()).expect("overrides")
}

pub(crate) fn own_hosts() -> OwnHosts {
    OWN.join(",").parse().expect("URLs")
}

/// A client over that network, of those whose hosts are in [`OWN`].
pub(crate) fn egress(network: &Arc<Script>, overrides: &Overrides) -> Egress {
    trusting(network, overrides, None)
}

/// As [`egress`], with further roots (PEM).
pub(crate) fn trusting(
    network: &Arc<Script>,
    overrides: &Overrides,
    extra_roots: Option<&str>,
) -> Egress {
    let reach = Reach {
        extra_roots: extra_roots.map(str::as_bytes),
        overrides,
        own_hosts: &own_hosts(),
    };
    Egress::over(network.clone(), reach).expect("a client")
}

pub(crate) async fn get(egress: &Egress, url: &str) -> Result<Answer, NoAnswer> {
    let url = Url::parse(url).expect("a URL");
    egress.send(Outgoing::new(Method::GET, url)).await
}
