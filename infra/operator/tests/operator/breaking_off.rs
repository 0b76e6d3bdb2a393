//! Breaks a command off at every one of its calls to AWS in turn, and runs it again.

use testing::cloud::{Calls, Fault};

use crate::stage::Stage;

/// Calls that change something.
const WRITES: [&str; 9] = [
    "BatchWriteItem",
    "ChangeMessageVisibilityBatch",
    "DeleteItem",
    "DeleteMessageBatch",
    "PutItem",
    "ReceiveMessage",
    "SendMessageBatch",
    "TransactWriteItems",
    "UpdateItem",
];

/// For every n: makes a stage, kills the command at its nth call, runs it again to its end, and checks the stage. Then
/// the same with commands that live on and have lost the answer to their nth write. Returns how many calls there were.
pub(crate) async fn at_every_call(
    line: &str,
    stage: impl AsyncFn() -> Stage,
    check: impl AsyncFn(&Stage),
) -> usize {
    let whole = stage().await;
    whole.cloud.reset_counts();
    whole.operator(line).await.complete();
    let counts = whole.cloud.counts();
    check(&whole).await;
    let calls = usize::try_from(counts.values().sum::<u64>()).unwrap();
    for n in 0..calls {
        let stage = stage().await;
        let faults = stage.cloud.faults();
        faults.fail(Calls::any().after(n).always(), Fault::Reset);
        let killed = stage.operator(line).await;
        faults.clear();
        // The end of the record of what was done may come in another order.
        if killed.done.is_err() {
            stage.operator(line).await.complete();
        }
        check(&stage).await;
        assert_eq!(stage.cloud.refused(), Vec::<String>::new());
    }
    for write in WRITES {
        for n in 0..counts.get(write).copied().unwrap_or_default() {
            let stage = stage().await;
            let nth = Calls::of(write).after(usize::try_from(n).unwrap());
            stage.cloud.faults().fail(nth, Fault::AppliedButLost);
            let lost = stage.operator(line).await;
            assert!(stage.cloud.faults().spent(), "{write} {n}");
            if !matches!(lost.done, Ok(true)) {
                stage.operator(line).await.complete();
            }
            check(&stage).await;
        }
    }
    calls
}
