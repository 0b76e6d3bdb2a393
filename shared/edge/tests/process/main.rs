//! What a function's process lets out of itself, seen from outside: a child process serves one event of a Runtime API
//! on loopback, at the finest log level there is, and everything that it prints and posts is read.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod child;
mod runtime_api;

use crate::runtime_api::{Let, let_out};

const CANARY: &str = "CANARY-7f3a91c05be2d468";

/// An event that is answered.
fn good() -> String {
    format!(r#"{{"text":"{CANARY}","number":0}}"#)
}

/// An event at which the handler panics, with the event's text as its own.
fn bad() -> String {
    format!(r#"{{"text":"{CANARY}","number":1}}"#)
}

/// An event that the parser quotes when it refuses it.
fn misshapen() -> String {
    format!(r#"{{"text":"","number":"{CANARY}"}}"#)
}

#[track_caller]
fn assert_silent(out: &Let) {
    assert!(!out.printed.contains("CANARY"), "{}", out.printed);
    assert!(!out.posted.contains("CANARY"), "{}", out.posted);
}

#[test]
fn e2_an_event_is_in_no_log_whatever_the_level() {
    let out = let_out("as_we_do", &good());
    assert_silent(&out);
    assert!(out.path.ends_with("/response") && out.posted.contains("answered"));
    assert!(
        out.printed.contains("at our finest level"),
        "{}",
        out.printed
    );
}

#[test]
fn e2_an_event_of_another_form_is_not_repeated() {
    let out = let_out("as_we_do", &misshapen());
    assert_silent(&out);
    assert!(out.path.ends_with("/error"), "{}", out.path);
    assert!(out.posted.contains("not of the expected form"));
}

#[test]
fn e8_a_panic_tells_where_it_was_and_not_what_it_said() {
    let out = let_out("as_we_do", &bad());
    assert_silent(&out);
    assert!(out.path.ends_with("/error"), "{}", out.path);
    assert!(
        out.posted.contains("the function panicked"),
        "{}",
        out.posted
    );
    let line = out
        .printed
        .lines()
        .find(|line| line.contains(r#""message":"panic""#));
    let line = line.expect("the panic is in the log");
    assert!(
        line.contains("tests/process/child.rs") && line.contains(r#""line":"#),
        "{line}"
    );
    assert!(!out.printed.contains("stack backtrace"), "{}", out.printed);
}

#[test]
fn e2_e8_the_bare_runtime_lets_all_of_it_out() {
    let out = let_out("bare", &good());
    assert!(out.printed.contains("raw JSON event") && out.printed.contains(CANARY));
    let out = let_out("bare", &misshapen());
    assert!(out.printed.contains(CANARY) && out.posted.contains(CANARY));
    let out = let_out("bare", &bad());
    assert!(out.posted.contains(CANARY), "{}", out.posted);
    assert!(out.printed.contains("panicked at"), "{}", out.printed);
    assert!(out.printed.contains("stack backtrace"), "{}", out.printed);
}
