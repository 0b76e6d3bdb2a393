//! Shows the rings.

use domain::Timestamp;
use domain::key_ring::OwnRing;
use serde::Serialize;

use super::known::Ring;
use crate::failure::Failure;
use crate::names::{KmsKey, PURPOSES, Tenant};
use crate::run::Run;
use crate::table::table;
use crate::voice::{Outcome, Voice};

/// Records of a version are counted up to here.
const MOST: usize = 10_000;

/// All versions of all rings.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    rings: Vec<Version>,
}

#[derive(Debug, Serialize)]
struct Version {
    ring: String,
    purpose: &'static str,
    version: u32,
    kms_key: String,
    seals: bool,
    created_at: Timestamp,
    records: usize,
    more_records: bool,
}

pub(super) async fn list(
    run: &Run<'_>,
    kms_keys: &[KmsKey],
    tenant: Option<&Tenant>,
    voice: &mut Voice<'_>,
) -> Result<Listed, Failure> {
    let context = run.context;
    let own = tenant.into_iter().flat_map(|tenant| {
        PURPOSES.map(|purpose| OwnRing::of(purpose, &tenant.0).as_str().to_owned())
    });
    let kms_keys = kms_keys.iter().map(|key| key.0.clone());
    let rings = Ring::find_all(context, kms_keys, own).await?;
    voice.tell(format_args!("{} rings; counting records", rings.len()));
    let mut listed = Listed { rings: Vec::new() };
    for ring in &rings {
        let sealing = ring.sealing().map(|row| row.version);
        for row in &ring.versions {
            let records = context
                .records
                .count(&ring.name, row.version, None, MOST + 1)
                .await?;
            listed.rings.push(Version {
                ring: ring.name.clone(),
                purpose: ring.purpose.name(),
                version: row.version,
                kms_key: row.kms_key.clone(),
                seals: Some(row.version) == sealing,
                created_at: row.created_at,
                records: records.min(MOST),
                more_records: records > MOST,
            });
        }
    }
    Ok(listed)
}

impl Outcome for Listed {
    fn text(&self) -> String {
        let rows: Vec<[String; 6]> = self
            .rings
            .iter()
            .map(|row| {
                [
                    row.ring.clone(),
                    row.version.to_string(),
                    if row.seals { "seals" } else { "opens" }.to_owned(),
                    format!("{}{}", row.records, if row.more_records { "+" } else { "" }),
                    row.created_at.to_string(),
                    row.kms_key.clone(),
                ]
            })
            .collect();
        table(
            ["ring", "version", "does", "records", "created", "KMS key"],
            &rows,
        )
    }
}
