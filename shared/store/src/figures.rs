//! Hourly figures per integration: what each container counted within an hour is one item, and whoever reads adds them
//! up.

mod book;

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use domain::failure::StoreError;
use domain::figures::{Figures, Hour};
use domain::ids::{IntegrationId, TenantId};

pub use book::{Due, FigureBook};

use crate::error::unavailable;
use crate::item::{Attributes, Reader, json, keyed, number, text};
use crate::keys::{self, SK, TTL};
use crate::ledger::RETENTION;

/// The figures, as JSON.
const FIGURES: &str = "figures";

/// Calls that read figures, at a megabyte each: some sixty thousand items, a month of a hundred containers that never
/// rest.
const LOOKS: usize = 20;

/// The figures' part of the Activity table, to read.
#[derive(Debug, Clone)]
pub struct HourlyFigures {
    client: Client,
    table: String,
}

/// An integration's figures, hour by hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// The first hour that is told of: later than asked for if there was too much to read.
    pub from: Hour,
    /// Hours in which something happened.
    pub hours: BTreeMap<Hour, Figures>,
}

impl Hours {
    /// All of them added up.
    pub fn sum(&self) -> Figures {
        let mut sum = Figures::default();
        self.hours.values().for_each(|one| sum.add(one));
        sum
    }
}

impl HourlyFigures {
    /// Opens the table of that name.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The figures of the hours from `from` until before `to`. What was counted within the last minute may be missing.
    ///
    /// # Errors
    /// [`StoreError`] if the table does not answer or a record is malformed.
    pub async fn read(
        &self,
        tenant: &TenantId,
        of: &IntegrationId,
        from: Hour,
        to: Hour,
    ) -> Result<Hours, StoreError> {
        let mut hours: BTreeMap<Hour, Figures> = BTreeMap::new();
        let mut start = None;
        for _ in 0..LOOKS {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :tenant AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":tenant", text(tenant.as_str()))
                .expression_attribute_values(":from", text(keys::figures_from(of, from)))
                .expression_attribute_values(":to", text(keys::figures_from(of, to)))
                .scan_index_forward(false)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(unavailable)?;
            for item in page.items() {
                let item = Reader(item);
                let hour = keys::hour_of_figures(of, item.text(SK)?);
                let figures: Figures = item.json(FIGURES)?;
                let sum = hours.entry(hour.ok_or(StoreError::Malformed(SK))?);
                sum.or_default().add(&figures);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(Hours { from, hours });
            }
        }
        // The last hour that was looked at may not be whole.
        let from = hours.pop_first().map_or(from, |(hour, _)| hour.later(1));
        Ok(Hours { from, hours })
    }
}

fn item(tenant: &TenantId, sk: String, hour: Hour, figures: &Figures) -> Attributes {
    let mut item = keyed(tenant.as_str(), sk);
    item.insert(TTL.into(), number(hour.end().after(RETENTION).seconds()));
    item.insert(FIGURES.into(), json(figures));
    item
}
