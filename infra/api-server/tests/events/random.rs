//! Random events: one that a gateway could give, and then some of it is taken away or replaced.

use api_server::PEOPLE;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::document::document;
use contract::routes::ROUTES;
use serde_json::{Map, Value, json};

use testing::dice::Dice;

/// Most mistakes in one event; a third of them have none.
const MISTAKES: usize = 3;

pub(crate) struct Events {
    dice: Dice,
    document: Value,
}

impl Events {
    pub(crate) fn new(dice: Dice) -> Self {
        Self {
            dice,
            document: document("https://switchboard.example"),
        }
    }

    pub(crate) fn next(&mut self) -> Value {
        let mut event = self.sound();
        for _ in 0..self.dice.below(MISTAKES + 1) {
            self.break_one(&mut event);
        }
        event
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.dice.below(of.len())].clone()
    }

    /// As a gateway gives it: a route, its examples, and somebody who asks.
    fn sound(&mut self) -> Value {
        let route = self.pick(ROUTES);
        let operation = &self.document["paths"][route.path][route.method.to_lowercase()];
        let mut path = route.path.to_owned();
        let mut query = Vec::new();
        let mut headers = Map::from_iter([("content-type".to_owned(), "application/json".into())]);
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default();
            let example = match &parameter["example"] {
                Value::String(text) => text.clone(),
                Value::Null => "x".to_owned(),
                other => other.to_string(),
            };
            match parameter["in"].as_str() {
                Some("path") => path = path.replace(&format!("{{{name}}}"), &example),
                Some("header") => drop(headers.insert(name.to_lowercase(), example.into())),
                _ if parameter.get("example").is_some() => query.push(format!("{name}={example}")),
                _ => {}
            }
        }
        let body = &operation["requestBody"]["content"]["application/json"]["example"];
        let body = Some(body)
            .filter(|body| !body.is_null())
            .map(Value::to_string);
        let claims = self.pick(PEOPLE).claims();
        let is_encoded = self.dice.below(4) == 0;
        json!({
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": if self.dice.below(2) == 0 { String::new() } else { query.join("&") },
            "headers": headers,
            "requestContext": {
                "http": {"method": route.method, "path": path},
                "requestId": "req-1",
                "authorizer": {"jwt": {"claims": claims, "scopes": []}},
            },
            "body": body.map(|body| if is_encoded { STANDARD.encode(body) } else { body }),
            "isBase64Encoded": is_encoded,
        })
    }

    fn break_one(&mut self, event: &mut Value) {
        match self.dice.below(8) {
            0 => event["isBase64Encoded"] = (event["isBase64Encoded"] != true).into(),
            1 => {
                let path = event["rawPath"].as_str().unwrap_or_default().to_owned();
                let tail = self.pick(&["/", "%", "%ff", "/..", "\u{0}", "?", "हिन्दी", "/test"]);
                event["rawPath"] = (path + tail).into();
            }
            2 => {
                event["rawQueryString"] = self
                    .pick(&[
                        "=",
                        "&&",
                        "limit=0",
                        "limit=20&limit=20",
                        "cursor=%00",
                        "a=%",
                        "owner=x&provider=x",
                    ])
                    .into()
            }
            3 => event["body"] = self.body().into(),
            4 => {
                if let Some(headers) = event["headers"].as_object_mut() {
                    let (name, value) = Self::header(&mut self.dice);
                    headers.insert(name, value);
                }
            }
            5 => {
                if let Some(text) = event["body"].as_str()
                    && let Ok(mut body) = serde_json::from_str::<Value>(text)
                {
                    self.replace_one(&mut body);
                    event["body"] = body.to_string().into();
                }
            }
            _ => self.replace_one(event),
        }
    }

    /// One value, however deep, is taken away or becomes another.
    fn replace_one(&mut self, value: &mut Value) {
        let mut places = Vec::new();
        list(value, String::new(), &mut places);
        if places.is_empty() {
            return;
        }
        let place = self.pick(&places);
        let (of, name) = place.rsplit_once('/').expect("below the root");
        let odd = self.odd();
        let Some(parent) = value.pointer_mut(of) else {
            return;
        };
        match parent {
            Value::Object(fields) if self.dice.below(2) == 0 => {
                fields.remove(&name.replace("~1", "/").replace("~0", "~"));
            }
            _ => {
                if let Some(one) = value.pointer_mut(&place) {
                    *one = odd;
                }
            }
        }
    }

    fn odd(&mut self) -> Value {
        let odd = [
            Value::Null,
            true.into(),
            (-1).into(),
            u64::MAX.into(),
            1.5.into(),
            "".into(),
            "\u{0}\u{202e}\u{feff}".into(),
            "x".repeat(20_000).into(),
            "GET".into(),
            "[admin]".into(),
            json!([]),
            json!({}),
            json!([[[[[[null]]]]]]),
            json!({"sub": ["u"], "": ""}),
        ];
        self.pick(&odd)
    }

    fn body(&mut self) -> String {
        let bodies = [
            String::new(),
            "null".to_owned(),
            "[]".to_owned(),
            "{".to_owned(),
            "{\"a\":1,\"a\":2}".to_owned(),
            "%%%".to_owned(),
            STANDARD.encode([0xff, 0xfe, 0x00]),
            "{}".to_owned(),
            "[".repeat(100_000),
            format!("{{\"name\":\"{}\"}}", "x".repeat(100_000)),
            format!(
                "{{{}}}",
                (0..300)
                    .map(|n| format!("\"n{n}\":1"))
                    .collect::<Vec<_>>()
                    .join(",")
            ),
        ];
        self.pick(&bodies)
    }

    fn header(dice: &mut Dice) -> (String, Value) {
        let headers = [
            ("content-type", "text/plain".to_owned()),
            (
                "content-type",
                "application/json; charset=utf-16".to_owned(),
            ),
            ("content-type", String::new()),
            ("if-match", "\"999\"".to_owned()),
            ("if-match", "x".repeat(8_000)),
            ("idempotency-key", "\u{0}".to_owned()),
            ("x-switchboard-tenant", "t_1".to_owned()),
            ("x-switchboard-tenant", "switchboard:platform".to_owned()),
            ("", "nameless".to_owned()),
            ("\u{1F600}", "\r\nx: y".to_owned()),
        ];
        let (name, value) = &headers[dice.below(headers.len())];
        ((*name).to_owned(), value.clone().into())
    }
}

/// The places of all values below this one, as JSON pointers.
fn list(value: &Value, place: String, places: &mut Vec<String>) {
    let mut go_on = |name: &str, inner: &Value| {
        let name = name.replace('~', "~0").replace('/', "~1");
        let place = format!("{place}/{name}");
        places.push(place.clone());
        list(inner, place, places);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, inner)| go_on(name, inner)),
        Value::Array(items) => {
            let numbered = items.iter().enumerate();
            numbered.for_each(|(number, inner)| go_on(&number.to_string(), inner));
        }
        _ => {}
    }
}
