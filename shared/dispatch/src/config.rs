//! What a dispatcher is told by its function.

use providers::Overrides;
use providers::address::OwnHosts;
use providers::platform::PlatformAccounts;

/// Tables, queues, and how providers are reached.
#[derive(Debug)]
pub struct Config {
    /// The Integrations table.
    pub integrations_table: String,
    /// The Activity table.
    pub activity_table: String,
    /// The KeyRings table.
    pub key_rings_table: String,
    /// The Audit table.
    pub audit_table: String,
    /// URL of the queue that the function serves: what has to wait is put back there.
    pub queue: String,
    /// URL of its dead-letter queue: what nobody can read or bring about goes there.
    pub dead_letter_queue: String,
    /// Where providers are reached instead of at their usual addresses.
    pub overrides: Overrides,
    /// Where we are reached ourselves.
    pub own_hosts: OwnHosts,
    /// The platform's own accounts.
    pub platform: PlatformAccounts,
}
