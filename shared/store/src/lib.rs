//! DynamoDB: what is kept, under which keys, and the few ways to read and write it.
//!
//! [`keys`] shows the tables on one screen. Then one file per thing stored. Every read and write names the
//! tenant in its partition key; only webhook routes and account claims, which are how a tenant is found from
//! outside, are keyed by a hash. There is no scan.

pub mod acceptance;
pub mod activity;
pub mod agents;
pub mod audit;
mod batch;
pub mod changes;
mod error;
pub mod figures;
pub mod grants;
mod inserts;
pub mod integrations;
mod item;
pub mod key_rings;
pub mod keys;
pub mod ledger;
pub mod notifications;
pub mod openings;
pub mod page;
pub mod parked;
pub mod permissions;
pub mod phone_numbers;
mod prefix;
pub mod previous;
mod recorded;
mod removed;
mod rosters;
pub mod routes;
pub mod sealed_records;
pub mod tenants;
pub mod verdicts;

pub use error::WriteError;
