//! One request of somebody who is known.

use contract::integrations::entity_tag;
use domain::audit::AuditRecord;
use domain::opening::{OpenedBy, Reason};
use domain::{Caller, IntegrationId, ProviderId};
use edge::Problem;
use edge::http::HttpRequest;

use crate::Context;

/// What every operation is given.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) context: &'a Context,
    pub(crate) caller: &'a Caller,
    pub(crate) request: &'a HttpRequest,
}

impl<'a> Ask<'a> {
    /// The line of the audit trail about what is asked.
    pub(crate) fn record(
        &self,
        action: &'static str,
        subject: (&ProviderId, Option<&IntegrationId>),
    ) -> AuditRecord {
        let at = self.context.clock.now();
        AuditRecord::of_caller(self.caller, at, action, subject, "ok", self.request.id())
    }

    /// Records what was tried and refused.
    pub(crate) async fn refused(
        &self,
        mut record: AuditRecord,
        why: &'static str,
    ) -> Result<(), Problem> {
        record.outcome = why.into();
        let trail = &self.context.trail;
        Ok(trail.append(&self.caller.tenant, &record).await?)
    }

    /// As whom the request opens what is stored.
    pub(crate) fn opens_for(&self, reason: Reason) -> OpenedBy<'a> {
        OpenedBy {
            actor: self.caller.user.as_str(),
            reason,
            request: self.request.id(),
        }
    }

    /// A parameter of the query, by its name.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut query = self.request.query();
        query
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Holds `If-Match` against the revision that is there.
    pub(crate) fn check_precondition(&self, revision: u64) -> Result<(), Problem> {
        let Some(wanted) = self.request.header("if-match") else {
            return Ok(());
        };
        let present = entity_tag(revision);
        // A gateway may have made a tag weak; what it names is the same (RFC 9110, section 8.8.3).
        let names_it = |tag: &str| tag.trim().trim_start_matches("W/") == present;
        if wanted.trim() == "*" || wanted.split(',').any(names_it) {
            return Ok(());
        }
        Err(Problem::new(
            412,
            "changed_meanwhile",
            "It was changed since it was read.",
        )
        .hint("Read it again and repeat the change on what is there now."))
    }
}
