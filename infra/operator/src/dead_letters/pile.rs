//! A dead-letter queue, as it is looked through by hand.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    MessageSystemAttributeName, QueueAttributeName,
};
use serde::Serialize;

use super::letter::Letter;
use crate::arguments::QueueName;
use crate::failure::Failure;

/// How long a letter that was taken in hand is hidden from others. One that was held by a run that was broken off shows
/// up again after that time.
pub(super) const HIDDEN: Duration = Duration::from_secs(900);
/// How long SQS looks for letters in all its places before it answers that there are none.
const SEARCH: Duration = Duration::from_secs(2);
/// Most letters in one call.
pub(super) const MOST: usize = 10;

/// A queue of dead letters.
pub(crate) struct Pile<'a> {
    pub(crate) client: &'a Client,
    pub(crate) url: &'a str,
    pub(crate) queue: QueueName,
}

/// How many letters there are, as far as SQS knows.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Height {
    /// That can be looked at.
    pub(super) visible: u64,
    /// That somebody has in hand, or had when they were broken off.
    pub(super) hidden: u64,
}

impl Pile<'_> {
    /// How many letters there are.
    pub(super) async fn height(&self) -> Result<Height, Failure> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(self.url)
            .set_attribute_names(Some(names.to_vec()))
            .send()
            .await
            .map_err(broken_off)?;
        let [visible, hidden] = names.map(|name| {
            let told = answer.attributes().and_then(|all| all.get(&name));
            told.and_then(|text| text.parse().ok()).unwrap_or_default()
        });
        Ok(Height { visible, hidden })
    }

    /// Takes letters in hand, at most so many and at most [`MOST`]; none if there are none left to see.
    pub(super) async fn take(&self, most: usize) -> Result<Vec<Letter>, Failure> {
        let answer = self
            .client
            .receive_message()
            .queue_url(self.url)
            .max_number_of_messages(number(most.min(MOST)))
            .visibility_timeout(seconds(HIDDEN))
            .wait_time_seconds(seconds(SEARCH))
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_attribute_names("All")
            .send()
            .await
            .map_err(broken_off)?;
        let letters = answer.messages.unwrap_or_default().into_iter();
        Ok(letters
            .filter_map(|message| Letter::read(self.queue, message))
            .collect())
    }

    /// Deletes letters by their handles; per handle whether that was done.
    pub(super) async fn delete(&self, handles: &[&str]) -> Result<Vec<bool>, Failure> {
        let mut deleted = vec![false; handles.len()];
        for (chunk, done) in handles.chunks(MOST).zip(deleted.chunks_mut(MOST)) {
            let entries: Result<Vec<_>, BuildError> = (0..)
                .zip(chunk)
                .map(|(id, handle): (usize, _)| {
                    DeleteMessageBatchRequestEntry::builder()
                        .id(id.to_string())
                        .receipt_handle(*handle)
                        .build()
                })
                .collect();
            let answer = self
                .client
                .delete_message_batch()
                .queue_url(self.url)
                .set_entries(Some(entries.map_err(unbuilt)?))
                .send()
                .await
                .map_err(broken_off)?;
            for success in answer.successful() {
                let id: Option<usize> = success.id().parse().ok();
                if let Some(done) = id.and_then(|id| done.get_mut(id)) {
                    *done = true;
                }
            }
        }
        Ok(deleted)
    }

    /// Lets others see letters again, by their handles. What is in nobody's hand any more is passed over.
    pub(super) async fn show_again(&self, handles: &[&str]) -> Result<(), Failure> {
        for chunk in handles.chunks(MOST) {
            let entries: Result<Vec<_>, BuildError> = (0..)
                .zip(chunk)
                .map(|(id, handle): (usize, _)| {
                    ChangeMessageVisibilityBatchRequestEntry::builder()
                        .id(id.to_string())
                        .receipt_handle(*handle)
                        .visibility_timeout(0)
                        .build()
                })
                .collect();
            self.client
                .change_message_visibility_batch()
                .queue_url(self.url)
                .set_entries(Some(entries.map_err(unbuilt)?))
                .send()
                .await
                .map_err(broken_off)?;
        }
        Ok(())
    }
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

fn broken_off<E: ProvideErrorMetadata, R>(error: SdkError<E, R>) -> Failure {
    let reason = edge::aws::reason(&error);
    Failure::BrokenOff(format!("the dead-letter queue is not available: {reason}").into())
}

fn unbuilt(error: BuildError) -> Failure {
    Failure::BrokenOff(error.into())
}
