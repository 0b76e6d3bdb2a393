//! Failures on demand: which calls fail, how, and how often. Rules are tried in the order they were added.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::wire::Refusal;

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `ThrottlingException`, HTTP 400.
    Throttle,
    /// `ProvisionedThroughputExceededException`, HTTP 400.
    ThroughputExceeded,
    /// HTTP 500 with the service's own internal error.
    InternalError,
    /// Nothing is done and nothing is ever answered.
    Timeout,
    /// Nothing is done and the connection breaks.
    Reset,
    /// The call takes full effect, then the connection breaks.
    AppliedButLost,
    /// The call takes full effect, and nothing is ever answered.
    AppliedButSilent,
    /// `AccessDeniedException`, HTTP 400.
    AccessDenied,
    /// KMS: `DisabledException`, HTTP 400.
    KeyDisabled,
    /// Batches: only the first entries are processed, so many of them; the rest is handed back as unprocessed
    /// (`BatchExecuteStatement`: as `ThrottlingError` of its statement, `SendMessageBatch`: as failed entries).
    Partial(usize),
}

impl Fault {
    /// The refusal that stands in for the call, if the fault is one.
    pub(super) fn refusal(self) -> Option<Refusal> {
        Some(match self {
            Self::Throttle => Refusal::new("ThrottlingException", "Rate exceeded"),
            Self::ThroughputExceeded => Refusal::new(
                "ProvisionedThroughputExceededException",
                "The level of configured provisioned throughput for the table was exceeded.",
            ),
            Self::InternalError => Refusal::internal("InternalServerError"),
            Self::AccessDenied => {
                Refusal::new("AccessDeniedException", "not authorized to perform this")
            }
            Self::KeyDisabled => Refusal::new("DisabledException", "the key is disabled"),
            Self::Timeout
            | Self::Reset
            | Self::AppliedButLost
            | Self::AppliedButSilent
            | Self::Partial(_) => return None,
        })
    }
}

/// Which calls a rule is about. Each attempt of the SDK is a call of its own.
///
/// ```
/// use testing::cloud::{Calls, Cloud, Fault};
///
/// let cloud = Cloud::default();
/// // The second and third writes of one item to Activity are throttled.
/// cloud.faults().fail(Calls::of("PutItem").on("Activity").after(1).times(2), Fault::Throttle);
/// // From the fifth call on, whatever it is, the network is gone.
/// cloud.faults().fail(Calls::any().after(4).always(), Fault::Reset);
/// ```
#[derive(Debug, Clone)]
pub struct Calls {
    operation: Option<&'static str>,
    resource: Option<String>,
    skip: usize,
    times: usize,
}

impl Calls {
    /// Calls of any operation. Once, unless more is said.
    pub const fn any() -> Self {
        Self {
            operation: None,
            resource: None,
            skip: 0,
            times: 1,
        }
    }

    /// Calls of one operation, such as `PutItem`. Once, unless more is said.
    pub const fn of(operation: &'static str) -> Self {
        Self {
            operation: Some(operation),
            resource: None,
            skip: 0,
            times: 1,
        }
    }

    /// Only those that name this table, queue or key.
    #[must_use]
    pub fn on(self, resource: &str) -> Self {
        Self {
            resource: Some(resource.to_owned()),
            ..self
        }
    }

    /// Lets the first `count` of them pass.
    #[must_use]
    pub fn after(self, count: usize) -> Self {
        Self {
            skip: count,
            ..self
        }
    }

    /// Then so many fail.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Then all fail, until [`Faults::clear`].
    #[must_use]
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }
}

#[derive(Debug)]
struct Rule {
    calls: Calls,
    fault: Fault,
}

/// The script of failures; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Rule>>>);

impl Faults {
    /// Makes calls fail from now on.
    pub fn fail(&self, calls: Calls, fault: Fault) {
        self.rules().push(Rule { calls, fault });
    }

    /// Forgets all rules.
    pub fn clear(&self) {
        self.rules().clear();
    }

    /// Whether every rule with an end has had it: a test that scripted a failure can show that it happened.
    pub fn spent(&self) -> bool {
        self.rules()
            .iter()
            .all(|rule| rule.calls.times == 0 || rule.calls.times == usize::MAX)
    }

    /// What happens to this call. Each rule counts every call that it is about, also one that another rule fails.
    pub(super) fn next(
        &self,
        operation: &str,
        resources: impl Fn() -> Vec<String>,
    ) -> Option<Fault> {
        let mut found = None;
        for Rule { calls, fault } in self.rules().iter_mut() {
            if calls.times == 0
                || calls.operation.is_some_and(|wanted| wanted != operation)
                || calls
                    .resource
                    .as_ref()
                    .is_some_and(|wanted| !resources().contains(wanted))
            {
                continue;
            }
            if calls.skip > 0 {
                calls.skip -= 1;
            } else if found.is_none() {
                calls.times = if calls.times == usize::MAX {
                    calls.times
                } else {
                    calls.times - 1
                };
                found = Some(*fault);
            }
        }
        found
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
