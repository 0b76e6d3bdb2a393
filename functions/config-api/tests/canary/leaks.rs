//! The controls: a leak into each sink, in every encoding, is found in that sink and in no other.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::http::Request;
use domain::failure::StoreError;
use edge::Problem;
use edge::http::HttpReply;
use edge::sqs::BatchReply;
use serde_json::{Value, json};
use testing::cloud::Cloud;
use testing::switchboard as names;

use crate::errors::in_every_way;
use crate::sinks::Sink;
use crate::stage::Stage;

/// Lets a text out into a sink, as a mistake of ours would.
pub(crate) fn leak(stage: &Stage, sink: Sink, text: &str) {
    let seen = &stage.seen;
    match sink {
        Sink::Traced => tracing::trace!("a token: {text}"),
        Sink::Logged => log::trace!("a token: {text}"),
        Sink::Answer => seen.answer(&HttpReply::data(200, &json!({ "token": text }))),
        Sink::AnswerHead => {
            let reply = HttpReply::empty(302);
            seen.answer(&reply.header("location", format!("/?token={text}")));
        }
        Sink::Problem => {
            let problem = Problem::bad_body(format!("{text} is no token"));
            seen.answer(&HttpReply::problem(&problem, "r-1"));
        }
        Sink::WebhookAnswer => {
            seen.webhook_answer(&HttpReply::new(200, "text/plain", text.to_owned()))
        }
        Sink::BatchAnswer => seen.batch_answer(&BatchReply::failed([text.to_owned()])),
        Sink::DatabaseRequest => request(
            stage,
            "DynamoDB_20120810.GetItem",
            &json!({"TableName": names::AUDIT, "Key": {"pk": {"S": text}}}),
        ),
        Sink::KmsRequest => request(
            stage,
            "TrentService.GenerateDataKey",
            &json!({"KeyId": "x", "EncryptionContext": {"ring": text}}),
        ),
        Sink::MessageBody => queue(stage, json!({"MessageBody": text})),
        Sink::MessageAttributes => {
            let attribute = json!({"DataType": "String", "StringValue": text});
            queue(
                stage,
                json!({"MessageBody": "x", "MessageAttributes": {"token": attribute}}),
            );
        }
        Sink::AwsHead => {
            let mut request = Request::empty();
            let line = text.replace('\n', " ");
            request.headers_mut().insert("user-agent", line);
            let head = format!("{:?}", Vec::from_iter(request.headers()));
            seen.request("DynamoDB_20120810.GetItem", &head, b"{}");
        }
        Sink::Integrations => item(stage, names::INTEGRATIONS, "INTEGRATION#", text),
        Sink::Notifications => item(stage, names::INTEGRATIONS, "NOTIFICATION#", text),
        Sink::WebhookRoutes => item(stage, names::WEBHOOK_ROUTES, "", text),
        Sink::KeyRings => item(stage, names::KEY_RINGS, "", text),
        Sink::Activity => item(stage, names::ACTIVITY, "MESSAGE#", text),
        Sink::Audit => item(stage, names::AUDIT, "0000", text),
        Sink::Printed => {
            let mut config = stage.configs.config_api();
            config.public_base_url = text.to_owned();
            stage.prints(&config);
        }
        Sink::Errors => {
            let error = StoreError::Unavailable("the store", Some(Box::new(Quoting(text.into()))));
            seen.note(Sink::Errors, in_every_way(&error).as_bytes());
        }
    }
}

/// An error that repeats what it was given.
#[derive(Debug)]
struct Quoting(String);

impl fmt::Display for Quoting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not allowed", self.0)
    }
}

impl Error for Quoting {}

fn request(stage: &Stage, target: &str, body: &Value) {
    stage.seen.request(target, "", body.to_string().as_bytes());
}

fn queue(stage: &Stage, message: Value) {
    let mut wanted = message;
    wanted["QueueUrl"] = Cloud::queue_url(names::MESSAGES).into();
    request(stage, "AmazonSQS.SendMessage", &wanted);
}

/// Puts an item into a table, with a key that nothing else has.
fn item(stage: &Stage, table: &str, kind: &str, text: &str) {
    let number = stage.cloud.items(table).len();
    let (key, sort) = (format!("{number:064}"), format!("{kind}{number}"));
    let mut item = match table {
        names::KEY_RINGS => {
            json!({"ring": {"S": "credentials/x"}, "version": {"N": number.to_string()}})
        }
        names::WEBHOOK_ROUTES => json!({"pk": {"S": key}}),
        _ => json!({"pk": {"S": "t_one"}, "sk": {"S": sort}}),
    };
    item["note"] = json!({ "S": text });
    let put = json!({"TableName": table, "Item": item});
    stage.ask("DynamoDB_20120810.PutItem", &put);
}
