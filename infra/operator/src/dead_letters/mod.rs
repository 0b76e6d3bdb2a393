//! What is done with dead letters: messages and events that were set aside, because they could not be read, or did not
//! come to rest.

mod letter;
mod list;
mod look;
mod pile;
mod redrive;

pub(crate) use pile::Pile;

use crate::arguments::DeadLetters;
use crate::failure::Failure;
use crate::run::Run;
use crate::voice::Voice;

/// Carries one command out.
pub(crate) async fn run(
    run: &Run<'_>,
    command: &DeadLetters,
    voice: &mut Voice<'_>,
) -> Result<bool, Failure> {
    match command {
        DeadLetters::List { queue, limit } => {
            let listed = list::list(run, *queue, *limit, voice).await?;
            voice.conclude(&listed)
        }
        DeadLetters::Redrive {
            queue,
            limit,
            wanted,
            dry_run,
        } => {
            let redrive = redrive::Redrive {
                run,
                queue: *queue,
                limit: *limit,
                wanted,
            };
            let redriven = if *dry_run {
                redrive.rehearse(voice).await?
            } else {
                redrive.carry_out(voice).await?
            };
            voice.conclude(&redriven)
        }
    }
}
