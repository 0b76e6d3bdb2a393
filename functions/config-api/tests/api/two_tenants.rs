//! Two tenants that are alike wherever they can be, served in random order by one warm process of each function:
//! neither gets to see, or to use, a byte of what is the other's.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use testing::scan::Scanner;
use testing::switchboard as names;

use crate::stage::{INTEGRATIONS, Person, Stage, WHATSAPP, event};

const STEPS: usize = 120;
const ACCOUNTS: [&str; 2] = ["one", "two"];
const MESSAGES: &str = "/api/v1/messages";

/// The same user id, in both tenants.
const ADMINS: [Person; 2] = [admin("t-canary-aaaa"), admin("t-canary-bbbb")];
const TEXTS: [&str; 2] = ["canary-text-aaaa", "canary-text-bbbb"];

const fn admin(tenant: &'static str) -> Person {
    Person {
        tenant,
        user: "u-same",
        role: "admin",
    }
}

/// One process of each function, and what it answered to whom.
struct Functions {
    stage: Stage,
    checks: connection_test::Context,
    dispatch: message_dispatch::Context,
    forms: [Value; 2],
    ids: [String; 2],
    answers: Vec<(usize, String)>,
}

impl Functions {
    async fn new() -> Self {
        let stage = Stage::new().await;
        let mut functions = Self {
            checks: stage.connection_test(),
            dispatch: stage.dispatcher(),
            forms: [Value::Null, Value::Null],
            ids: [String::new(), String::new()],
            answers: Vec::new(),
            stage,
        };
        for who in [0, 1] {
            let same = json!({"name": "Support"});
            functions.forms[who] = functions.stage.form_with(ACCOUNTS[who], same).await;
            let form = functions.forms[who].clone();
            let body = functions.api(who, "POST", WHATSAPP, form).await;
            functions.ids[who] = body["data"]["id"].as_str().expect("an id").to_owned();
        }
        functions
    }

    async fn api(&mut self, who: usize, method: &str, path: &str, body: Value) -> Value {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut event = event(ADMINS[who], method, path, &body);
        event["rawQueryString"] = query.into();
        if body["metadata"]["messageId"].is_null() {
            event["headers"]["idempotency-key"] = "same-key".into();
        }
        let reply = self.stage.raw(event).await;
        let whole = format!("{}{}", reply.headers, reply.text);
        self.answers.push((who, whole));
        reply.body
    }

    async fn test(&mut self, who: usize, body: Value) {
        let path = format!("{WHATSAPP}/test");
        let event = event(ADMINS[who], "POST", &path, &body);
        let request = serde_json::from_value(event).expect("an event");
        let reply = connection_test::handle(&self.checks, request).await;
        assert_eq!(reply.status(), 200, "{}", reply.body());
        let whole = serde_json::to_string(&reply).expect("an answer");
        self.answers.push((who, whole));
    }

    /// Sends what is on the queue, of both tenants together.
    async fn dispatch(&self) {
        self.stage.dispatch(&self.dispatch).await;
    }

    async fn step(&mut self, what: u64, who: usize, number: u64) {
        let own = format!("{INTEGRATIONS}/{}", self.ids[who]);
        let foreign = format!("{INTEGRATIONS}/{}", self.ids[1 - who]);
        let message = json!({
            "metadata": {"messageId": format!("m-{number}")},
            "wabaPayload": {"to": "919876543220", "type": "text", "text": {"body": TEXTS[who]}},
        });
        match what {
            0 => self.api(who, "GET", INTEGRATIONS, Value::Null).await,
            1 => self.api(who, "GET", WHATSAPP, Value::Null).await,
            2 => self.api(who, "GET", &own, Value::Null).await,
            3 => {
                let method = ["GET", "PATCH", "DELETE"][usize::from(number % 3 == 1)];
                let body = self
                    .api(who, method, &foreign, json!({"name": "Mine"}))
                    .await;
                assert_eq!(body["code"], "not_found");
                body
            }
            4 => {
                self.api(who, "PATCH", &own, json!({"name": "Support"}))
                    .await
            }
            5 => {
                let form = self.forms[who].clone();
                self.api(who, "POST", WHATSAPP, form).await
            }
            6 => {
                let masked = json!({"access_token": "••••", "graph_version": "v24.0"});
                self.api(who, "PATCH", WHATSAPP, masked).await
            }
            7 => {
                self.test(who, Value::Null).await;
                Value::Null
            }
            8 => {
                self.test(who, json!({"access_token": "••••"})).await;
                Value::Null
            }
            9..12 => self.api(who, "POST", MESSAGES, message).await,
            12 => {
                let path = format!("{MESSAGES}/m-{number}");
                self.api(who, "GET", &path, Value::Null).await
            }
            13 => {
                self.dispatch().await;
                Value::Null
            }
            14 => {
                let event =
                    json!({"provider": "whatsapp", "account": ACCOUNTS[who], "text": TEXTS[who]});
                let sent = self
                    .stage
                    .control(Method::POST, "/_sandbox/send", event)
                    .await;
                assert_eq!(sent["status"], 200, "{sent}");
                self.answers.push((who, sent["answer"].to_string()));
                Value::Null
            }
            15 => {
                let path = "/api/v1/settings/audit-logs?limit=5";
                self.api(who, "GET", path, Value::Null).await
            }
            16 => {
                let path = format!("{own}/permissions/u-same");
                self.api(who, "PUT", &path, Value::Null).await
            }
            _ => {
                self.stage.clock.advance(Duration::from_secs(25));
                Value::Null
            }
        };
    }

