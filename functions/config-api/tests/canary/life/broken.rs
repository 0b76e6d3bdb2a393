//! AWS fails, at every call and in every way.

use testing::cloud::{Calls, Fault};

use super::Life;

const CALLS: [&str; 10] = [
    "GetItem",
    "BatchGetItem",
    "Query",
    "PutItem",
    "UpdateItem",
    "TransactWriteItems",
    "BatchExecuteStatement",
    "GenerateDataKey",
    "Decrypt",
    "SendMessageBatch",
];

const FAULTS: [Fault; 6] = [
    Fault::Throttle,
    Fault::Reset,
    Fault::InternalError,
    Fault::AccessDenied,
    Fault::AppliedButLost,
    Fault::Partial(0),
];

impl Life<'_> {
    pub(super) async fn broken(&self) {
        for (turn, ask) in self.possible().into_iter().enumerate() {
            self.repaired().await;
            // Every call fails for some, and for each in another way.
            for (number, call) in CALLS.into_iter().enumerate().skip(turn % 2).step_by(2) {
                self.stage.later();
                let faults = self.stage.cloud.faults();
                let fault = FAULTS[(number + turn) % FAULTS.len()];
                faults.fail(Calls::of(call).always(), fault);
                self.asks(ask).await;
                faults.clear();
            }
        }
        self.repaired().await;
    }
}
