//! Transactions: all of the writes or none, and the same token twice is one transaction.

use serde::Deserialize;
use serde_json::{Value, json};

use domain::time::Timestamp;

use super::Tables;
use super::write::{Objection, Write};
use crate::cloud::wire::{Refusal, read};

const WRITES: usize = 100;
const TOKEN_SECONDS: i64 = 600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TransactWriteItems {
    transact_items: Vec<Write>,
    client_request_token: Option<String>,
}

/// A transaction that was carried out, so that its repetition is not.
#[derive(Debug)]
pub(super) struct Committed {
    token: String,
    request: String,
    at: Timestamp,
}

impl Tables {
    pub(super) fn transact_write(&mut self, body: Value, now: Timestamp) -> Result<Value, Refusal> {
        let text = body["TransactItems"].to_string();
        let request: TransactWriteItems = read(body)?;
        if request.transact_items.is_empty() || request.transact_items.len() > WRITES {
            return Err(Refusal::validation(format!(
                "1 to {WRITES} items make a transaction"
            )));
        }
        self.committed
            .retain(|done| now.seconds() - done.at.seconds() < TOKEN_SECONDS);
        if let Some(token) = &request.client_request_token
            && let Some(done) = self.committed.iter().find(|done| done.token == *token)
        {
            return if done.request == text {
                Ok(json!({}))
            } else {
                Err(Refusal::new(
                    "IdempotentParameterMismatchException",
                    "the token was used for another transaction",
                ))
            };
        }
        self.check_each_item_once(&request.transact_items)?;
        let mut plans = Vec::new();
        let mut reasons = Vec::new();
        for write in &request.transact_items {
            match self.plan(write, 2) {
                Ok(plan) => {
                    plans.push(plan);
                    reasons.push(json!({"Code": "None"}));
                }
                Err(Objection::Condition(item)) => {
                    let mut reason = json!({"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"});
                    if let Some(item) = item {
                        reason["Item"] = json!(item);
                    }
                    reasons.push(reason);
                }
                Err(Objection::Item(refusal)) => {
                    reasons.push(json!({"Code": "ValidationError", "Message": refusal.message()}));
                }
                Err(Objection::Request(refusal)) => return Err(refusal),
            }
        }
        if plans.len() < reasons.len() {
            let codes: Vec<&str> = reasons
                .iter()
                .filter_map(|reason| reason["Code"].as_str())
                .collect();
            let message = format!(
                "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
                codes.join(", ")
            );
            return Err(Refusal::new("TransactionCanceledException", message)
                .with("CancellationReasons", reasons));
        }
        for plan in plans {
            self.apply(plan);
        }
        if let Some(token) = request.client_request_token {
            self.committed.push(Committed {
                token,
                request: text,
                at: now,
            });
        }
        Ok(json!({}))
    }

    fn check_each_item_once(&self, writes: &[Write]) -> Result<(), Refusal> {
        let mut places = Vec::new();
        for write in writes {
            let parts = self.parts(write)?;
            places.push((parts.table, parts.key));
        }
        places.sort();
        if places.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Refusal::validation(
                "Transaction request cannot include multiple operations on one item",
            ));
        }
        Ok(())
    }
}
