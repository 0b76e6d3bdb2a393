//! What may leave, where it may go, and what may come back: the client against hostile addresses, names and servers.
//!
//! No packet leaves the machine: names are looked up in a script, and whatever is dialled is a port of ours.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod answers;
mod hostile;
mod names;
mod proxies;
mod ranges;
mod redirects;
mod refusals;
mod server;
mod sources;
mod stage;
mod texts;
mod tls;
