//! Mistakes on purpose: what a dispatcher would do that had one of them. The judge must find each.

use serde_json::{Value, json};
use testing::cloud::{Answer, Call, Fault};

/// A mistake in the dispatcher, or in how it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// A claim is made whether there is one or not.
    ClaimsAreUnconditional,
    /// Outcomes are not written, and nobody notices.
    OutcomesAreDropped,
    /// Messages are deleted from the queue before they are handled.
    AcknowledgedFirst,
    /// What a provider does not answer is asked of it again, below the ledger.
    RequestsAreRepeated,
    /// A message counts as accepted that never left.
    RequestsAreInvented,
}

impl Defect {
    /// How a call fails because of it.
    pub(crate) fn fault(self, call: &Call) -> Option<Fault> {
        self.drops(call).then_some(Fault::InternalError)
    }

    /// What becomes of an answer because of it.
    pub(crate) fn distort(self, call: &Call, answer: &mut Answer) {
        let Answer::Reply(reply) = answer else { return };
        if self.drops(call) {
            reply.status = 200;
            reply.body = json!({"UnprocessedItems": {}}).to_string().into_bytes();
        }
        if self == Self::ClaimsAreUnconditional && call.operation == "BatchExecuteStatement" {
            let mut body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let responses = body["Responses"].as_array_mut().into_iter().flatten();
            for response in responses.filter_map(Value::as_object_mut) {
                response.remove("Error");
            }
            reply.body = body.to_string().into_bytes();
        }
    }

    fn drops(self, call: &Call) -> bool {
        self == Self::OutcomesAreDropped && call.operation == "BatchWriteItem"
    }
}
