//! What happened through an integration, in numbers.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::Timestamp;
use domain::figures::{FailedAt, Figure, Figures};
use schemars::JsonSchema;
use serde::Serialize;

/// An integration's figures over some time, all together and hour by hour. What happened within the last minute may be
/// missing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AnalyticsView {
    /// Where the first hour begins that is told of: later than was asked for where that is more than 31 days before
    /// `to`, or where there is too much to tell at once. What was before is asked for with this time as `to`.
    pub from: Timestamp,
    /// Where the last hour ends.
    pub to: Timestamp,
    /// All hours together.
    pub totals: FiguresView,
    /// Each hour in which something happened, the earliest first.
    pub hours: Vec<HourView>,
}

/// The figures of an hour.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HourView {
    /// When it begins: a full hour in UTC.
    pub hour: Timestamp,
    /// What happened within it.
    #[serde(flatten)]
    pub figures: FiguresView,
}

/// How much happened.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FiguresView {
    /// Attempts to send that the provider accepted.
    pub sent: u64,
    /// Attempts that were refused for good, passed on to another route, or given up.
    pub failed: u64,
    /// Attempts that sent nothing and were to be made again later.
    pub deferred: u64,
    /// Attempts after which the message had to wait for the integration's repair.
    pub parked: u64,
    /// Attempts of which nobody knew, when they ended, whether they sent anything. News of the provider's may have
    /// settled it since.
    pub unknown: u64,
    /// Messages that reached the recipient's device.
    pub delivered: u64,
    /// Messages that the recipient has seen.
    pub read: u64,
    /// Messages that the provider accepted and could not deliver.
    pub undelivered: u64,
    /// Messages that somebody wrote.
    pub received: u64,
    /// Other events of the account.
    pub other_events: u64,
    /// Attempts and deliveries that did not succeed, by what went wrong.
    pub failures: BTreeMap<Cow<'static, str>, u64>,
}

impl From<&Figures> for FiguresView {
    fn from(figures: &Figures) -> Self {
        Self {
            sent: figures.count(Figure::Sent),
            failed: figures.count(Figure::Failed),
            deferred: figures.count(Figure::Deferred),
            parked: figures.count(Figure::Parked),
            unknown: figures.count(Figure::Unknown),
            delivered: figures.count(Figure::Delivered),
            read: figures.count(Figure::Read),
            undelivered: figures.count(Figure::Undelivered),
            received: figures.count(Figure::Received),
            other_events: figures.count(Figure::OtherEvents),
            failures: figures.failures().clone(),
        }
    }
}

/// What happened within the running hour and the 23 before it. What happened within the last minute may be missing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LastDay {
    /// Where the first of these hours begins.
    pub since: Timestamp,
    /// How much.
    #[serde(flatten)]
    pub figures: FiguresView,
    /// When the provider last accepted a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<Timestamp>,
    /// The last failure, of an attempt or a delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<LastFailure>,
    /// Messages were put back: by when the last of them is tried again, if that is still to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_retry_at: Option<Timestamp>,
}

impl LastDay {
    /// Of these figures, as they are told at `now`.
    pub fn new(since: Timestamp, figures: &Figures, now: Timestamp) -> Self {
        Self {
            since,
            figures: figures.into(),
            last_success_at: figures.last_success_at,
            last_failure: figures.last_failure.clone().map(LastFailure::from),
            next_retry_at: figures.retry_at.filter(|at| *at > now),
        }
    }
}

/// A failure, by its code alone.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LastFailure {
    /// When.
    pub at: Timestamp,
    /// What kind, as in `failures`.
    pub code: Cow<'static, str>,
}

impl From<FailedAt> for LastFailure {
    fn from(FailedAt { at, code }: FailedAt) -> Self {
        Self { at, code }
    }
}
