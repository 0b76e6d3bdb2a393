//! What a panic may say: where it was. Its text may hold anything, for whoever panics puts values in it.

use std::panic::{Location, set_hook};

/// From now on a panic is one line in the log, without its text and without a backtrace.
pub(crate) fn keep_quiet() {
    set_hook(Box::new(|panic| {
        let file = panic.location().map(Location::file);
        let line = panic.location().map(Location::line);
        tracing::error!(file, line, "panic");
    }));
}
