//! Removes a tenant, and shows that nothing is left.

use std::time::Duration;

use custody::removal::Removed;
use domain::TenantId;
use domain::opening::Reason;
use serde::Serialize;

use crate::failure::Failure;
use crate::names::Tenant;
use crate::run::Run;
use crate::table::table;
use crate::voice::{Outcome, Voice};

/// What became of a tenant.
#[derive(Debug, Serialize)]
pub(super) struct Gone {
    tenant: TenantId,
    integrations: usize,
    webhooks_left_at_provider: usize,
    items: usize,
    ring_versions: usize,
    left: usize,
    /// The end of its chain, to be noted.
    head: Option<String>,
}

pub(super) async fn remove(
    run: &Run<'_>,
    Tenant(tenant): &Tenant,
    Tenant(confirmed): &Tenant,
    settle: u64,
    voice: &mut Voice<'_>,
) -> Result<Gone, Failure> {
    if tenant != confirmed {
        return Err(Failure::Refused(format!(
            "A removed tenant does not come back: name it once more with --confirm {tenant}. Nothing was changed."
        )));
    }
    let by = run.opens_for(Reason::Deregister);
    let removal = run.context.removal();
    let removed = removal
        .run(tenant, by, Duration::from_secs(settle), |line| {
            voice.tell(line);
        })
        .await?;
    let Removed {
        integrations,
        webhooks_left_at_provider,
        items,
        ring_versions,
        left,
    } = removed;
    let newest = run.context.trail.list(tenant, None, None, 1).await?;
    Ok(Gone {
        tenant: tenant.clone(),
        integrations,
        webhooks_left_at_provider,
        items,
        ring_versions,
        left,
        head: newest
            .first()
            .map(|stored| format!("{}:{}", stored.link.number, stored.link.hash)),
    })
}

impl Outcome for Gone {
    fn is_complete(&self) -> bool {
        self.left == 0
    }

    fn text(&self) -> String {
        let rows = [
            ("integrations", self.integrations),
            ("other items", self.items),
            ("versions of its own rings", self.ring_versions),
            (
                "webhooks left at their provider",
                self.webhooks_left_at_provider,
            ),
            ("left", self.left),
        ]
        .map(|(what, count)| [what.to_owned(), count.to_string()]);
        let mut text = table([self.tenant.as_str(), ""], &rows);
        if !self.is_complete() {
            text.push_str("\nSomething is left: it was written meanwhile. Run this once more.\n");
        }
        if self.integrations + self.items + self.ring_versions + self.left == 0 {
            text.push_str(
                "\nThere was nothing of it. Is the id right, or was it removed before? Nothing can be saved under it \
                 any more.\n",
            );
        }
        if self.webhooks_left_at_provider > 0 {
            text.push_str(
                "\nSome providers could not be told to stop calling; what they send is refused.\n",
            );
        }
        if let Some(head) = &self.head {
            text.push_str(&format!("\nThe audit trail stays. Note its head: {head}\n"));
        }
        text
    }
}
