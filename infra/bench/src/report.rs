//! What a run found: the figures of each case, the goals beside them, and what it would cost; as text, as Markdown and as
//! JSON.

use std::time::Duration;

use serde::Serialize;

use crate::costs::{self, Costs};
use crate::figures::Figures;
use crate::goals::{self, Goal};
use crate::options::Options;
use crate::table::Table;

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
    /// What is asked of the functions; none if the run cannot be judged.
    pub(crate) goals: Vec<Goal>,
    /// What AWS would bill; none if that was not measured.
    pub(crate) costs: Vec<Costs>,
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

impl Settings {
    /// Whether the run was made as the goals have it: batches of ten for tenants that are known, and nothing in the way.
    pub(crate) fn are_standard(&self) -> bool {
        let hindrances = [self.upstream_ms, self.aws_ms, self.duplicates, self.forged];
        self.batch == 10 && self.tenants <= self.warmup && hindrances == [0; 4]
    }
}

impl Report {
    /// Everything, as a terminal shows it.
    pub(crate) fn text(&self) -> String {
        let mut text = self.figures().text();
        for remark in self.remarks() {
            text.push_str(&remark);
            text.push('\n');
        }
        for (table, about) in self.verdicts() {
            text.push('\n');
            text.push_str(&table.text());
            text.push_str(&about);
        }
        text
    }

    /// Everything, as a page.
    pub(crate) fn markdown(&self) -> String {
        let mut text = self.figures().markdown();
        for remark in self.remarks() {
            text.push_str(&format!("\n{remark}\n"));
        }
        for (table, about) in self.verdicts() {
            text.push('\n');
            text.push_str(&table.markdown());
            if !about.is_empty() {
                text.push('\n');
                text.push_str(&about);
            }
        }
        text
    }

    /// What could not be measured, and why.
    fn remarks(&self) -> impl Iterator<Item = String> {
        let errors = self.cases.iter().filter_map(|case| {
            let error = case.error.as_ref()?;
            Some(format!("{}: {error}", case.case))
        });
        self.notes.iter().cloned().chain(errors)
    }

    /// The goals and the costs, each with what is to be said about it.
    fn verdicts(&self) -> Vec<(Table, String)> {
        let mut verdicts = Vec::new();
        if !self.goals.is_empty() {
            verdicts.push((goals::table(&self.goals), goals::ABOUT.to_owned()));
        }
        for (place, costs) in self.costs.iter().enumerate() {
            let is_last = place + 1 == self.costs.len();
            let about = is_last.then(costs::terms).unwrap_or_default();
            verdicts.push((costs.table(), about));
        }
        verdicts
    }

    /// A row per figure, a column per case.
    fn figures(&self) -> Table {
        let names = self.cases.iter().map(|case| case.case.as_str());
        let mut table = Table::new([""].into_iter().chain(names));
        let mut row = |label: &str, value: &dyn Fn(&Figures) -> Option<String>| {
            let cells: Vec<_> = self.cases.iter().map(value).collect();
            if cells.iter().any(Option::is_some) {
                let shown = cells
                    .into_iter()
                    .map(|cell| cell.unwrap_or_else(|| "–".to_owned()));
                table.add([label.to_owned()].into_iter().chain(shown));
            }
        };
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
        table
    }
}

fn number(value: Option<f64>, decimals: usize) -> Option<String> {
    value.map(|value| format!("{value:.decimals$}"))
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

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
            goals: Vec::new(),
            costs: Vec::new(),
        };
        let expected = "                           one  second\nstart to first /next, ms  1.23       –\nsecond: why\n";
        assert_eq!(report.text(), expected);
        let expected = "|  | one | second |\n| --- | ---: | ---: |\n| start to first /next, ms | 1.23 | – |\n\nsecond: why\n";
        assert_eq!(report.markdown(), expected);
    }
}
