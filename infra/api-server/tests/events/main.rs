//! Events straight to the functions, most of them of no form that a gateway would give them.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

#[path = "../../../../shared/contract/tests/contract/promises.rs"]
mod promises;
mod random;

use api_server::{Port, Server, Switchboard, live};
use contract::{Function, lookup};
use serde_json::{Value, json};
use testing::dice::Dice;

use crate::random::Events;

/// The requirement is 1,000.
const EVENTS: usize = 2_000;

async fn alive() -> Server {
    let port = Port::take().await.expect("a free port");
    let switchboard = Switchboard::start(port.url()).await.expect("a sandbox");
    let server = Server::start(port, switchboard, None);
    live(server.switchboard()).await.expect("a life");
    server
}

/// What is wrong with a function's reply, whatever was asked.
fn wrong(function: Function, event: &Value, reply: &Value) -> Vec<String> {
    // What is asked of the other function is not there.
    let mut wrong = if is_responsible(function, event) {
        promises::broken(event, reply)
    } else {
        promises::broken_problem(reply)
    };
    if reply["statusCode"]
        .as_u64()
        .is_none_or(|status| status >= 500)
    {
        wrong.push(format!("a server error: {reply}"));
    }
    wrong
}

fn is_responsible(function: Function, event: &Value) -> bool {
    let method = &event["requestContext"]["http"]["method"];
    let method = method.as_str().unwrap_or_default();
    let path = event["rawPath"].as_str().unwrap_or_default();
    lookup::find(method, path).is_ok_and(|found| found.route.function == function)
}

/// `SEED=n cargo test -p api-server` gives the events of a run that printed `n` again.
#[tokio::test]
async fn i2_every_event_has_an_answer_that_the_document_describes() {
    let server = alive().await;
    let switchboard = server.switchboard();
    let mut events = Events::new(Dice::seeded("random events"));
    let (mut successes, mut problems) = (0, 0);
    for number in 0..EVENTS {
        let event = events.next();
        for function in [Function::ConfigApi, Function::ConnectionTest] {
            let reply = switchboard.ask(function, event.clone()).await;
            let wrong = wrong(function, &event, &reply);
            assert!(
                wrong.is_empty(),
                "event {number} to {function:?}: {wrong:?}\n{event}"
            );
            if reply["statusCode"]
                .as_u64()
                .is_some_and(|status| status < 300)
            {
                successes += 1;
            } else {
                problems += 1;
            }
        }
    }
    println!("{successes} successes, {problems} problems");
    assert!(successes > EVENTS / 20 && problems > EVENTS / 2);
    assert_eq!(switchboard.violations(), Vec::<String>::new());
}

#[test]
fn an_answer_that_nobody_described_is_found() {
    let event = json!({"rawPath": "/health", "requestContext": {"http": {"method": "GET"}}});
    let reply = |status: u16, body: &str| json!({"statusCode": status, "headers": {"content-type": "application/json"}, "body": body});
    assert_eq!(
        wrong(
            Function::ConfigApi,
            &event,
            &reply(200, r#"{"status": "ok"}"#)
        ),
        Vec::<String>::new()
    );
    for broken in [
        reply(200, r#"{"status": 5}"#),
        reply(200, "ok"),
        reply(201, r#"{"status": "ok"}"#),
        reply(500, r#"{"status": "ok"}"#),
        json!({}),
    ] {
        assert!(
            !wrong(Function::ConfigApi, &event, &broken).is_empty(),
            "{broken}"
        );
    }
}
