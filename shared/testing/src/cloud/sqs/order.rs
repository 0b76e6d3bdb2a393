//! Which of its visible messages a queue hands out.

use std::collections::{BTreeMap, VecDeque};

use domain::time::Timestamp;

use super::queue::Message;
use crate::dice::Dice;

/// Messages of one group in flight that make it noisy, if they are more than a tenth of all too.
const NOISY: usize = 30;

/// Which of its visible messages a queue hands out.
#[derive(Debug, Clone, Default)]
pub enum Order {
    /// The oldest, which no standard queue promises.
    #[default]
    Sent,
    /// Any of them, as the dice fall.
    Any(Dice),
    /// The oldest, but those of noisy groups only when there are no others: SQS fair queues. A group is noisy while it
    /// has 30 messages and more than a tenth of all that are in flight.
    Fair,
}

impl Order {
    /// The places of the messages that a receive hands out, at most so many.
    pub(super) fn choose(
        &mut self,
        messages: &VecDeque<Message>,
        now: Timestamp,
        most: usize,
    ) -> Vec<usize> {
        let visible = messages
            .iter()
            .enumerate()
            .filter(|(_, message)| message.visible_at <= now);
        match self {
            Self::Sent => visible.map(|(place, _)| place).take(most).collect(),
            Self::Any(dice) => {
                let mut places: Vec<usize> = visible.map(|(place, _)| place).collect();
                let count = most.min(places.len());
                for place in 0..count {
                    let other = place + dice.below(places.len() - place);
                    places.swap(place, other);
                }
                places.truncate(count);
                places
            }
            Self::Fair => {
                let noisy = noisy(messages, now);
                let (noise, rest): (Vec<_>, Vec<_>) =
                    visible.partition(|(_, message)| noisy.contains(&message.group.as_deref()));
                let places = rest.into_iter().chain(noise);
                places.map(|(place, _)| place).take(most).collect()
            }
        }
    }
}

/// The groups that are noisy.
fn noisy(messages: &VecDeque<Message>, now: Timestamp) -> Vec<Option<&str>> {
    let mut in_flight = BTreeMap::<Option<&str>, usize>::new();
    let flying = |message: &&Message| message.visible_at > now && message.handle.is_some();
    for message in messages.iter().filter(flying) {
        *in_flight.entry(message.group.as_deref()).or_default() += 1;
    }
    let all: usize = in_flight.values().sum();
    let groups = in_flight.into_iter();
    let noisy =
        groups.filter(|(group, count)| group.is_some() && *count >= NOISY && *count * 10 > all);
    noisy.map(|(group, _)| group).collect()
}
