//! The operator's commands: what is done to a Switchboard by hand, and by nobody else.
//!
//! | file | does |
//! | --- | --- |
//! | [`arguments`] | the command line on one screen |
//! | `rings/` | `rings list`, `rotate`, `reseal`, `rewrap` |
//! | `dead_letters/` | `dead-letters list`, `redrive` |
//! | `tenant/` | `tenant own-ring`, `shared-ring`, `remove` |
//! | `verify` | `audit verify` |
//! | `emptying` | moves records until versions of rings hold none, for rings and tenants alike |
//! | `run` | who does it, and the audit records of it |
//! | `context`, `config` | the stack |
//! | `voice`, `table`, `failure` | what a person gets to hear |
//!
//! Every command that changes anything may be broken off at any call and run again: it looks what is left to do
//! instead of remembering what was done.

pub mod arguments;
pub mod config;
mod context;
mod dead_letters;
mod emptying;
mod failure;
mod kms_keys;
mod names;
mod rings;
mod run;
mod table;
mod tenant;
mod verify;
mod voice;

pub use arguments::Arguments;
pub use config::Config;
pub use context::Context;
pub use failure::Failure;
pub use names::PLATFORM;
pub use voice::Voice;

use arguments::{Audit, Command};
use run::Run;

/// Carries a command out; whether all was done, or found in order.
///
/// # Errors
/// [`Failure`]: why it ended before its end, and what to do.
pub async fn run(
    arguments: &Arguments,
    context: &Context,
    mut voice: Voice<'_>,
) -> Result<bool, Failure> {
    let voice = &mut voice;
    let run = Run::new(context, arguments.name.as_deref())?;
    voice.tell(format_args!("{} by {}", run.id, run.actor()));
    match &arguments.command {
        Command::Rings(command) => rings::run(&run, command, voice).await,
        Command::Tenant(command) => tenant::run(&run, command, voice).await,
        Command::DeadLetters(command) => dead_letters::run(&run, command, voice).await,
        Command::Audit(Audit::Verify { chain, head }) => {
            let verified = verify::verify(&run, &chain.0, *head, voice).await?;
            voice.conclude(&verified)
        }
    }
}
