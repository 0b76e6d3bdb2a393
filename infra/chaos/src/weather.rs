//! How AWS fares: how often which calls fail.

use testing::cloud::{Call, Fault};
use testing::dice::Dice;

/// How often calls fail, each from 0 (never) to 1 (always).
#[derive(Debug, Clone)]
pub struct Weather {
    /// Calls of DynamoDB that are throttled.
    pub throttled: f64,
    /// Calls of DynamoDB that take effect and are never answered: the connection breaks.
    pub lost: f64,
    /// Calls that send to a queue and fail.
    pub not_sent: f64,
    /// Calls that send to a queue, and of which it takes a part only.
    pub sent_partly: f64,
}

impl Weather {
    /// Nothing fails.
    pub const FAIR: Self = Self {
        throttled: 0.0,
        lost: 0.0,
        not_sent: 0.0,
        sent_partly: 0.0,
    };

    /// How a call fails, if it does.
    pub(crate) fn fault(&self, call: &Call, dice: &mut Dice) -> Option<Fault> {
        let chances = match call.operation.as_str() {
            "Decrypt" | "GenerateDataKey" => return None,
            "SendMessageBatch" => [
                (self.not_sent, Fault::InternalError),
                (self.sent_partly, Fault::Partial(dice.below(10))),
            ],
            _ => [
                (self.throttled, Fault::ThroughputExceeded),
                (self.lost, Fault::AppliedButLost),
            ],
        };
        let mut found = chances
            .into_iter()
            .filter(|(chance, _)| dice.chance(*chance));
        found.next().map(|(_, fault)| fault)
    }
}
