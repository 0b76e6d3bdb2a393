//! The figures of a run, as JSON with the unit in each name, and as a table with a column per case.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::measure::{First, Load, Size};
use crate::options::Options;
use crate::stage::Started;

/// The figures of one run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// What was asked for.
    pub(crate) settings: Settings,
    /// Load average of the machine before the run; above 1 the times say little, the counts stand.
    pub(crate) load_average: Option<f64>,
    /// What could not be measured on this machine, and why.
    pub(crate) notes: Vec<String>,
    /// One entry per case.
    pub(crate) cases: Vec<Figures>,
}

/// What the figures depend on.
#[derive(Debug, Serialize)]
pub(crate) struct Settings {
    pub(crate) count: u64,
    pub(crate) warmup: u64,
    pub(crate) batch: u64,
    pub(crate) tenants: u64,
    pub(crate) upstream_ms: u64,
    pub(crate) aws_ms: u64,
    pub(crate) duplicates: u64,
    pub(crate) forged: u64,
    pub(crate) memory_mb: Option<u64>,
}

impl From<&Options> for Settings {
    fn from(options: &Options) -> Self {
        let millis = |delay: Duration| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        Self {
            count: options.count,
            warmup: options.warmup,
            batch: options.batch,
            tenants: options.tenants,
            upstream_ms: millis(options.upstream_delay),
            aws_ms: millis(options.aws_delay),
            duplicates: options.duplicates,
            forged: options.forged,
            memory_mb: options.memory_mb,
        }
    }
}

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

    /// Takes the load runs: times are medians, faults are summed up, the counts are those of the last run.
    pub(crate) fn set_loads(&mut self, loads: &[Load]) {
        let Some(last) = loads.last() else { return };
        let units = |load: &Load| load.units.max(1) as f64;
        let sum = |count: fn(&Load) -> u64| Some(loads.iter().map(count).sum());
        self.units_per_s = median(
            loads
                .iter()
                .map(|load| units(load) / load.wall.as_secs_f64()),
        );
        self.cpu_ms_per_unit = median(loads.iter().map(|load| ms(load.cpu) / units(load)));
        self.load_resident_mib = median(loads.iter().map(|load| mib(load.resident)));
        self.aws_calls_per_unit = Some(last.aws_calls.values().sum::<u64>() as f64 / units(last));
        self.aws_calls_per_unit_by_operation = last
            .aws_calls
            .iter()
            .map(|(operation, count)| (operation.clone(), *count as f64 / units(last)))
            .collect();
        self.dynamodb_write_units_per_unit = Some(last.dynamodb.write / units(last));
        self.dynamodb_read_units_per_unit = Some(last.dynamodb.read / units(last));
        self.upstream_calls_per_unit = Some(last.upstream.calls as f64 / units(last));
        self.sent_twice = sum(|load| load.upstream.repeated);
        self.wrong_credential = sum(|load| load.upstream.unauthorized);
        self.failures = sum(|load| load.failures);
        for (status, count) in loads.iter().flat_map(|load| &load.statuses) {
            *self.statuses.entry(*status).or_default() += count;
        }
    }
}

