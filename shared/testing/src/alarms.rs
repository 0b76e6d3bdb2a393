//! What is reported to operators: errors in the log.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, set_default};
use tracing::{Event, Level, Metadata, Subscriber};

/// An error in the log, as `name=value` for each of its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alarm(Vec<(&'static str, String)>);

impl Alarm {
    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().find(|(field, _)| *field == name);
        field.map(|(_, value)| value.as_str())
    }
}

impl Visit for Alarm {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }
}

/// Keeps the errors that this thread logs, as long as it lives.
pub struct Alarms {
    seen: Arc<Mutex<Vec<Alarm>>>,
    _guard: DefaultGuard,
}

impl Alarms {
    /// Begins.
    pub fn watch() -> Self {
        let seen = Arc::default();
        let log = Log(Arc::clone(&seen));
        Self {
            seen,
            _guard: set_default(log),
        }
    }

    /// Those since the last call.
    pub fn take(&self) -> Vec<Alarm> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Log(Arc<Mutex<Vec<Alarm>>>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() == Level::ERROR
    }

    fn event(&self, event: &Event<'_>) {
        let mut alarm = Alarm::default();
        event.record(&mut alarm);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(alarm);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
