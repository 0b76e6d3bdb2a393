//! The provider: what it was asked to send, and what it made of it.

use crate::record::Ending;

/// Requests of which the provider may have sent, or may yet send, the message. One that it has refused is not among
/// them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Provider {
    pub(crate) requests: Vec<Request>,
}

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Request {
    pub(crate) attempt: u32,
    pub(crate) route: usize,
    /// The message was sent for it.
    pub(crate) taken: bool,
}

/// What a provider says of a request that it does not carry out; or what can be said before it is asked, for to the record
/// that is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Refusal {
    /// Of the message.
    ForGood,
    /// Later, perhaps: it asks to slow down, or was not reached.
    SlowDown,
    /// Not once in all the times it was tried.
    TooOften,
    /// Of the credential.
    Credential,
    /// Of the account, while there is another route.
    Account,
}

impl Refusal {
    /// What the dispatcher makes of it.
    pub(crate) fn ending(self) -> Ending {
        match self {
            Self::ForGood => Ending::Failed,
            Self::SlowDown => Ending::Deferred,
            Self::TooOften => Ending::DeadLettered,
            Self::Credential => Ending::Parked,
            Self::Account => Ending::PassedOn,
        }
    }
}

impl Provider {
    /// A request leaves for it.
    pub(crate) fn ask(&mut self, attempt: u32, route: usize) {
        self.requests.push(Request {
            attempt,
            route,
            taken: false,
        });
        self.requests.sort_by_key(|request| request.attempt);
    }

    /// Whether it has sent the message for that attempt.
    pub(crate) fn has_taken(&self, attempt: u32) -> bool {
        let mut taken = self.requests.iter().filter(|request| request.taken);
        taken.any(|request| request.attempt == attempt)
    }

    /// Sends the message for an attempt that it has not yet dealt with.
    pub(crate) fn take(&mut self, attempt: u32) {
        let mut open = self.requests.iter_mut().filter(|r| !r.taken);
        if let Some(request) = open.find(|request| request.attempt == attempt) {
            request.taken = true;
        }
    }

    /// Refuses an attempt: nothing is sent for it, ever.
    pub(crate) fn refuse(&mut self, attempt: u32) {
        let place = self
            .requests
            .iter()
            .position(|r| r.attempt == attempt && !r.taken);
        if let Some(place) = place {
            self.requests.remove(place);
        }
    }

    /// Attempts that it has not yet dealt with.
    pub(crate) fn open(&self) -> impl Iterator<Item = u32> {
        let open = self.requests.iter().filter(|request| !request.taken);
        open.map(|request| request.attempt)
    }

    /// How often it has sent the message.
    pub(crate) fn sent(&self) -> usize {
        self.requests.iter().filter(|request| request.taken).count()
    }

    /// Whether it has sent the message for a request that came by that route.
    pub(crate) fn knows(&self, route: usize) -> bool {
        let mut taken = self.requests.iter().filter(|request| request.taken);
        taken.any(|request| request.route == route)
    }

    /// It says that it never had the message by that route: so it never will for the requests that were made.
    pub(crate) fn disclaim(&mut self, route: usize) {
        self.requests.retain(|request| request.route != route);
    }
}
