//! A world in one process, in which the dispatcher's promises are tried: AWS in memory, a provider that answers as it is
//! told, and the functions themselves, in processes that die. See this folder's README.
//!
//! | file | does |
//! | --- | --- |
//! | `world` | everything there is, and what can be done in it |
//! | `source` `queue` `process` | Lambda: batches, deliveries, deadlines, acknowledgements |
//! | `point` `life` `reapers` | where processes may die, how, and who decides it |
//! | `powers` `weather` | how often AWS fails |
//! | `provider` `news` | the other side: requests that arrive, news that it tells later |
//! | `doors` | the way in: webhooks, the ingress, the inbound queue, routers |
//! | `message` `judge` | what was asked for, and what came of it |
//! | `defect` | mistakes on purpose, which the judge must find |
//! | `runs` `clock` | many worlds, each with a time of its own |
#![expect(
    clippy::expect_used,
    reason = "a world that cannot be made says what it expected"
)]

pub mod clock;
pub mod defect;
pub mod doors;
pub mod judge;
mod life;
pub mod message;
mod news;
pub mod point;
pub mod powers;
mod process;
pub mod provider;
mod queue;
pub mod reapers;
pub mod runs;
pub mod source;
pub mod weather;
pub mod world;
