//! `provider-sandbox --port N [--ready-file PATH]`: serves on 127.0.0.1 until SIGTERM or SIGINT.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use provider_sandbox::{Options, Sandbox};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
usage: provider-sandbox --port N [--ready-file PATH] [--status-gap-ms N]

  --port N            port on 127.0.0.1; 0 takes a free one
  --ready-file PATH   write the base URL there once requests are answered, remove it at the end
  --status-gap-ms N   pause between the status webhooks of one message (default 50)";

#[derive(Debug, PartialEq)]
enum Command {
    Serve(Arguments),
    Help,
}

#[derive(Debug, Default, PartialEq)]
struct Arguments {
    port: Option<u16>,
    ready_file: Option<PathBuf>,
    status_gap: Option<Duration>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let outcome = match parse(std::env::args().skip(1)) {
        Ok(Command::Serve(arguments)) => run(arguments).await,
        Ok(Command::Help) => say(USAGE),
        Err(problem) => Err(format!("{problem}\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            writeln!(io::stderr(), "provider-sandbox: {problem}").ok();
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let mut options = Options {
        port: arguments.port.ok_or("--port is required")?,
        ..Options::default()
    };
    if let Some(gap) = arguments.status_gap {
        options.status_gap = gap;
    }
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;

    let sandbox = Sandbox::start(options)
        .await
        .map_err(|error| sentence(&error, options.port))?;
    say(&format!("listening on {}", sandbox.url()))?;
    let ready = arguments.ready_file.as_deref();
    if let Some(path) = ready {
        announce(path, &sandbox.url())
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    if let Some(path) = ready {
        std::fs::remove_file(path).ok();
    }
    Ok(())
}

fn sentence(error: &io::Error, port: u16) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "port {port} on 127.0.0.1 is taken: stop the program that holds it or choose another --port"
            )
        }
        _ => format!("cannot listen on 127.0.0.1:{port}: {error}"),
    }
}

/// Writes aside and renames, so that who waits for the file never reads half a line.
fn announce(path: &Path, url: &str) -> io::Result<()> {
    let aside = path.with_extension("tmp");
    std::fs::write(&aside, format!("{url}\n"))?;
    std::fs::rename(&aside, path)
}

fn say(line: &str) -> Result<(), String> {
    let mut out = io::stdout();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut arguments = Arguments::default();
    while let Some(word) = words.next() {
        if word == "--help" || word == "-h" {
            return Ok(Command::Help);
        }
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--port" => arguments.port = Some(number(&word, &value()?)?),
            "--ready-file" => arguments.ready_file = Some(value()?.into()),
            "--status-gap-ms" => {
                arguments.status_gap = Some(Duration::from_millis(
                    number::<u16>(&word, &value()?)?.into(),
                ));
            }
            _ => return Err(format!("unknown argument {word}")),
        }
    }
    Ok(Command::Serve(arguments))
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{name} takes a whole number from 0 to 65535, not {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_are_read() {
        assert_eq!(
            parsed("--port 8200 --ready-file /tmp/ready --status-gap-ms 5"),
            Ok(Command::Serve(Arguments {
                port: Some(8200),
                ready_file: Some("/tmp/ready".into()),
                status_gap: Some(Duration::from_millis(5)),
            }))
        );
    }

    #[test]
    fn wrong_arguments_are_named() {
        for (line, named) in [
            ("--port", "--port"),
            ("--port 70000", "70000"),
            ("--prot 1", "--prot"),
        ] {
            assert!(
                parsed(line).is_err_and(|problem| problem.contains(named)),
                "{line}"
            );
        }
    }
}
