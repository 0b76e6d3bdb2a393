//! `api-server [--flaw KIND]`: serves on 127.0.0.1 until SIGTERM, SIGINT or the end of standard input. Its address is the
//! first line that it prints.

use std::io::{Write, copy, sink, stdin};
use std::process::ExitCode;

use api_server::{Flaw, Port, Server, Switchboard, live};
use clap::Parser;
use edge::StartError;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Serves the API on loopback, with AWS in memory and the provider sandbox.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Make a mistake in the answers of one operation, to show that it is found.
    #[arg(long, value_enum)]
    flaw: Option<Flaw>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(std::io::stderr(), "api-server: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

/// Serves until it is told to end; an error if the functions did to AWS what they must not do.
async fn run(arguments: Arguments) -> Result<(), StartError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let port = Port::take().await?;
    let switchboard = Switchboard::start(port.url()).await?;
    let server = Server::start(port, switchboard, arguments.flaw);
    live(server.switchboard()).await?;
    writeln!(std::io::stdout(), "{}", server.url())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = end_of_input() => {}
    }
    let violations = server.switchboard().violations();
    if violations.is_empty() {
        return Ok(());
    }
    Err(violations.join("\n").into())
}

/// Comes when whoever started it is gone. In a thread of its own: tokio's would keep the process until there is input.
async fn end_of_input() {
    let (ended, end) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        copy(&mut stdin(), &mut sink()).ok();
        drop(ended);
    });
    end.await.ok();
}
