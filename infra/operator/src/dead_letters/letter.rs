//! One dead letter: what may be told of it, and as what it goes back.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use domain::audit::AuditNotice;
use domain::event::InboundEvent;
use domain::message::{OutboundMessage, attribute};
use domain::{MessageId, TenantId, Timestamp};
use edge::queue::Entry;

use crate::arguments::QueueName;

/// What goes back with it: which message it is, and how far it is known to have come. What else we put on it tells of
/// the trouble that is over: the reason, and what was counted on the way there.
const KEPT: [&str; 5] = [
    attribute::MESSAGE,
    attribute::ATTEMPT,
    attribute::ROUTE,
    attribute::ACCEPTED_AT,
    attribute::KIND,
];

/// A dead letter.
pub(super) struct Letter {
    /// SQS's own id. It is that of the message if SQS set it aside; one that the dispatcher set aside has a new one.
    pub(super) sqs_id: String,
    /// Names this receive of it.
    pub(super) handle: String,
    /// Whose it is, where that can be read.
    pub(super) tenant: Option<TenantId>,
    queue: QueueName,
    body: String,
    attributes: HashMap<String, String>,
    /// The id that its body names.
    named: Option<MessageId>,
    is_grouped: bool,
    sent_at: Option<Timestamp>,
}

impl Letter {
    /// A letter as SQS gave it out; `None` for one that could not be taken off the queue.
    pub(super) fn read(queue: QueueName, message: Message) -> Option<Self> {
        let of_sqs = message.attributes.unwrap_or_default();
        let group = of_sqs.get(&MessageSystemAttributeName::MessageGroupId);
        let sent_at = of_sqs.get(&MessageSystemAttributeName::SentTimestamp);
        let body = message.body.unwrap_or_default();
        let (tenant, named) = match queue {
            QueueName::Messages => addressed(&body),
            QueueName::Inbound => (told(&body), None),
        };
        let attributes = message.message_attributes.unwrap_or_default().into_iter();
        Some(Self {
            sqs_id: message.message_id?,
            handle: message.receipt_handle?,
            tenant: tenant.as_ref().or(group).and_then(|text| tenant_of(text)),
            queue,
            body,
            attributes: attributes
                .filter_map(|(name, value)| Some((name, value.string_value?)))
                .collect(),
            named,
            is_grouped: group.is_some(),
            sent_at: sent_at.and_then(|text| millis(text)),
        })
    }

    /// As what it is known: our id of a message, else SQS's.
    pub(super) fn id(&self) -> &str {
        self.named
            .as_ref()
            .map(MessageId::as_str)
            .or_else(|| self.attribute(attribute::MESSAGE))
            .unwrap_or(&self.sqs_id)
    }

    /// Attempts that are known to have sent nothing.
    pub(super) fn attempts(&self) -> u32 {
        let next: Option<u32> = self
            .attribute(attribute::ATTEMPT)
            .and_then(|text| text.parse().ok());
        next.map_or(0, |next| next.saturating_sub(1))
    }

    /// Why it was set aside; `None` if SQS did that, which gives no reasons.
    pub(super) fn reason(&self) -> Option<&str> {
        self.attribute(attribute::REASON)
    }

    /// When it was taken in.
    pub(super) fn accepted_at(&self) -> Option<Timestamp> {
        self.attribute(attribute::ACCEPTED_AT)
            .and_then(millis)
            .or(self.sent_at)
    }

    /// Whether the dispatcher could not read it: what it can read, it groups by tenant.
    pub(super) fn is_unreadable(&self) -> bool {
        self.reason().is_some() && !self.is_grouped
    }

    /// Whether it came here after that time, such as one that was put back and set aside again.
    pub(super) fn came_after(&self, time: Timestamp) -> bool {
        let redriven_at = self.attribute(attribute::REDRIVEN_AT).and_then(millis);
        // By our clock, or by that of SQS.
        redriven_at.is_some_and(|redriven_at| redriven_at >= time)
            || self.sent_at.is_some_and(|sent_at| sent_at > time)
    }

