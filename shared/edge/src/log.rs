//! One JSON line per event on standard output, which Lambda keeps.
//!
//! What libraries below us say stops at `WARN`, whatever the level: at finer levels they print requests and answers.
//! No other variable than `LOG_LEVEL` is read, and that one speaks of our own code only.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const OURS: [&str; 13] = [
    "config_api",
    "connection_test",
    "contract",
    "custody",
    "dispatch",
    "domain",
    "edge",
    "inbound_router",
    "message_dispatch",
    "providers",
    "store",
    "vault",
    "webhook_ingress",
];

/// Starts logging; `level` is that of our own code.
pub fn start(level: Level) {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false);
    // A second start in one process would be a mistake of ours that must not stop it.
    tracing_subscriber::registry()
        .with(filter(level))
        .with(lines)
        .try_init()
        .unwrap_or_default();
}

fn filter(level: Level) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    let finest = move |target: &str| {
        // The whole name of the crate: others may begin like one of ours.
        let of = target.split("::").next().unwrap_or_default();
        if OURS.contains(&of) {
            level
        } else {
            Level::WARN
        }
    };
    filter_fn(move |event| *event.level() <= finest(event.target()))
        .with_max_level_hint(level.max(Level::WARN))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::layer::Layer;
    use tracing_subscriber::{Registry, fmt};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Has every library say something at every level; what of it is heard through the filter, line by line.
    fn heard(filter: impl Layer<Registry> + Send + Sync) -> Vec<String> {
        macro_rules! say {
            ($($library:literal),+) => {$(
                tracing::trace!(target: $library, "trace of {}", $library);
                tracing::debug!(target: $library, "debug of {}", $library);
                tracing::info!(target: $library, "info of {}", $library);
                tracing::warn!(target: $library, "warn of {}", $library);
            )+};
        }
        let lines = Lines::default();
        let to = lines.clone();
        let layer = fmt::layer().without_time().with_writer(move || to.clone());
        tracing::subscriber::with_default(
            tracing_subscriber::registry().with(filter).with(layer),
            || {
                say!(
                    "lambda_runtime",
                    "lambda_runtime_api_client",
                    "hyper",
                    "hyper_util"
                );
                say!(
                    "hyper_util::client::legacy::pool",
                    "hyper_rustls",
                    "h2",
                    "reqwest"
                );
                say!(
                    "rustls",
                    "tokio_rustls",
                    "aws_config",
                    "aws_runtime",
                    "aws_sigv4"
                );
                say!(
                    "aws_sdk_kms",
                    "aws_sdk_dynamodb",
                    "aws_sdk_sqs",
                    "aws_smithy_runtime"
                );
                say!(
                    "aws_smithy_runtime::client::orchestrator",
                    "aws_smithy_http",
                    "log"
                );
                // Others that begin as ours do.
                say!(
                    "edge_of_somebody",
                    "vaultwarden::api",
                    "storekit",
                    "domains"
                );
                say!("edge", "vault::rings", "config_api");
            },
        );
        let lines = lines.0.lock().unwrap().clone();
        String::from_utf8(lines)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    fn is_ours(line: &str) -> bool {
        ["edge", "vault::rings", "config_api"]
            .iter()
            .any(|name| line.ends_with(&format!(" of {name}")))
    }

    #[test]
    fn e2_libraries_are_pinned_whatever_the_level() {
        for (level, finest) in [
            (Level::TRACE, "trace"),
            (Level::DEBUG, "debug"),
            (Level::INFO, "info"),
            (Level::ERROR, ""),
        ] {
            let (ours, theirs): (Vec<_>, Vec<_>) = heard(filter(level))
                .into_iter()
                .partition(|line| is_ours(line));
            assert!(!theirs.is_empty());
            for line in theirs {
                assert!(line.contains("warn of"), "{level}: {line}");
            }
            assert!(
                finest.is_empty() || ours.iter().any(|line| line.contains(finest)),
                "{level}"
            );
        }
    }

    #[test]
    fn e2_without_the_pin_libraries_would_be_heard() {
        let all = heard(LevelFilter::TRACE);
        assert!(
            all.iter()
                .any(|line| line.contains("trace of lambda_runtime"))
        );
        // By the beginning of a name others pass for ours.
        let by_beginning =
            tracing_subscriber::filter::Targets::new().with_target("edge", Level::TRACE);
        let heard = heard(by_beginning);
        assert!(
            heard
                .iter()
                .any(|line| line.contains("trace of edge_of_somebody"))
        );
    }

    #[test]
    fn all_crates_that_are_deployed_are_ours() {
        const NOT_DEPLOYED: [&str; 2] = ["heap-watch", "testing"];
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let folders = ["functions", "shared"].map(|of| std::fs::read_dir(root.join(of)).unwrap());
        let mut crates: Vec<String> = folders
            .into_iter()
            .flatten()
            .map(|folder| folder.unwrap().path())
            .filter(|folder| folder.join("Cargo.toml").is_file())
            .map(|folder| folder.file_name().unwrap().to_string_lossy().into_owned())
            .filter(|name| !NOT_DEPLOYED.contains(&name.as_str()))
            .map(|name| name.replace('-', "_"))
            .collect();
        crates.sort();
        assert_eq!(crates, OURS);
    }
}
