//! The points at which a process may die.
//!
//! Between two calls a function changes nothing that anybody else could see. So the calls it makes, to AWS and to
//! providers, are all the points at which its death makes a difference: before each is carried out, before its answer is
//! there, and after it. They are found by watching, not listed.

use std::fmt;

/// What is called: an AWS operation with the table, queue or key it is about, or one of the others here.
pub type Step = String;

/// The request to the provider that sends a message.
pub const SEND: &str = "provider send";
/// The question to the provider whether a credential works.
pub const CHECK: &str = "provider check";
/// The function's own answer to its event.
pub const HANDLE: &str = "the function";

/// Where on the way of a call a point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// It has not left, or has not arrived.
    Leaving,
    /// It was carried out; its answer is not there.
    Arrived,
    /// Its answer is there, and nothing was done about it.
    Answered,
}

/// Points that are alike but for what came before them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// The how-manieth time it is that what is handled was delivered, from 1.
    pub delivery: u32,
    /// What is called.
    pub step: Step,
    /// Where on its way.
    pub moment: Moment,
}

/// A point in an invocation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    /// Of which kind.
    pub kind: Kind,
    /// The how-manieth of its kind in the invocation, from 1.
    pub ordinal: u32,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = match self.moment {
            Moment::Leaving => "before",
            Moment::Arrived => "in",
            Moment::Answered => "after",
        };
        write!(f, "{}. {moment} {}", self.delivery, self.step)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", self.kind, self.ordinal)
    }
}
