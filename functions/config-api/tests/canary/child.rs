//! A process that does what all functions do, as they do it: with their log, at its finest, and their panic hook.
//! Seen from outside: all that it prints.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::secrets::Secrets;
use crate::sinks::Sink;
use crate::stage::Stage;
use crate::{canaries, life};

/// What the child is to do.
const KIND: &str = "CHILD";
/// Where it leaves word of the secrets that it made.
const LEARNED: &str = "CHILD_LEARNED";
/// Set to a secret, for whoever reads it as something else.
pub(crate) const VARIABLE: &str = "CHILD_CANARY";
const NAME: &str = "child::runs";

/// What a child printed.
pub(crate) struct Printed {
    pub(crate) out: Vec<u8>,
    pub(crate) err: Vec<u8>,
    /// The secrets that it had in its hands.
    pub(crate) secrets: Secrets,
}

/// The secret that the child has besides those it makes.
pub(crate) fn canary() -> String {
    canaries::plain(VARIABLE)
}

/// Runs a child of that kind to its end.
pub(crate) fn printed(kind: &str) -> Printed {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let learned = folder.join(format!("canary-{}-{kind}.json", std::process::id()));
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args([NAME, "--exact", "--ignored", "--nocapture"])
        .env_clear()
        .env(KIND, kind)
        .env(LEARNED, &learned)
        .env(VARIABLE, canary())
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "id")
        .env("AWS_SECRET_ACCESS_KEY", "key")
        .env("LOG_LEVEL", "trace")
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .expect("a child");
    let said = String::from_utf8_lossy(&output.stdout);
    let last = said.lines().rfind(|line| line.contains("panic"));
    assert!(output.status.success(), "the child {kind} failed: {last:?}");
    let secrets = std::fs::read(&learned).expect("the child has left word");
    std::fs::remove_file(&learned).expect("it was there");
    let secrets: Value = serde_json::from_slice(&secrets).expect("JSON");
    Printed {
        out: output.stdout,
        err: output.stderr,
        secrets: Secrets::from_json(&secrets),
    }
}

#[tokio::test]
#[ignore = "run by the others, in a process of its own"]
async fn runs() {
    let mut env = edge::Env::new();
    let (Some(kind), Some(learned)) = (env.optional(KIND), env.optional(LEARNED)) else {
        return;
    };
    // Without it a panic is told as the standard library tells it.
    if kind != "panics_loudly" {
        edge::start(|_| ()).expect("the environment is complete");
    }
    let canary = env.required(VARIABLE);
    let secrets = Secrets::default();
    match kind.as_str() {
        "as_we_do" => {
            let stage = Stage::new().await;
            life::live(&stage).await;
            stage.errs(&canary).await;
            let errors = &stage.seen.all()[&Sink::Errors];
            println!("{}", String::from_utf8_lossy(errors));
            tracing::trace!(target: "config_api", "at our finest level");
            for (name, value) in stage.secrets.all() {
                secrets.keep(name, &value);
            }
        }
        "logs" => tracing::trace!(target: "config_api", "{canary}"),
        "prints" => println!("{canary}"),
        "complains" => eprintln!("{canary}"),
        _ => {
            std::panic::catch_unwind(|| panic!("{canary}")).expect_err("a panic");
        }
    }
    secrets.keep("the child's canary", canary.as_bytes());
    std::fs::write(learned, secrets.to_json().to_string()).expect("a place for files");
}
