//! What the HTTP API promises: its routes, who may use them, what they take and what they give.
//!
//! [`routes::ROUTES`] is the whole API as a table. Functions find the operation that a request asks for in it ([`lookup`]), and
//! the OpenAPI document ([`document`]) is made of it, so no route, parameter or field is described a second time. The
//! types of bodies stand in a module per resource; the fields of a provider are those of its descriptor ([`forms`]).

pub mod agents;
pub mod analytics;
pub mod audit_logs;
pub mod credentials;
pub mod document;
pub mod events;
pub mod fields;
pub mod filled;
pub mod forms;
pub mod integrations;
mod links;
pub mod lookup;
pub mod messages;
pub mod notifications;
pub mod older;
mod operation;
pub mod pace;
pub mod page;
mod path;
pub mod phone_numbers;
pub mod platform;
mod problems;
pub mod route;
pub mod routes;
pub mod system;
mod text;
pub mod webhooks;

pub use lookup::{Miss, Request};
pub use operation::Operation;
pub use pace::{Cost, Pace, Quotas};
pub use route::{Access, Function, Route};
