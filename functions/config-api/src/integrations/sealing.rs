//! Sealing an integration's credentials.

use domain::seal::Sealed;
use domain::{Credentials, Integration};
use edge::Problem;

use super::problems::vault_unavailable;
use crate::Context;

/// Seals credentials for the version that the integration has.
pub(crate) async fn seal(
    context: &Context,
    integration: &Integration,
    credentials: &Credentials,
) -> Result<Sealed, Problem> {
    let place = custody::place(integration);
    let plaintext = credentials.to_plaintext();
    let sealed = context.sealer.seal(&place, plaintext.expose()).await;
    sealed.map_err(vault_unavailable)
}

/// Seals credentials as the integration's next version, and has the vault attest that: an older record does not pass
/// for this one (F4).
pub(crate) async fn seal_as_next_version(
    context: &Context,
    integration: &mut Integration,
    credentials: &Credentials,
) -> Result<(), Problem> {
    integration.latest_version += 1;
    integration.credential_version = integration.latest_version;
    integration.credentials = seal(context, integration, credentials).await?;
    let version = integration.credential_version.to_string();
    let matter = integration.version_matter();
    let sealer = &context.sealer;
    let attested = sealer.attest(&integration.tenant, &matter, &version).await;
    integration.version_attested = attested.map_err(vault_unavailable)?;
    Ok(())
}
