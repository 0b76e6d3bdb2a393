//! The API's functions behind a small HTTP server on loopback: what stands between them and a client is played, they
//! are not. Tests of what the API promises run against it; see this folder's README.
//!
//! | file | does |
//! | --- | --- |
//! | `server` | accepts connections |
//! | `event` | builds the event of a request, and the response of a reply |
//! | `gateway` | finds the function, and refuses what carries no token |
//! | `people` | who there is, by token |
//! | `switchboard` | the functions, on AWS in memory and with the provider sandbox |
//! | `life` | what has happened before the first request |
//! | `flaw` | a mistake on demand, to show that it is found |

mod event;
mod flaw;
mod gateway;
mod life;
mod people;
mod server;
mod switchboard;

pub use flaw::Flaw;
pub use life::live;
pub use people::{PEOPLE, Person};
pub use server::{Port, Server};
pub use switchboard::Switchboard;
