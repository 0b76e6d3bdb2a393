//! The dispatcher against AWS in memory and the provider sandbox on loopback.

mod errors;
mod exactly_once;
mod stage;