impl Report {
    /// The table.
    pub(crate) fn table(&self) -> String {
        let mut rows: Vec<(String, Vec<String>)> = Vec::new();
        let mut row = |label: &str, value: &dyn Fn(&Figures) -> Option<String>| {
            let cells: Vec<_> = self.cases.iter().map(value).collect();
            if cells.iter().any(Option::is_some) {
                let shown = cells
                    .into_iter()
                    .map(|cell| cell.unwrap_or_else(|| "–".to_owned()));
                rows.push((label.to_owned(), shown.collect()));
            }
        };
        row("", &|case| Some(case.case.clone()));
        row("start to first /next, ms", &|case| number(case.start_ms, 2));
        row("  slowest, ms", &|case| number(case.start_slowest_ms, 2));
        row("  CPU, ms", &|case| number(case.start_cpu_ms, 2));
        row("resident at first /next, MiB", &|case| {
            number(case.start_resident_mib, 1)
        });
        row("resident after load, MiB", &|case| {
            number(case.load_resident_mib, 1)
        });
        row("executable, MB", &|case| {
            number(case.file_bytes.map(megabytes), 2)
        });
        row("zipped, MB", &|case| {
            number(case.zipped_bytes.map(megabytes), 2)
        });
        row("first event over TLS, ms", &|case| {
            number(case.first_event_tls_ms, 1)
        });
        row("  CPU, ms", &|case| number(case.first_event_tls_cpu_ms, 2));
        let share = format!(
            "  at {} MB, ms",
            self.settings.memory_mb.unwrap_or_default()
        );
        row(&share, &|case| number(case.first_event_tls_small_ms, 1));
        row("  at that size, CPU, ms", &|case| {
            number(case.first_event_tls_small_cpu_ms, 2)
        });
        row("units per second", &|case| number(case.units_per_s, 0));
        row("CPU per unit, ms", &|case| number(case.cpu_ms_per_unit, 4));
        row("AWS calls per unit", &|case| {
            number(case.aws_calls_per_unit, 3)
        });
        let mut operations: Vec<&String> = self
            .cases
            .iter()
            .flat_map(|case| case.aws_calls_per_unit_by_operation.keys())
            .collect();
        operations.sort();
        operations.dedup();
        for operation in operations {
            row(&format!("  {operation}"), &|case| {
                number(
                    case.aws_calls_per_unit_by_operation.get(operation).copied(),
                    4,
                )
            });
        }
        row("DynamoDB write units per unit", &|case| {
            number(case.dynamodb_write_units_per_unit, 2)
        });
        row("DynamoDB read units per unit", &|case| {
            number(case.dynamodb_read_units_per_unit, 3)
        });
        row("calls to the provider per unit", &|case| {
            number(case.upstream_calls_per_unit, 3)
        });
        row("sent twice", &|case| {
            case.sent_twice.map(|count| count.to_string())
        });
        row("sent with a wrong credential", &|case| {
            case.wrong_credential.map(|count| count.to_string())
        });
        row("handed back", &|case| {
            case.failures.map(|count| count.to_string())
        });
        row("answers", &|case| {
            let shown = case
                .statuses
                .iter()
                .map(|(status, count)| format!("{count}×{status}"));
            let shown: Vec<String> = shown.collect();
            (!shown.is_empty()).then(|| shown.join(" "))
        });
        let mut table = aligned(&rows);
        for note in &self.notes {
            table.push_str(note);
            table.push('\n');
        }
        for case in &self.cases {
            if let Some(error) = &case.error {
                // Writing to a string cannot fail.
                writeln!(table, "{}: {error}", case.case).unwrap_or_default();
            }
        }
        table
    }
}

fn aligned(rows: &[(String, Vec<String>)]) -> String {
    let width = |text: &String| text.chars().count();
    let first = rows
        .iter()
        .map(|(label, _)| width(label))
        .max()
        .unwrap_or_default();
    let columns = rows.first().map_or(0, |(_, cells)| cells.len());
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .map(|(_, cells)| width(&cells[column]))
                .max()
                .unwrap_or_default()
        })
        .collect();
    let mut table = String::new();
    for (label, cells) in rows {
        let cells = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("  {cell:>width$}"));
        let line = format!("{label:<first$}{}", cells.collect::<String>());
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
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

fn number(value: Option<f64>, decimals: usize) -> Option<String> {
    value.map(|value| format!("{value:.decimals$}"))
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
    }

    #[test]
    fn rows_without_figures_are_left_out() {
        let cases = vec![
            Figures {
                case: "one".into(),
                start_ms: Some(1.234),
                ..Figures::default()
            },
            Figures {
                case: "second".into(),
                error: Some("why".into()),
                ..Figures::default()
            },
        ];
        let options = Options::parse(std::iter::empty()).unwrap();
        let report = Report {
            settings: (&options).into(),
            load_average: None,
            notes: Vec::new(),
            cases,
        };
        let expected = "                           one  second\nstart to first /next, ms  1.23       –\nsecond: why\n";
        assert_eq!(report.table(), expected);
    }
}
