//! The words Switchboard is made of: tenants and callers, integrations, messages and their ledger, inbound
//! events, failures. Pure types and rules; nothing in this crate does I/O.

pub mod agent;
pub mod audit;
pub mod caller;
pub mod credentials;
pub mod event;
pub mod failure;
pub mod figures;
pub mod grant;
pub mod ids;
pub mod integration;
pub mod key_ring;
pub mod ledger;
pub mod message;
pub mod opening;
pub mod phone;
pub mod random;
pub mod resolution;
pub mod route;
pub mod seal;
pub mod secret;
pub mod text;
pub mod time;

pub use agent::Agent;
pub use caller::{Caller, Role};
pub use credentials::Credentials;
pub use failure::{Failure, FailureKind};
pub use ids::{AgentId, IntegrationId, MessageId, NumberId, ProviderId, TenantId, UserId};
pub use integration::Integration;
pub use seal::Sealed;
pub use secret::{Given, Plaintext};
pub use time::{Clock, Timestamp};
