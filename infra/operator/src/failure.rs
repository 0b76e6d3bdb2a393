//! Why a command was not carried out.

use std::error::Error;
use std::fmt;
use std::io;

use custody::resealing::Interrupted;
use domain::failure::StoreError;
use vault::KeeperError;

/// Why a command ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It cannot be done as it was asked; nothing was changed.
    #[error("{0}")]
    Refused(String),
    /// A ring could not be changed; says itself what to do.
    #[error(transparent)]
    Ring(#[from] KeeperError),
    /// AWS did not answer, or does not let us.
    #[error("{} What was done stays done: mend that and run the command again.", Whole(&**.0))]
    BrokenOff(#[source] Box<dyn Error + Send + Sync>),
    /// The result could not be written.
    #[error("the result could not be written: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// How it stands in the audit trail.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Ring(KeeperError::NoSuchRing(_)) => "no_such_ring",
            Self::Ring(KeeperError::OtherPurpose(_)) => "other_purpose",
            Self::Ring(KeeperError::Overtaken(_)) => "overtaken",
            Self::Ring(KeeperError::Tampered(_)) => "tampered",
            Self::Ring(KeeperError::Unavailable(_)) | Self::BrokenOff(_) | Self::Output(_) => {
                "broken_off"
            }
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::BrokenOff(error.into())
    }
}

impl From<Interrupted> for Failure {
    fn from(error: Interrupted) -> Self {
        Self::BrokenOff(error.into())
    }
}

/// An error with its causes, as one sentence.
struct Whole<'a>(&'a (dyn Error + Send + Sync));

impl fmt::Display for Whole<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        f.write_str(".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_why_and_what_to_do() {
        let cause = io::Error::other("refused (AccessDeniedException)");
        let error = StoreError::Unavailable("the database", Some(cause.into()));
        assert_eq!(
            Failure::from(error).to_string(),
            "the database is not available: refused (AccessDeniedException). \
             What was done stays done: mend that and run the command again."
        );
    }
}
