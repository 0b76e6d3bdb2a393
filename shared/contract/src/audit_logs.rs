//! The audit trail.

use domain::audit::AuditRecord;
use schemars::JsonSchema;
use serde::Serialize;

/// A line of the trail.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AuditLine {
    /// Its number in the organisation's chain, from 1.
    pub number: u64,
    /// SHA-256 of the record and of the hash before it, in hexadecimal.
    pub hash: String,
    /// What happened.
    #[serde(flatten)]
    pub record: AuditRecord,
}
