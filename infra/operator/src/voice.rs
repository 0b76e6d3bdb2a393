//! What a person, or a program, gets to hear: a result at the end, and progress on the way.

use std::fmt::Display;
use std::io::Write;

use serde::Serialize;

use crate::failure::Failure;

/// What a command found or did.
pub(crate) trait Outcome: Serialize {
    /// Whether all was done, or found in order.
    fn is_complete(&self) -> bool {
        true
    }

    /// The same for people.
    fn text(&self) -> String;
}

/// Where a run speaks to.
pub struct Voice<'a> {
    result: &'a mut (dyn Write + Send),
    progress: &'a mut (dyn Write + Send),
    json: bool,
}

impl<'a> Voice<'a> {
    /// Results go to one, progress to the other.
    pub fn new(
        result: &'a mut (dyn Write + Send),
        progress: &'a mut (dyn Write + Send),
        json: bool,
    ) -> Self {
        Self {
            result,
            progress,
            json,
        }
    }

    /// Tells how it goes. Work does not stop because nobody listens.
    pub(crate) fn tell(&mut self, line: impl Display) {
        drop(writeln!(self.progress, "{line}"));
    }

    /// Tells the result, and whether all was done.
    pub(crate) fn conclude(&mut self, outcome: &impl Outcome) -> Result<bool, Failure> {
        if self.json {
            let json = serde_json::to_string_pretty(outcome).map_err(std::io::Error::from)?;
            writeln!(self.result, "{json}")?;
        } else {
            writeln!(self.result, "{}", outcome.text().trim_end())?;
        }
        self.result.flush()?;
        Ok(outcome.is_complete())
    }
}
