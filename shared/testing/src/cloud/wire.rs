//! The AWS JSON protocol: what comes in, what goes out, and refusals that the SDK can read.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// What the stand-in does with one HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It answers.
    Reply(Reply),
    /// It closes the connection without an answer.
    Reset,
    /// It keeps the connection open and never answers.
    Silence,
}

/// One HTTP response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Header names, in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Vec<u8>,
}

/// An error as the service would answer it.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    fields: Map<String, Value>,
}

impl Refusal {
    /// An error that blames the caller: HTTP 400.
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code,
            message: message.into(),
            fields: Map::new(),
        }
    }

    /// An error that blames the service: HTTP 500.
    pub(super) fn internal(code: &'static str) -> Self {
        Self {
            status: 500,
            ..Self::new(code, "internal error")
        }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// Adds a field that the error's shape has beside its message.
    pub(super) fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.fields.insert(name.to_owned(), json!(value));
        self
    }

    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn reply(mut self, request: u64) -> Reply {
        self.fields.insert("__type".into(), self.code.into());
        self.fields.insert("message".into(), self.message.into());
        let mut reply = Reply::json(self.status, &Value::Object(self.fields), request);
        if let Some(query_code) = query_code(self.code) {
            reply
                .headers
                .push(("x-amzn-query-error", format!("{query_code};Sender")));
        }
        reply
    }
}

/// SQS kept the codes of its former protocol in a header; the SDK goes by it.
fn query_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue",
        "UnsupportedOperation" => "AWS.SimpleQueueService.UnsupportedOperation",
        "TooManyEntriesInBatchRequest" => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        "EmptyBatchRequest" => "AWS.SimpleQueueService.EmptyBatchRequest",
        "BatchEntryIdsNotDistinct" => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        "BatchRequestTooLong" => "AWS.SimpleQueueService.BatchRequestTooLong",
        "MessageNotInflight" => "AWS.SimpleQueueService.MessageNotInflight",
        _ => return None,
    })
}

impl Reply {
    pub(super) fn json(status: u16, body: &impl Serialize, request: u64) -> Self {
        Self {
            status,
            headers: vec![
                ("content-type", "application/x-amz-json-1.0".to_owned()),
                (
                    "x-amzn-requestid",
                    format!("00000000-0000-4000-8000-{request:012x}"),
                ),
            ],
            body: serde_json::to_vec(body).unwrap_or_default(),
        }
    }
}

/// Reads a request's shape. A member that the stand-in does not know is refused, never ignored.
pub(super) fn read<T: DeserializeOwned>(body: Value) -> Result<T, Refusal> {
    serde_json::from_value(body).map_err(|error| {
        Refusal::new(
            "SerializationException",
            format!("not understood here: {error}"),
        )
    })
}
