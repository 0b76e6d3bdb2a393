//! What must hold in every state, and what must occur for that to mean something.

use domain::ledger::{MessageStatus, OnUnknown};
use stateright::Property;

use crate::events::Scenario;
use crate::record::{Ending, NOW};
use crate::world::World;

type Promise = Property<Scenario>;

/// At most one request that may send the message, or one more where its sender wants that, after an unknown on record.
pub(crate) const NOT_TWICE: &str = "a2: no second request without an unknown before it";
/// The provider sends the message once, or twice at most where its sender wants that.
pub(crate) const SENT_ONCE: &str = "a2: sent once";
/// What may have been sent is not shown as failed.
pub(crate) const NOT_FAILED: &str = "a3: what may have been sent is not shown as failed";
/// What was not sent is not shown as sent.
pub(crate) const NOT_SENT: &str = "a3: what was not sent is not shown as sent";
/// What still has to be sent is on the queue.
pub(crate) const NOT_LOST: &str = "a1: what is to be sent is on the queue";
/// When nothing is under way any more, the message rests.
pub(crate) const AT_REST: &str = "a1: what is quiet has come to rest";
/// An unknown that its sender wants sent once more is sent once more.
pub(crate) const SENT_AGAIN: &str = "a3: an unknown is sent once more where that is wanted";
/// The provider's word settles the message.
pub(crate) const SETTLED: &str = "a3: evidence settles";
/// What a route has passed on does not come to it again.
pub(crate) const ON_ITS_ROUTE: &str = "what was passed on is not tried there again";

/// What must hold in every state.
pub(crate) fn all() -> Vec<Promise> {
    vec![
        Promise::always(NOT_TWICE, |scenario, world| {
            world.provider.requests.len() <= most_sends(scenario) && !world.wrongs.unasked
        }),
        Promise::always(SENT_ONCE, |scenario, world| {
            world.provider.sent() <= most_sends(scenario)
        }),
        Promise::always(NOT_FAILED, |_, world| {
            world.provider.requests.is_empty()
                || world.record.told_failed
                || status(world) != MessageStatus::Failed
        }),
        Promise::always(NOT_SENT, |_, world| {
            world.provider.sent() > 0 || status(world) < MessageStatus::Sent
        }),
        Promise::always(NOT_LOST, |_, world| {
            world.is_queued() || status(world) != MessageStatus::Accepted
        }),
        Promise::always(AT_REST, |_, world| !world.is_quiet() || rests(world)),
        Promise::always(SENT_AGAIN, |scenario, world| {
            scenario.rules.policy == OnUnknown::Keep
                || !is_left_unknown(world)
                || !world.record.ends_with_first(Ending::Unknown)
        }),
        Promise::always(SETTLED, |_, world| {
            !world.wrongs.heedless
                && match (world.record.told_sent, world.record.told_failed) {
                    (false, false) => true,
                    (_, true) => status(world) == MessageStatus::Failed,
                    (true, false) => status(world) == MessageStatus::Sent,
                }
        }),
        Promise::always(ON_ITS_ROUTE, |_, world| !world.wrongs.astray),
    ]
}

/// The ends that must be reached, and how often the message must at most have been sent by then.
pub(crate) fn ends() -> Vec<Promise> {
    vec![
        Promise::sometimes("sent", |_, world| {
            rests_as(world, MessageStatus::Sent) && !world.record.told_sent
        }),
        Promise::sometimes("refused for good", |_, world| {
            rests_as(world, MessageStatus::Failed) && world.provider.requests.is_empty()
        }),
        Promise::sometimes("undeliverable", |_, world| {
            rests_as(world, MessageStatus::Failed) && world.record.told_failed
        }),
        Promise::sometimes("parked", |_, world| {
            rests_as(world, MessageStatus::Parked) && world.parked.is_some()
        }),
        Promise::sometimes("dead-lettered", |_, world| {
            rests_as(world, MessageStatus::Parked) && !world.dead.is_empty()
        }),
        Promise::sometimes("unknown, and sent", |_, world| {
            is_left_unknown(world) && world.provider.sent() > 0
        }),
        Promise::sometimes("unknown, and not sent", |_, world| {
            is_left_unknown(world) && world.provider.sent() == 0
        }),
        Promise::sometimes("unknown, and settled by evidence", |_, world| {
            rests_as(world, MessageStatus::Sent)
                && world.record.count(Ending::Unknown) > 0
                && world.record.count(Ending::Sent) == 0
        }),
        Promise::sometimes("sent after a repair", |_, world| {
            rests_as(world, MessageStatus::Sent) && world.record.count(Ending::Parked) > 0
        }),
        Promise::sometimes("sent from the dead-letter queue", |_, world| {
            rests_as(world, MessageStatus::Sent) && world.record.count(Ending::DeadLettered) > 0
        }),
        Promise::sometimes("sent as often as is allowed", |scenario, world| {
            world.provider.sent() == most_sends(scenario)
        }),
        Promise::sometimes("sent by another route", |_, world| {
            rests_as(world, MessageStatus::Sent) && world.record.count(Ending::PassedOn) > 0
        }),
    ]
}

fn most_sends(scenario: &Scenario) -> usize {
    match scenario.rules.policy {
        OnUnknown::Keep => 1,
        OnUnknown::Resend => 2,
    }
}

fn status(world: &World) -> MessageStatus {
    world.record.ledger().status(NOW)
}

fn rests(world: &World) -> bool {
    match status(world) {
        MessageStatus::Accepted | MessageStatus::Sending => false,
        MessageStatus::Parked => world.is_kept(),
        _ => true,
    }
}

fn rests_as(world: &World, state: MessageStatus) -> bool {
    world.is_quiet() && status(world) == state
}

/// At rest with nobody knowing, and with no copy left anywhere.
fn is_left_unknown(world: &World) -> bool {
    rests_as(world, MessageStatus::Unknown) && !world.is_kept()
}
