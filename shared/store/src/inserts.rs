//! Items put where none are, many in a call: PartiQL `INSERT`s, each of which succeeds or fails alone.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementErrorCodeEnum, BatchStatementRequest, BatchStatementResponse,
};
use futures_util::{StreamExt, stream};

use crate::error::unavailable;

/// Most inserts of one call.
const MOST: usize = 25;
/// Most calls under way at once, for what takes many.
const CALLS_AT_ONCE: usize = 8;

/// What became of one insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// It stands.
    Done,
    /// There is one already.
    Exists,
    /// The table did not take it, or did not say so.
    Unavailable,
}

/// Inserts rows that have the attributes of those names, in one call per 25. No two may be of one place.
pub(crate) async fn insert<const N: usize>(
    client: &Client,
    table: &str,
    names: [&str; N],
    rows: Vec<[AttributeValue; N]>,
) -> Vec<Inserted> {
    let members = names.map(|name| format!("'{name}': ?")).join(", ");
    let statement = format!("INSERT INTO \"{table}\" VALUE {{{members}}}");
    let count = rows.len();
    let mut rows = rows.into_iter();
    let calls = std::iter::from_fn(|| {
        let call: Vec<_> = rows.by_ref().take(MOST).collect();
        (!call.is_empty()).then_some(call)
    });
    let mut calls = stream::iter(calls)
        .map(|rows| call(client, &statement, rows))
        .buffered(CALLS_AT_ONCE);
    let mut results = Vec::with_capacity(count);
    while let Some(of_call) = calls.next().await {
        results.extend(of_call);
    }
    results
}

async fn call<const N: usize>(
    client: &Client,
    statement: &str,
    rows: Vec<[AttributeValue; N]>,
) -> Vec<Inserted> {
    let count = rows.len();
    let statements: Option<Vec<_>> = rows
        .into_iter()
        .map(|row| {
            let request = BatchStatementRequest::builder().statement(statement);
            request.set_parameters(Some(row.into())).build().ok()
        })
        .collect();
    let answer = client
        .batch_execute_statement()
        .set_statements(statements)
        .send()
        .await;
    match answer {
        Ok(answer) if answer.responses().len() == count => {
            answer.responses().iter().map(read).collect()
        }
        Ok(_) => vec![Inserted::Unavailable; count],
        Err(error) => {
            tracing::warn!(error = %unavailable(error), "inserts were not answered");
            vec![Inserted::Unavailable; count]
        }
    }
}

fn read(response: &BatchStatementResponse) -> Inserted {
    match response.error().and_then(|error| error.code()) {
        None => Inserted::Done,
        Some(BatchStatementErrorCodeEnum::DuplicateItem) => Inserted::Exists,
        Some(_) => Inserted::Unavailable,
    }
}
