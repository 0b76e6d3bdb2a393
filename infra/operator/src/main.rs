//! Reads the command line and the environment, and carries one command out.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use edge::aws::AwsEnv;
use edge::{Env, StartError};
use operator::{Arguments, Config, Context, Voice};
use tracing::Level;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Standard output is for the result alone.
    tracing_subscriber::fmt()
        .with_max_level(Level::WARN)
        .with_writer(io::stderr)
        .init();
    match carry_out(&arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // With nowhere to write to, there is only the exit code.
            drop(writeln!(io::stderr(), "operator: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(arguments: &Arguments) -> Result<bool, StartError> {
    let mut env = Env::new();
    let aws = AwsEnv::read(&mut env);
    let config = Config::read(&mut env);
    let (config, aws) = env.finish((config, aws))?;
    let context = Context::new(config, &aws)?;
    let (mut out, mut progress) = (io::stdout(), io::stderr());
    let voice = Voice::new(&mut out, &mut progress, arguments.json);
    Ok(operator::run(arguments, &context, voice).await?)
}