    /// What is a tenant's own, by its name.
    async fn canaries(&self, who: usize) -> Vec<(&'static str, String)> {
        let mut canaries = vec![
            ("tenant", ADMINS[who].tenant.to_owned()),
            ("integration", self.ids[who].clone()),
            ("text", TEXTS[who].to_owned()),
        ];
        for field in [
            "access_token",
            "app_secret",
            "phone_number_id",
            "waba_id",
            "app_id",
        ] {
            let value = self.forms[who][field].as_str().expect("text");
            canaries.push((field, value.to_owned()));
        }
        for request in self.stage.requests().await {
            let told = &request["body"]["webhook_configuration"];
            let url = told["override_callback_uri"].as_str();
            let token = url.and_then(|url| url.rsplit('/').next());
            if request["account"] == ACCOUNTS[who] {
                canaries.extend(token.map(|token| ("URL token", token.to_owned())));
            }
        }
        canaries
    }
}

/// A dice of its own for every seed, the same in every run.
pub(crate) fn dice(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move |sides| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % sides
    }
}

async fn lived(seed: u64) -> Functions {
    let mut functions = Functions::new().await;
    let mut dice = dice(seed);
    for _ in 0..STEPS {
        let who = usize::from(dice(2) == 1);
        functions.step(dice(18), who, dice(12)).await;
    }
    for _ in 0..20 {
        functions.dispatch().await;
    }
    functions
}

#[tokio::test]
async fn b8_no_answer_and_no_record_holds_a_byte_of_the_other_tenants() {
    for seed in [1, 2] {
        let functions = lived(seed).await;
        for who in [0, 1] {
            let foreign = Scanner::new(functions.canaries(1 - who).await);
            for (of, answer) in &functions.answers {
                let leaks = foreign.scan(answer.as_bytes());
                assert!(*of != who || leaks.is_empty(), "{leaks:?} in {answer}");
            }
            let tables = [
                (names::INTEGRATIONS, "pk"),
                (names::ACTIVITY, "pk"),
                (names::AUDIT, "pk"),
                (names::WEBHOOK_ROUTES, "tenant"),
            ];
            for (table, owner) in tables {
                let items = functions.stage.cloud.items(table);
                let own: Vec<_> = items
                    .iter()
                    .filter(|item| item[owner]["S"] == ADMINS[who].tenant)
                    .collect();
                assert!(!own.is_empty(), "{table}");
                let text = json!(own).to_string();
                assert_eq!(foreign.scan(text.as_bytes()), [], "{table}");
            }
            // The scanner finds what is there.
            let own = functions.answers.iter().filter(|(of, _)| *of != who);
            let own: String = own.map(|(_, answer)| answer.as_str()).collect();
            assert!(!foreign.scan(own.as_bytes()).is_empty());
        }
    }
}

#[tokio::test]
async fn b8_each_call_to_the_provider_carries_its_own_tenants_token_and_values() {
    let functions = lived(3).await;
    let requests = functions.stage.requests().await;
    for who in [0, 1] {
        let foreign = Scanner::new(functions.canaries(1 - who).await);
        let own: Vec<_> = requests
            .iter()
            .filter(|request| request["account"] == ACCOUNTS[who])
            .collect();
        assert!(own.len() > 20, "{}", own.len());
        for request in &own {
            let leaks = foreign.scan(request.to_string().as_bytes());
            assert!(leaks.is_empty(), "{leaks:?} in {request}");
        }
        let sent = own
            .iter()
            .filter(|one| one["body"]["text"]["body"] == TEXTS[who]);
        assert!(sent.count() >= 3, "messages went out");
    }
    let accounts = requests.iter().map(|request| request["account"].as_str());
    assert!(accounts.into_iter().all(|account| account.is_some()));
    let events = functions.stage.events();
    assert!(!events.is_empty());
    for event in events {
        let who = ADMINS
            .iter()
            .position(|admin| event["tenant"] == admin.tenant);
        let who = who.expect("one of the two");
        assert_eq!(event["integration"], functions.ids[who].as_str());
        assert_eq!(
            event["event"]["account"],
            functions.forms[who]["phone_number_id"]
        );
    }
}
