//! Hears all that is said at the finest level, by us and by every library, whether through `tracing` or `log`.
//!
//! A library says the same of every call, so each place in its code is heard some times and then no more, until the
//! ear is pricked up again. Each test runs in a thread of its own, and what is said there is its own.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::{Debug, Write};
use std::sync::Once;

use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::sinks::Sink;

/// How often a place in a library's code is heard.
const OFTEN: usize = 10;

thread_local! {
    static TRACED: RefCell<String> = const { RefCell::new(String::new()) };
    static LOGGED: RefCell<String> = const { RefCell::new(String::new()) };
    static TIMES: RefCell<HashMap<Identifier, usize>> = RefCell::default();
}

/// Hears from now on.
pub(crate) fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let ear = tracing_subscriber::registry().with(Ear);
        tracing::subscriber::set_global_default(ear).expect("nobody listens yet");
        log::set_logger(&Ear).expect("nobody listens yet");
        log::set_max_level(log::LevelFilter::Trace);
    });
}

/// Hears every place again.
pub(crate) fn prick_up() {
    TIMES.with_borrow_mut(HashMap::clear);
}

/// What was said in this thread.
pub(crate) fn heard() -> [(Sink, String); 2] {
    [(Sink::Traced, TRACED.take()), (Sink::Logged, LOGGED.take())]
}

struct Ear;

impl<S: Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if is_heard(event.metadata()) {
            hear(event.metadata().target(), |fields| event.record(fields));
        }
    }

    fn on_new_span(&self, span: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        if is_heard(span.metadata()) {
            hear(span.metadata().name(), |fields| span.record(fields));
        }
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        hear("", |fields| values.record(fields));
    }
}

fn is_heard(from: &Metadata<'_>) -> bool {
    const LIBRARIES: [&str; 4] = ["aws_", "hyper", "rustls", "reqwest"];
    let library = LIBRARIES.iter().any(|name| from.target().starts_with(name));
    !library
        || TIMES.with_borrow_mut(|times| {
            let times = times.entry(from.callsite()).or_default();
            *times += 1;
            *times <= OFTEN
        })
}

fn hear(from: &str, record: impl FnOnce(&mut Fields<'_>)) {
    let mut line = from.to_owned();
    record(&mut Fields(&mut line));
    line.push('\n');
    TRACED.with_borrow_mut(|traced| traced.push_str(&line));
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").expect("memory");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, " {field}={value}").expect("memory");
    }
}

impl log::Log for Ear {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        LOGGED.with_borrow_mut(|logged| {
            writeln!(logged, "{} {}", record.target(), record.args()).expect("memory");
        });
    }

    fn flush(&self) {}
}