    /// The message that takes its place on the queue. However often that is made of it, it is the same message.
    pub(super) fn again(&self, now: Timestamp) -> Entry<'_> {
        let mut attributes: Vec<(&'static str, String)> = KEPT
            .into_iter()
            .filter_map(|name| Some((name, self.attribute(name)?.to_owned())))
            .collect();
        let has = |name| self.attributes.contains_key(name);
        // SQS gives it a new id and a new time. One that it set aside itself may have been known by those it had.
        if self.queue == QueueName::Messages && !has(attribute::KIND) {
            if !has(attribute::MESSAGE) {
                attributes.push((attribute::MESSAGE, self.sqs_id.clone()));
            }
            if !has(attribute::ACCEPTED_AT)
                && let Some(sent_at) = self.sent_at
            {
                attributes.push((attribute::ACCEPTED_AT, sent_at.millis().to_string()));
            }
        }
        attributes.push((attribute::REDRIVEN_AT, now.millis().to_string()));
        Entry {
            body: &self.body,
            tenant: self.tenant.as_ref(),
            delay: Duration::ZERO,
            attributes,
        }
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

/// Tenant and id that a message to send names.
fn addressed(body: &str) -> (Option<String>, Option<MessageId>) {
    match edge::json::read::<OutboundMessage<'_>>(body.as_bytes()) {
        Ok(message) => (
            Some(message.metadata.tenant_id),
            message.metadata.message_id,
        ),
        Err(_) => (None, None),
    }
}

/// The tenant that an event, or a line for the audit trail, names.
fn told(body: &str) -> Option<String> {
    let event = edge::json::read::<InboundEvent<'_>>(body.as_bytes());
    event.map(|event| event.tenant).ok().or_else(|| {
        let notice = edge::json::read::<AuditNotice>(body.as_bytes());
        notice.map(|notice| notice.tenant).ok()
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "who may put messages on our queues may do so for every tenant: IAM guards them"
)]
fn tenant_of(text: &str) -> Option<TenantId> {
    TenantId::from_trusted_source(text).ok()
}

fn millis(text: &str) -> Option<Timestamp> {
    text.parse().ok().map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::types::MessageAttributeValue;
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(2_000);

    fn letter(body: &str, group: Option<&str>, attributes: &[(&str, &str)]) -> Letter {
        of(QueueName::Messages, body, group, attributes)
    }

    fn of(
        queue: QueueName,
        body: &str,
        group: Option<&str>,
        attributes: &[(&str, &str)],
    ) -> Letter {
        let mut message = Message::builder()
            .message_id("sqs-1")
            .receipt_handle("handle-1")
            .body(body)
            .attributes(MessageSystemAttributeName::SentTimestamp, "1000");
        if let Some(group) = group {
            message = message.attributes(MessageSystemAttributeName::MessageGroupId, group);
        }
        for (name, value) in attributes {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(*value);
            message = message.message_attributes(*name, value.build().unwrap());
        }
        Letter::read(queue, message.build()).unwrap()
    }

    fn body(id: Option<&str>) -> String {
        json!({"metadata": {"tenantId": "t_one", "messageId": id}, "wabaPayload": {"to": "919876543220"}})
            .to_string()
    }

    fn goes_back(letter: &Letter) -> HashMap<&'static str, String> {
        letter.again(NOW).attributes.into_iter().collect()
    }

    #[test]
    fn a10_what_the_dispatcher_set_aside_goes_back_as_it_was_known_and_counts_anew() {
        let letter = letter(
            &body(None),
            Some("t_one"),
            &[
                (attribute::MESSAGE, "m-1"),
                (attribute::ATTEMPT, "9"),
                (attribute::TROUBLES, "8"),
                (attribute::ACCEPTED_AT, "500"),
                (attribute::REASON, "Tried 8 times."),
                ("theirs", "x"),
            ],
        );
        assert_eq!((letter.id(), letter.attempts()), ("m-1", 8));
        let expected = [
            (attribute::MESSAGE, "m-1"),
            (attribute::ATTEMPT, "9"),
            (attribute::ACCEPTED_AT, "500"),
            (attribute::REDRIVEN_AT, "2000"),
        ];
        let expected = expected.map(|(name, value)| (name, value.to_owned()));
        assert_eq!(goes_back(&letter), expected.into());
        assert_eq!(letter.again(NOW).tenant.unwrap().as_str(), "t_one");
    }

    #[test]
    fn a10_what_sqs_set_aside_goes_back_under_the_id_and_time_it_had() {
        let letter = letter(&body(None), None, &[]);
        let expected = [
            (attribute::MESSAGE, "sqs-1"),
            (attribute::ACCEPTED_AT, "1000"),
            (attribute::REDRIVEN_AT, "2000"),
        ];
        let expected = expected.map(|(name, value)| (name, value.to_owned()));
        assert_eq!(goes_back(&letter), expected.into());
        assert_eq!(letter.again(NOW).tenant.unwrap().as_str(), "t_one");
        assert!(!letter.is_unreadable() && letter.reason().is_none());
    }

    #[test]
    fn the_id_that_a_producer_gave_is_the_one_that_is_told() {
        let letter = letter(
            &body(Some("order-17")),
            None,
            &[(attribute::MESSAGE, "other")],
        );
        assert_eq!(letter.id(), "order-17");
    }

    #[test]
    fn what_nobody_can_read_is_told_by_its_missing_group() {
        let reason = [(attribute::REASON, "The message does not follow.")];
        let unreadable = letter("x", None, &reason);
        assert!(unreadable.is_unreadable());
        assert_eq!((unreadable.id(), &unreadable.tenant), ("sqs-1", &None));
        assert!(!letter(&body(None), Some("t_one"), &reason).is_unreadable());
    }

    #[test]
    fn an_event_goes_back_as_the_kind_it_is_and_is_no_message() {
        let kind = [(attribute::KIND, attribute::AUDIT)];
        let notice = json!({"tenant": "t_two", "record": {
            "at": "2026-11-20T11:53:20.101Z", "actor": "a", "action": "b.c", "outcome": "ok", "request": "",
        }});
        let letter = of(QueueName::Inbound, &notice.to_string(), None, &kind);
        assert_eq!(letter.tenant.as_ref().unwrap().as_str(), "t_two");
        let expected = [
            (attribute::KIND, attribute::AUDIT.to_owned()),
            (attribute::REDRIVEN_AT, "2000".to_owned()),
        ];
        assert_eq!(goes_back(&letter), expected.into());
    }

    #[test]
    fn what_comes_back_is_told_from_what_was_put_back_before() {
        let at = |millis| letter(&body(None), None, &[(attribute::REDRIVEN_AT, millis)]);
        assert!(at("2000").came_after(NOW) && at("2001").came_after(NOW));
        assert!(!at("1999").came_after(NOW));
        let never_put_back = letter(&body(None), None, &[]);
        assert!(never_put_back.came_after(Timestamp::from_millis(999)));
        assert!(!never_put_back.came_after(Timestamp::from_millis(1_000)));
    }
}
