//! The table of routes, the document that is made of it, and the way from a request to its route.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod document;
mod promises;
mod replies;
mod routing;
