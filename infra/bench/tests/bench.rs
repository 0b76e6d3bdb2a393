//! The program as it is called: it measures a real process, and its seed fills a real stand-in.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

const BENCH: &str = env!("CARGO_BIN_EXE_bench");

/// A case file of its own, removed with the value.
struct CaseFile(PathBuf);

impl CaseFile {
    fn new(name: &str, case: &Value) -> Self {
        let path = std::env::temp_dir().join(format!("bench-test-{}-{name}", std::process::id()));
        std::fs::write(&path, case.to_string()).unwrap();
        Self(path)
    }

    fn measure(&self, arguments: &[&str]) -> (Output, Value) {
        let json = self.0.with_extension("json");
        let mut command = Command::new(BENCH);
        command
            .arg("case")
            .arg(&self.0)
            .arg("--json")
            .arg(&json)
            .args(arguments);
        let output = command.output().unwrap();
        let figures = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
        std::fs::remove_file(json).unwrap();
        (output, figures)
    }
}

impl Drop for CaseFile {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

#[test]
fn a_process_is_measured() {
    let case = json!({
        "name": "smallest",
        "command": [env!("CARGO_BIN_EXE_bare-runtime")],
        "feed": {"kind": "sqs", "body": {"id": "${id}"}},
    });
    let file = CaseFile::new("smallest", &case);
    let few = [
        "--starts", "2", "--firsts", "1", "--rounds", "1", "--count", "50", "--warmup", "10",
    ];
    let (output, report) = file.measure(&few);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let figures = &report["cases"][0];
    for name in [
        "start_ms",
        "start_cpu_ms",
        "start_resident_mib",
        "zipped_bytes",
        "first_event_tls_ms",
        "units_per_s",
        "cpu_ms_per_unit",
        "load_resident_mib",
    ] {
        assert!(figures[name].as_f64().unwrap() > 0.0, "{name}: {report}");
    }
    assert_eq!(figures["aws_calls_per_unit"], 0.0);
    assert_eq!(figures["sent_twice"], 0);
    assert!(figures["zipped_bytes"].as_u64() < figures["file_bytes"].as_u64());
    assert!(String::from_utf8_lossy(&output.stdout).contains("CPU per unit, ms"));
}

#[test]
fn a_process_that_does_not_start_is_reported() {
    let case = json!({"name": "broken", "command": ["/bin/sh", "-c", "exit 3"]});
    let (output, report) =
        CaseFile::new("broken", &case).measure(&["--starts", "2", "--rounds", "1"]);
    assert!(!output.status.success());
    let error = report["cases"][0]["error"].as_str().unwrap();
    assert!(
        error.contains("broken ended with exit status: 3"),
        "{error}"
    );
}

/// The stand-in as a process of its own.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(cases: &[&str]) -> Self {
        let cases = cases.iter().map(|case| {
            PathBuf::from(env!("CARGO_MANIFEST_DIR"))
                .join("cases")
                .join(case)
        });
        let mut process = Command::new(BENCH)
            .arg("serve")
            .args(cases)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .trim()
            .strip_prefix("AWS_ENDPOINT_URL=")
            .unwrap()
            .to_owned();
        Self { process, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn seeding_may_be_repeated() {
    let server = Server::start(&["message-dispatch.json", "webhook-ingress.json"]);
    for _ in 0..2 {
        let seeded = Command::new(BENCH)
            .arg("seed")
            .env_clear()
            .envs([
                ("AWS_ENDPOINT_URL", server.url.as_str()),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
                ("AWS_SECRET_ACCESS_KEY", "none"),
                ("INTEGRATIONS_TABLE", "integrations"),
                ("WEBHOOK_ROUTES_TABLE", "webhook-routes"),
                ("ACTIVITY_TABLE", "activity"),
                ("KEY_RINGS_TABLE", "key-rings"),
                ("AUDIT_TABLE", "audit"),
                ("CREDENTIALS_KEY_ID", "credentials"),
                ("WEBHOOK_SECRETS_KEY_ID", "webhook-secrets"),
                ("TENANTS", "3"),
            ])
            .output()
            .unwrap();
        assert!(
            seeded.status.success(),
            "{}",
            String::from_utf8_lossy(&seeded.stderr)
        );
    }
    let unset = Command::new(BENCH)
        .arg("seed")
        .env_clear()
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&unset.stderr);
    assert!(
        complaint.contains("INTEGRATIONS_TABLE") && complaint.contains("AWS_REGION"),
        "{complaint}"
    );
}
