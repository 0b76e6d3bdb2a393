//! What was measured of each executable, as JSON with the unit in each name.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::measure::{First, Load, Size, kms_calls};
use crate::stage::Started;

/// The figures of one case. Medians, unless the name says otherwise; `null` where nothing was measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Figures {
    pub(crate) case: String,
    pub(crate) error: Option<String>,
    pub(crate) file_bytes: Option<u64>,
    pub(crate) zipped_bytes: Option<u64>,
    pub(crate) start_ms: Option<f64>,
    pub(crate) start_slowest_ms: Option<f64>,
    pub(crate) start_cpu_ms: Option<f64>,
    pub(crate) start_resident_mib: Option<f64>,
    pub(crate) first_event_tls_ms: Option<f64>,
    pub(crate) first_event_tls_cpu_ms: Option<f64>,
    pub(crate) first_event_tls_small_ms: Option<f64>,
    pub(crate) first_event_tls_small_cpu_ms: Option<f64>,
    pub(crate) units_per_s: Option<f64>,
    pub(crate) cpu_ms_per_unit: Option<f64>,
    pub(crate) load_resident_mib: Option<f64>,
    pub(crate) aws_calls_per_unit: Option<f64>,
    pub(crate) aws_calls_per_unit_by_operation: BTreeMap<String, f64>,
    pub(crate) kms_calls_per_unit: Option<f64>,
    pub(crate) dynamodb_write_units_per_unit: Option<f64>,
    pub(crate) dynamodb_read_units_per_unit: Option<f64>,
    pub(crate) upstream_calls_per_unit: Option<f64>,
    pub(crate) sent_twice: Option<u64>,
    pub(crate) wrong_credential: Option<u64>,
    pub(crate) failures: Option<u64>,
    pub(crate) statuses: BTreeMap<u16, u64>,
}

impl Figures {
    /// Takes the size.
    pub(crate) fn set_size(&mut self, size: Size) {
        self.file_bytes = Some(size.file);
        self.zipped_bytes = Some(size.zipped);
    }

    /// Takes the starts.
    pub(crate) fn set_starts(&mut self, starts: &[Started]) {
        self.start_ms = median(starts.iter().map(|start| ms(start.took)));
        self.start_slowest_ms = starts.iter().map(|start| ms(start.took)).reduce(f64::max);
        self.start_cpu_ms = median(starts.iter().map(|start| ms(start.usage.cpu)));
        self.start_resident_mib = median(starts.iter().map(|start| mib(start.usage.resident)));
    }

    /// Takes the first events on a whole CPU.
    pub(crate) fn set_firsts(&mut self, firsts: &[First]) {
        self.first_event_tls_ms = median(firsts.iter().map(|first| ms(first.took)));
        self.first_event_tls_cpu_ms = median(firsts.iter().map(|first| ms(first.cpu)));
    }

    /// Takes the first events on a share of a CPU.
    pub(crate) fn set_small_firsts(&mut self, firsts: &[First]) {
        self.first_event_tls_small_ms = median(firsts.iter().map(|first| ms(first.took)));
        self.first_event_tls_small_cpu_ms = median(firsts.iter().map(|first| ms(first.cpu)));
    }

    /// Takes the load runs: times and counts are medians, so that what a minute or an hour adds when it is over is not
    /// taken for a part of the work; faults are summed up.
    pub(crate) fn set_loads(&mut self, loads: &[Load]) {
        let units = |load: &Load| load.units.max(1) as f64;
        let per_unit = |count: &dyn Fn(&Load) -> f64| {
            median(loads.iter().map(|load| count(load) / units(load)))
        };
        let sum = |count: fn(&Load) -> u64| {
            (!loads.is_empty()).then(|| loads.iter().map(count).sum::<u64>())
        };
        self.units_per_s = median(
            loads
                .iter()
                .map(|load| units(load) / load.wall.as_secs_f64()),
        );
        self.cpu_ms_per_unit = per_unit(&|load| ms(load.cpu));
        self.load_resident_mib = median(loads.iter().map(|load| mib(load.resident)));
        self.aws_calls_per_unit = per_unit(&|load| load.aws_calls.values().sum::<u64>() as f64);
        let calls = |load: &Load, operation: &str| {
            load.aws_calls.get(operation).copied().unwrap_or_default() as f64
        };
        for operation in loads.iter().flat_map(|load| load.aws_calls.keys()) {
            if let Some(count) = per_unit(&|load| calls(load, operation)) {
                let by_operation = &mut self.aws_calls_per_unit_by_operation;
                by_operation.insert(operation.clone(), count);
            }
        }
        self.kms_calls_per_unit = per_unit(&|load| kms_calls(&load.aws_calls) as f64);
        self.dynamodb_write_units_per_unit = per_unit(&|load| load.dynamodb.write);
        self.dynamodb_read_units_per_unit = per_unit(&|load| load.dynamodb.read);
        self.upstream_calls_per_unit = per_unit(&|load| load.upstream.calls as f64);
        self.sent_twice = sum(|load| load.upstream.repeated);
        self.wrong_credential = sum(|load| load.upstream.unauthorized);
        self.failures = sum(|load| load.failures);
        for (status, count) in loads.iter().flat_map(|load| &load.statuses) {
            *self.statuses.entry(*status).or_default() += count;
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        length if length % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

#[cfg(test)]
mod tests {
    use testing::cloud::Units;

    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
    }

    fn load(writes: f64, calls: &[(&str, u64)]) -> Load {
        let calls = calls
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count));
        Load {
            units: 10,
            aws_calls: calls.collect(),
            dynamodb: Units {
                read: 0.0,
                write: writes,
            },
            ..Load::empty()
        }
    }

    #[test]
    fn one_run_in_which_an_hour_ended_does_not_change_the_counts() {
        let usual = load(20.0, &[("BatchWriteItem", 2)]);
        let with_the_hour = load(40.0, &[("BatchWriteItem", 3), ("Decrypt", 8)]);
        let mut figures = Figures::default();
        figures.set_loads(&[usual.clone(), with_the_hour.clone(), usual.clone()]);
        assert_eq!(figures.dynamodb_write_units_per_unit, Some(2.0));
        assert_eq!(figures.aws_calls_per_unit, Some(0.2));
        assert_eq!(figures.kms_calls_per_unit, Some(0.0));
        let mut figures = Figures::default();
        figures.set_loads(&[with_the_hour.clone(), with_the_hour, usual]);
        assert_eq!(figures.dynamodb_write_units_per_unit, Some(4.0));
        assert_eq!(figures.kms_calls_per_unit, Some(0.8));
        assert_eq!(figures.aws_calls_per_unit_by_operation["Decrypt"], 0.8);
    }

    #[test]
    fn without_a_load_run_there_is_no_count() {
        let mut figures = Figures::default();
        figures.set_loads(&[]);
        assert_eq!((figures.failures, figures.units_per_s), (None, None));
    }
}
