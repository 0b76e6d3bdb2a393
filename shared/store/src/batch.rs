//! Several items in as few calls as there can be.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{KeysAndAttributes, PutRequest, WriteRequest};
use domain::failure::StoreError;

use crate::error::unavailable;
use crate::item::{Attributes, keyed};

/// How often what a call leaves over is asked for again.
const TRIES: usize = 5;

/// Most writes of one call.
pub(crate) const MOST_WRITES: usize = 25;

/// The items at those places, partition and sort key, in no order; those that do not exist are left out.
pub(crate) async fn get(
    client: &Client,
    table: &str,
    places: &[(String, String)],
) -> Result<Vec<Attributes>, StoreError> {
    let mut found = Vec::with_capacity(places.len());
    for hundred in places.chunks(100) {
        let mut left: Vec<Attributes> = hundred
            .iter()
            .map(|(pk, sk)| keyed(pk.as_str(), sk.as_str()))
            .collect();
        for _ in 0..TRIES {
            // What is read decides for good: a repair just made must be seen.
            let wanted = KeysAndAttributes::builder()
                .consistent_read(true)
                .set_keys(Some(std::mem::take(&mut left)))
                .build()
                .map_err(|_| StoreError::Malformed("key"))?;
            let answer = client
                .batch_get_item()
                .request_items(table, wanted)
                .send()
                .await
                .map_err(unavailable)?;
            found.extend(
                answer
                    .responses
                    .into_iter()
                    .flatten()
                    .flat_map(|(_, items)| items),
            );
            left = answer
                .unprocessed_keys
                .into_iter()
                .flatten()
                .flat_map(|(_, rest)| rest.keys)
                .collect();
            if left.is_empty() {
                break;
            }
        }
        if !left.is_empty() {
            return Err(StoreError::Unavailable("the database (throttled)", None));
        }
    }
    Ok(found)
}

/// An item to write, as one of several.
pub(crate) fn put(item: Attributes) -> Result<WriteRequest, StoreError> {
    let put = PutRequest::builder()
        .set_item(Some(item))
        .build()
        .map_err(|_| StoreError::Malformed("item"))?;
    Ok(WriteRequest::builder().put_request(put).build())
}

/// Makes the writes, in one call per 25. If it fails, any of them may have been made.
pub(crate) async fn write(
    client: &Client,
    table: &str,
    writes: Vec<WriteRequest>,
) -> Result<(), StoreError> {
    for some in writes.chunks(MOST_WRITES) {
        let mut left = some.to_vec();
        for _ in 0..TRIES {
            let answer = client
                .batch_write_item()
                .request_items(table, std::mem::take(&mut left))
                .send()
                .await
                .map_err(unavailable)?;
            let unprocessed = answer.unprocessed_items.into_iter().flatten();
            left = unprocessed.flat_map(|(_, rest)| rest).collect();
            if left.is_empty() {
                break;
            }
        }
        if !left.is_empty() {
            return Err(StoreError::Unavailable("the database (throttled)", None));
        }
    }
    Ok(())
}
