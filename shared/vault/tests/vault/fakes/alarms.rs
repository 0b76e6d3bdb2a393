//! What the vault reports to its operators.

pub(crate) use testing::alarms::Alarms;
