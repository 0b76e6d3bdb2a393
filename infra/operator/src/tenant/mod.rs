//! What is done with one tenant.

mod removal;
mod ring;

use crate::arguments::TenantCommand;
use crate::failure::Failure;
use crate::run::Run;
use crate::voice::Voice;

/// Carries one command out.
pub(crate) async fn run(
    run: &Run<'_>,
    command: &TenantCommand,
    voice: &mut Voice<'_>,
) -> Result<bool, Failure> {
    match command {
        TenantCommand::OwnRing {
            tenant,
            kms_key,
            webhook_kms_key,
            looks,
        } => {
            let kms_keys = [kms_key.as_ref(), webhook_kms_key.as_ref()];
            let moved = ring::give_own(run, &tenant.0, kms_keys, looks.pause(), voice).await?;
            voice.conclude(&moved)
        }
        TenantCommand::SharedRing { tenant, looks } => {
            let moved = ring::return_to_shared(run, &tenant.0, looks.pause(), voice).await?;
            voice.conclude(&moved)
        }
        TenantCommand::Remove {
            tenant,
            confirm,
            settle,
        } => {
            let removed = removal::remove(run, tenant, confirm, *settle, voice).await?;
            voice.conclude(&removed)
        }
    }
}
