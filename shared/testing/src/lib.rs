//! What tests and the bench stand on; never a dependency of anything that is deployed.
//!
//! * [`cloud`]: the AWS services we call, in memory, spoken to by the real SDK.
//! * [`clock`]: a clock that moves when it is told to.
//! * [`dice`]: random choices that can be repeated.
//! * [`alarms`]: what is reported to operators.
//! * [`switchboard`]: our own tables, keys and queues in it.
//! * [`scan`]: finds a secret in bytes, however it was encoded.

pub mod alarms;
pub mod clock;
pub mod cloud;
pub mod dice;
pub mod scan;
pub mod switchboard;
