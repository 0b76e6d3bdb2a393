//! No other way out: what is deployed makes connections in one place, and calls AWS in another.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What makes a connection, or could.
const WAYS_OUT: [&str; 9] = [
    "reqwest::",
    "hyper_util::client",
    "HttpConnector",
    "lookup_host",
    "to_socket_addrs",
    "TcpSocket",
    "TcpStream",
    "UdpSocket",
    "UnixStream",
];

/// Where it is allowed: the client for AWS, the word to the machine that all is over, and the client for providers.
const ALLOWED: [&str; 4] = [
    "shared/edge/src/aws/connector.rs",
    "shared/edge/src/shutdown.rs",
    "shared/providers/src/http.rs",
    "shared/providers/src/http/network.rs",
];

/// For tests.
const NOT_DEPLOYED: [&str; 2] = ["heap-watch", "testing"];

fn ways_out(source: &str) -> BTreeSet<&'static str> {
    let deployed = source.split("#[cfg(test)]").next().unwrap_or_default();
    let found = WAYS_OUT.into_iter().filter(|way| deployed.contains(way));
    found.collect()
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn d7_nothing_else_makes_connections() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().expect("the workspace");
    let mut files = Vec::new();
    sources(&root.join("infra/operator/src"), &mut files);
    for of in ["functions", "shared"] {
        for part in std::fs::read_dir(root.join(of)).expect("a folder") {
            let part = part.expect("a folder");
            if !NOT_DEPLOYED.iter().any(|name| part.file_name() == *name) {
                sources(&part.path().join("src"), &mut files);
            }
        }
    }
    assert!(files.len() > 100, "{}", files.len());
    let mut found = BTreeSet::new();
    for file in files {
        let source = std::fs::read_to_string(&file).expect("a source");
        if !ways_out(&source).is_empty() {
            let path = file.strip_prefix(&root).expect("within");
            found.insert(path.to_string_lossy().into_owned());
        }
    }
    assert_eq!(found, ALLOWED.map(str::to_owned).into());
}

#[test]
fn d7_control_another_way_out_is_found() {
    for source in [
        "let client = reqwest::Client::new();",
        "use hyper_util::client::legacy::Client;",
        "let stream = tokio::net::TcpStream::connect(address).await?;",
    ] {
        assert!(!ways_out(source).is_empty(), "{source}");
        assert!(ways_out(&format!("#[cfg(test)]\n{source}")).is_empty());
    }
}
