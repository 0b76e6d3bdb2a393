//! What holds across functions: one unbroken audit trail per tenant, and credential versions that never come twice.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod chains;
mod forgetful;
mod shaky;
mod trail;
mod versions;
