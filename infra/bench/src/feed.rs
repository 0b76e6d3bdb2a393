//! Makes events out of a case's templates, in the form in which Lambda hands them over.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use ring::hmac::{HMAC_SHA256, Key, sign};
use serde_json::{Value, json};

use crate::case::Feed;
use crate::template::Template;

/// Makes the events of one run; two feeders never make the same ids.
pub(crate) struct Feeder<'a> {
    feed: &'a Feed,
    run: String,
    tenants: u64,
    batch: u64,
    made: u64,
}

impl<'a> Feeder<'a> {
    /// A feeder for so many tenants, with so many records in a batch.
    pub(crate) fn new(feed: &'a Feed, tenants: u64, batch: u64) -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let run = format!("{:x}", now.as_nanos());
        Self {
            feed,
            run,
            tenants: tenants.max(1),
            batch: batch.max(1),
            made: 0,
        }
    }

    /// How many units of work one event holds.
    pub(crate) fn units_per_event(&self) -> u64 {
        if matches!(self.feed, Feed::Sqs { .. }) {
            self.batch
        } else {
            1
        }
    }

    /// The next event.
    pub(crate) fn next(&mut self) -> Bytes {
        let first = self.made;
        self.made += self.units_per_event();
        let event = match self.feed {
            Feed::Plain => json!({"n": first}),
            Feed::Sqs { body } => {
                let body = Template::new(&text(body));
                let records: Vec<Value> = (first..self.made)
                    .map(|number| record(number, &body.fill(|name| self.value(name, number))))
                    .collect();
                json!({"Records": records})
            }
            Feed::Webhook { .. } => self.webhook(first, false),
        };
        Bytes::from(event.to_string())
    }

    /// The next event with a signature that is wrong in one digit; only webhooks are signed.
    pub(crate) fn next_forged(&mut self) -> Bytes {
        let number = self.made;
        self.made += 1;
        Bytes::from(self.webhook(number, true).to_string())
    }

    fn webhook(&self, number: u64, forged: bool) -> Value {
        let Feed::Webhook {
            path,
            body,
            secret,
            signed,
            header,
            signature,
        } = self.feed
        else {
            return Value::Null;
        };
        let fill = |template: &str| Template::new(template).fill(|name| self.value(name, number));
        let body = fill(&text(body));
        let signed = Template::new(signed).fill(|name| match name {
            "body" => Some(body.clone()),
            name => self.value(name, number),
        });
        let tag = sign(
            &Key::new(HMAC_SHA256, fill(secret).as_bytes()),
            signed.as_bytes(),
        );
        let mut bytes = tag.as_ref().to_vec();
        bytes[31] ^= u8::from(forged);
        let signature = Template::new(signature).fill(|name| match name {
            "hex" => Some(hex::encode(&bytes)),
            name => self.value(name, number),
        });
        request(&fill(path), &body, header, &signature, number)
    }

    fn value(&self, name: &str, number: u64) -> Option<String> {
        let tenant = number % self.tenants;
        Some(match name {
            "n" => number.to_string(),
            "id" => format!("{}-{number:08}", self.run),
            "digits" => format!("{number:010}"),
            "tenant" => format!("tenant-{tenant}"),
            "ts" => {
                let now = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                now.as_secs().to_string()
            }
            _ => return None,
        })
    }
}

fn text(template: &Value) -> String {
    template
        .as_str()
        .map_or_else(|| template.to_string(), str::to_owned)
}

fn record(number: u64, body: &str) -> Value {
    json!({
        "messageId": format!("00000000-0000-4000-9000-{number:012x}"),
        "receiptHandle": format!("handle-{number}"),
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1767225600000",
            "SenderId": "AIDAEXAMPLE",
            "ApproximateFirstReceiveTimestamp": "1767225600001",
        },
        "messageAttributes": {},
        "md5OfBody": "00000000000000000000000000000000",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:messages",
        "awsRegion": "us-east-1",
    })
}

fn request(path: &str, body: &str, header: &str, signature: &str, number: u64) -> Value {
    let host = "bench.execute-api.us-east-1.amazonaws.com";
    let proxy = path.trim_start_matches('/');
    let segments: Vec<&str> = path.rsplitn(3, '/').collect();
    json!({
        "version": "2.0",
        "routeKey": "POST /webhooks/{provider}/{token}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "accept": "*/*",
            "content-length": body.len().to_string(),
            "content-type": "application/json",
            "host": host,
            "user-agent": "facebookexternalua",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
            (header): signature,
        },
        "pathParameters": {
            "proxy": proxy,
            "token": segments.first(),
            "provider": segments.get(1),
        },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "bench",
            "domainName": host,
            "domainPrefix": "bench",
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "facebookexternalua",
            },
            "requestId": format!("request-{number}"),
            "routeKey": "POST /webhooks/{provider}/{token}",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_u64,
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(event: &Bytes) -> Value {
        serde_json::from_slice(event).unwrap()
    }

    #[test]
    fn a_batch_has_records_of_their_own() {
        let feed = Feed::Sqs {
            body: json!({"id": "${id}", "tenant": "${tenant}"}),
        };
        let mut feeder = Feeder::new(&feed, 2, 3);
        let events = [feeder.next(), feeder.next()].map(|event| parsed(&event));
        let bodies: Vec<Value> = events
            .iter()
            .flat_map(|event| event["Records"].as_array().unwrap())
            .map(|record| serde_json::from_str(record["body"].as_str().unwrap()).unwrap())
            .collect();
        let tenants: Vec<&str> = bodies
            .iter()
            .filter_map(|body| body["tenant"].as_str())
            .collect();
        assert_eq!(
            tenants,
            [
                "tenant-0", "tenant-1", "tenant-0", "tenant-1", "tenant-0", "tenant-1"
            ]
        );
        let mut ids: Vec<&str> = bodies
            .iter()
            .filter_map(|body| body["id"].as_str())
            .collect();
        ids.dedup();
        assert_eq!(ids.len(), 6);
        assert_eq!(feeder.units_per_event(), 3);
    }

    #[test]
    fn a_webhook_is_signed_as_meta_signs() {
        let feed = Feed::Webhook {
            path: "/webhooks/whatsapp/token-${tenant}".into(),
            body: json!("payload ${n}"),
            secret: "key".into(),
            signed: "${body}".into(),
            header: "x-hub-signature-256".into(),
            signature: "sha256=${hex}".into(),
        };
        let mut feeder = Feeder::new(&feed, 1, 10);
        let event = parsed(&feeder.next());
        assert_eq!(event["body"], "payload 0");
        assert_eq!(event["pathParameters"]["token"], "token-tenant-0");
        assert_eq!(event["pathParameters"]["provider"], "whatsapp");
        // printf 'payload 0' | openssl dgst -sha256 -hmac key
        let expected = "sha256=0ba831af8e8fb17ff74b323544f4fd9e482a6d48f7f4c39d68c39d71a2ece09b";
        assert_eq!(event["headers"]["x-hub-signature-256"], expected);
        let forged = parsed(&feeder.next_forged());
        assert_eq!(
            forged["headers"]["x-hub-signature-256"]
                .as_str()
                .unwrap()
                .len(),
            expected.len()
        );
        assert_eq!(feeder.units_per_event(), 1);
    }
}
