//! Which credential serves a send: examples one by one, and random states against the rules in plain words.
//!
//! | requirement | says | shown by |
//! | --- | --- | --- |
//! | S0-9, S0-18, S2-39 | the owner's own first | `the_first_in_line_serves` |
//! | S0-10, S0-19 | only what is connected, enabled and has a key | `what_is_switched_off_steps_aside_and_what_was_refused_does_not` |
//! | S0-11, S0-20, S0-44, S0-45, S0-49, S1-87, S2-55 | then the platform's own, here under a live grant alone (T3) | `the_platforms_account_serves_under_a_live_grant_alone` |
//! | S0-28, S0-29, S0-30 | for whom: user, else assignee, else creator | `the_first_in_line_serves` |
//! | S0-42 | an AI's call is simulated where nothing is configured | `calls_of_an_ai_are_simulated_where_nothing_is_configured` |
//! | S0-43, S3-28 | WhatsApp is an error that says so | `random_states`, dispatch's `platform` tests |
//! | S3-11, S3-12, S3-14 | an agent's own number | `what_is_bound_or_named_is_never_replaced` |
//! | S3-25 | a tenant that has moved leaves the platform's account | `the_platforms_account_serves_under_a_live_grant_alone` |
//! | S3-27, S3-29, S3-30 | nothing is needed in the environment | dispatch's `s3_27…` and `b6…`; the end-to-end stack has none |
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says what it expected"
)]

mod examples;
mod oracle;
mod random_states;
mod state;
