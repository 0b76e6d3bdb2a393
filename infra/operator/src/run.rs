//! One run of a command: who runs it, under which id, and what of it is put on record.

use std::future::Future;

use domain::audit::AuditRecord;
use domain::opening::{OpenedBy, Reason};
use domain::{TenantId, UserId, random};

use crate::Context;
use crate::failure::Failure;

/// A run of a command.
pub(crate) struct Run<'a> {
    pub(crate) context: &'a Context,
    pub(crate) id: String,
    actor: String,
}

/// What is done, to what, and in whose chain that is told.
#[derive(Clone)]
pub(crate) struct Deed<'a> {
    pub(crate) chain: &'a TenantId,
    pub(crate) action: &'static str,
    pub(crate) subject: Option<String>,
}

/// How it ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    /// Whether all was done.
    pub(crate) complete: bool,
    /// How much was done, where that can be counted.
    pub(crate) count: Option<usize>,
}

impl Ended {
    pub(crate) const WELL: Self = Self {
        complete: true,
        count: None,
    };
}

impl<'a> Run<'a> {
    /// A run by that person, under an id of its own.
    pub(crate) fn new(context: &'a Context, name: Option<&str>) -> Result<Self, Failure> {
        let name = name.or(context.config.user.as_deref()).ok_or_else(|| {
            Failure::Refused("Nobody is named: say who you are with --as NAME.".into())
        })?;
        let actor = UserId::parse(&format!("operator:{name}")).map_err(|error| {
            Failure::Refused(format!(
                "The name given with --as, or $USER, does not fit into the audit trail: {error}."
            ))
        })?;
        Ok(Self {
            context,
            id: format!("run_{}", random::base32(&random::bytes::<10>())),
            actor: actor.to_string(),
        })
    }

    /// As who the run stands in the audit trail.
    pub(crate) fn actor(&self) -> &str {
        &self.actor
    }

    /// As whom values are opened.
    pub(crate) fn opens_for(&self, reason: Reason) -> OpenedBy<'_> {
        OpenedBy {
            actor: &self.actor,
            reason,
            request: &self.id,
        }
    }

    /// Puts on record that something begins, does it, and puts on record how it ended.
    pub(crate) async fn recorded<T>(
        &self,
        deed: Deed<'_>,
        work: impl Future<Output = Result<(T, Ended), Failure>>,
    ) -> Result<T, Failure> {
        self.record(&deed, "begun", None).await?;
        match work.await {
            Ok((done, ended)) => {
                let outcome = if ended.complete { "ok" } else { "incomplete" };
                self.record(&deed, outcome, ended.count).await?;
                Ok(done)
            }
            Err(failure) => {
                // The reason counts, whether or not it can be recorded.
                self.record(&deed, failure.code(), None).await.ok();
                Err(failure)
            }
        }
    }

    async fn record(
        &self,
        deed: &Deed<'_>,
        outcome: &'static str,
        count: Option<usize>,
    ) -> Result<(), Failure> {
        let record = AuditRecord {
            request: self.id.clone(),
            purpose: deed.subject.clone(),
            outcome: outcome.into(),
            count: count.map(|count| u64::try_from(count).unwrap_or(u64::MAX)),
            ..AuditRecord::new(&*self.actor, self.context.clock.now(), deed.action)
        };
        Ok(self.context.trail.append(deed.chain, &record).await?)
    }
}
