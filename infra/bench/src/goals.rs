//! The goals of the design, each beside what the run measured.
//!
//! Two kinds: times and sizes, which say something about a machine too, and counts, which do not vary. A count that misses
//! its goal fails the run.

use serde::{Serialize, Serializer};

use crate::figures::Figures;
use crate::life::Lives;
use crate::measure::kms_calls;
use crate::report::Settings;
use crate::table::Table;

/// The case of the smallest function there is.
pub(crate) const BARE: &str = "bare-runtime";
/// The cases that goals are set for.
const FUNCTIONS: [&str; 3] = [DISPATCH, INGRESS, "inbound-router"];
const DISPATCH: &str = "message-dispatch";
const INGRESS: &str = "webhook-ingress";
/// The cases of the same jobs written by hand without the AWS SDK. They are no part of this project; a run that is given
/// them judges by them.
const DISPATCH_FLOOR: &str = "dispatch-floor";
const WEBHOOK_FLOOR: &str = "webhook-floor";
/// The memory size at which a first event has a goal of its own, in MB.
pub(crate) const SMALL_MB: u64 = 128;

/// What is to be said about the table.
pub(crate) const ABOUT: &str = "\
The floors (the same jobs by hand, without the AWS SDK) are no part of this project: a run that is given their cases,
named dispatch-floor and webhook-floor, judges by them. A count that misses its goal fails the run; times vary.
";

/// How a measured value stands to its goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Within it.
    Met,
    /// Beyond it.
    Missed,
    /// The run has no such value.
    NotMeasured,
}

/// What kind of value a goal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Varies,
    Count,
}

/// A goal: the most that a value may be.
#[derive(Debug, Serialize)]
pub(crate) struct Goal {
    what: &'static str,
    at_most: f64,
    /// Decimals that are shown; the verdict is on what is shown.
    #[serde(skip)]
    decimals: usize,
    #[serde(rename = "is_count", serialize_with = "is_count")]
    kind: Kind,
    results: Vec<Judged>,
}

/// A function's value beside a goal.
#[derive(Debug, Serialize)]
struct Judged {
    case: &'static str,
    measured: Option<f64>,
    verdict: Verdict,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_count<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(*kind == Kind::Count)
}

/// Judges a run; nothing if it was made under other circumstances than the goals are set for.
pub(crate) fn judge(cases: &[Figures], lives: Option<&Lives>, settings: &Settings) -> Vec<Goal> {
    let is_ours = |case: &Figures| FUNCTIONS.contains(&case.case.as_str());
    if !settings.are_standard() || !cases.iter().any(is_ours) {
        return Vec::new();
    }
    let run = Run { cases, lives };
    let small = |case: &Figures| {
        let is_small = settings.memory_mb == Some(SMALL_MB);
        case.first_event_tls_small_ms.filter(|_| is_small)
    };
    vec![
        run.all(
            "start to first /next, times the bare runtime",
            (2.0, 2),
            |case| ratio(case.start_ms, run.case(BARE)?.start_ms),
        ),
        run.all("first event over TLS: CPU, ms", (3.0, 2), |case| {
            case.first_event_tls_cpu_ms
        }),
        run.all("first event over TLS at 128 MB, ms", (45.0, 1), small),
        run.all("resident at first /next, MiB", (8.0, 1), |case| {
            case.start_resident_mib
        }),
        run.all("resident after load, MiB", (16.0, 1), |case| {
            case.load_resident_mib
        }),
        run.all("zipped, MB", (3.5, 2), |case| {
            case.zipped_bytes.map(|bytes| bytes as f64 / 1e6)
        }),
        run.one(
            DISPATCH,
            "CPU per message, times the floor",
            (2.5, 2),
            |case| {
                ratio(
                    case.cpu_ms_per_unit,
                    run.case(DISPATCH_FLOOR)?.cpu_ms_per_unit,
                )
            },
        ),
        run.one(
            INGRESS,
            "CPU per webhook, times the floor",
            (2.0, 2),
            |case| {
                ratio(
                    case.cpu_ms_per_unit,
                    run.case(WEBHOOK_FLOOR)?.cpu_ms_per_unit,
                )
            },
        ),
        run.count(DISPATCH, "AWS calls per message", (0.3, 3), |case| {
            case.aws_calls_per_unit
        }),
        run.count(DISPATCH, "KMS calls per message", (0.01, 4), |case| {
            case.kms_calls_per_unit
        }),
        run.count(
            DISPATCH,
            "KMS calls per message, 1,000 tenants with one each, from the start",
            (0.01, 4),
            |_| {
                let sent = &run.lives?.sent.long_tail;
                let calls = kms_calls(&sent.dispatch.aws_calls);
                Some(calls as f64 / sent.messages.max(1) as f64)
            },
        ),
        run.count(
            DISPATCH,
            "DynamoDB write units per message",
            (2.0, 2),
            |case| case.dynamodb_write_units_per_unit,
        ),
        run.count(INGRESS, "AWS calls per webhook", (1.0, 3), |case| {
            case.aws_calls_per_unit
        }),
    ]
}

/// The table: a row per goal, a column per function.
pub(crate) fn table(goals: &[Goal]) -> Table {
    let mut table = Table::new(["goals", "at most"].into_iter().chain(FUNCTIONS));
    for goal in goals {
        let cell = |name: &&str| {
            let judged = goal.results.iter().find(|judged| judged.case == *name);
            judged.map_or_else(|| "–".to_owned(), |judged| goal.shown(judged))
        };
        let head = [goal.what.to_owned(), goal.at_most.to_string()];
        table.add(head.into_iter().chain(FUNCTIONS.iter().map(cell)));
    }
    table
}

/// Whether a count misses its goal: then the code is to blame, not the machine.
pub(crate) fn a_count_is_missed(goals: &[Goal]) -> bool {
    let counts = goals.iter().filter(|goal| goal.kind == Kind::Count);
    counts
        .flat_map(|goal| &goal.results)
        .any(|judged| judged.verdict == Verdict::Missed)
}

impl Goal {
    fn shown(&self, judged: &Judged) -> String {
        match (judged.measured, judged.verdict) {
            (Some(value), Verdict::Missed) => format!("{value:.*} missed", self.decimals),
            (Some(value), _) => format!("{value:.*} met", self.decimals),
            (None, _) => "not measured".to_owned(),
        }
    }
}

/// What goals are held against.
struct Run<'a> {
    cases: &'a [Figures],
    lives: Option<&'a Lives>,
}

impl Run<'_> {
    fn case(&self, name: &str) -> Option<&Figures> {
        self.cases.iter().find(|case| case.case == name)
    }

    fn all(
        &self,
        what: &'static str,
        limit: (f64, usize),
        value: impl Fn(&Figures) -> Option<f64>,
    ) -> Goal {
        self.goal(what, limit, Kind::Varies, &FUNCTIONS, value)
    }

    fn one(
        &self,
        function: &'static str,
        what: &'static str,
        limit: (f64, usize),
        value: impl Fn(&Figures) -> Option<f64>,
    ) -> Goal {
        self.goal(what, limit, Kind::Varies, &[function], value)
    }

    fn count(
        &self,
        function: &'static str,
        what: &'static str,
        limit: (f64, usize),
        value: impl Fn(&Figures) -> Option<f64>,
    ) -> Goal {
        self.goal(what, limit, Kind::Count, &[function], value)
    }

    fn goal(
        &self,
        what: &'static str,
        (at_most, decimals): (f64, usize),
        kind: Kind,
        functions: &[&'static str],
        value: impl Fn(&Figures) -> Option<f64>,
    ) -> Goal {
        let results = functions.iter().map(|&case| {
            let measured = self.case(case).and_then(&value);
            Judged {
                case,
                measured,
                verdict: verdict(measured, at_most, decimals),
            }
        });
        Goal {
            what,
            at_most,
            decimals,
            kind,
            results: results.collect(),
        }
    }
}

fn verdict(measured: Option<f64>, at_most: f64, decimals: usize) -> Verdict {
    let shown = |value: f64| (value * 10_f64.powi(i32::try_from(decimals).unwrap_or(0))).round();
    match measured {
        None => Verdict::NotMeasured,
        Some(value) if shown(value) <= shown(at_most) => Verdict::Met,
        Some(_) => Verdict::Missed,
    }
}

fn ratio(of: Option<f64>, to: Option<f64>) -> Option<f64> {
    let to = to.filter(|to| *to > 0.0)?;
    Some(of? / to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    fn settings(arguments: &str) -> Settings {
        let words = arguments.split_whitespace().map(str::to_owned);
        (&Options::parse(words).unwrap()).into()
    }

    fn standard() -> Settings {
        settings("--memory-mb 128")
    }

    /// A run that meets every goal it can be held against.
    fn good() -> Vec<Figures> {
        let function = |name: &str| Figures {
            case: name.to_owned(),
            start_ms: Some(1.9),
            first_event_tls_cpu_ms: Some(2.9),
            first_event_tls_small_ms: Some(32.0),
            start_resident_mib: Some(7.9),
            load_resident_mib: Some(10.8),
            zipped_bytes: Some(3_490_000),
            cpu_ms_per_unit: Some(0.08),
            aws_calls_per_unit: Some(0.2),
            kms_calls_per_unit: Some(0.0),
            dynamodb_write_units_per_unit: Some(2.0),
            ..Figures::default()
        };
        let bare = Figures {
            case: BARE.to_owned(),
            start_ms: Some(1.3),
            ..Figures::default()
        };
        let mut cases: Vec<Figures> = FUNCTIONS.map(function).into();
        cases[1].aws_calls_per_unit = Some(1.0);
        cases.push(bare);
        cases
    }

    fn lives(kms: u64) -> Lives {
        let mut lives = Lives::default();
        let sent = &mut lives.sent.long_tail;
        sent.messages = 1_000;
        sent.dispatch.aws_calls.insert("Decrypt".into(), kms);
        lives
    }

    fn verdicts(goals: &[Goal], what: &str) -> Vec<Verdict> {
        let goal = goals.iter().find(|goal| goal.what.starts_with(what));
        let results = goal.expect("a goal").results.iter();
        results.map(|judged| judged.verdict).collect()
    }

    #[test]
    fn what_is_within_its_goal_is_met() {
        let lives = lives(8);
        let goals = judge(&good(), Some(&lives), &standard());
        for goal in &goals {
            let expected = match goal.what.contains("floor") {
                true => Verdict::NotMeasured,
                false => Verdict::Met,
            };
            assert!(
                goal.results.iter().all(|judged| judged.verdict == expected),
                "{goal:?}"
            );
        }
        assert!(!a_count_is_missed(&goals));
    }

    #[test]
    fn what_is_beyond_its_goal_is_missed_and_only_counts_fail_the_run() {
        type Spoil = fn(&mut Figures);
        let spoiled: [(&str, bool, Spoil); 9] = [
            ("start to first", false, |case| case.start_ms = Some(2.7)),
            ("first event over TLS: CPU", false, |case| {
                case.first_event_tls_cpu_ms = Some(3.01);
            }),
            ("first event over TLS at 128", false, |case| {
                case.first_event_tls_small_ms = Some(46.0);
            }),
            ("resident at first", false, |case| {
                case.start_resident_mib = Some(8.1);
            }),
            ("resident after load", false, |case| {
                case.load_resident_mib = Some(16.1);
            }),
            ("zipped", false, |case| case.zipped_bytes = Some(3_510_000)),
            ("AWS calls per message", true, |case| {
                case.aws_calls_per_unit = Some(0.4);
            }),
            ("KMS calls per message", true, |case| {
                case.kms_calls_per_unit = Some(0.02);
            }),
            ("DynamoDB write units", true, |case| {
                case.dynamodb_write_units_per_unit = Some(2.1);
            }),
        ];
        for (what, fails, spoil) in spoiled {
            let mut cases = good();
            spoil(&mut cases[0]);
            let goals = judge(&cases, Some(&lives(8)), &standard());
            assert_eq!(verdicts(&goals, what)[0], Verdict::Missed, "{what}");
            assert_eq!(a_count_is_missed(&goals), fails, "{what}");
            let missed = table(&goals).text().matches("missed").count();
            assert_eq!(missed, 1, "{what}");
        }
        let mut cases = good();
        cases[1].aws_calls_per_unit = Some(1.1);
        let goals = judge(&cases, Some(&lives(8)), &standard());
        assert_eq!(verdicts(&goals, "AWS calls per webhook"), [Verdict::Missed]);
        assert!(a_count_is_missed(&goals));
    }

    #[test]
    fn kms_calls_of_the_long_tail_are_counted_from_the_start() {
        let what = "KMS calls per message, 1,000";
        for (calls, expected) in [(10, Verdict::Met), (11, Verdict::Missed)] {
            let goals = judge(&good(), Some(&lives(calls)), &standard());
            assert_eq!(verdicts(&goals, what), [expected]);
        }
        let goals = judge(&good(), None, &standard());
        assert_eq!(verdicts(&goals, what), [Verdict::NotMeasured]);
        assert!(!a_count_is_missed(&goals));
    }

    #[test]
    fn a_floor_that_is_measured_in_the_same_run_is_judged_by() {
        for (cpu, expected) in [(0.04, Verdict::Met), (0.03, Verdict::Missed)] {
            let mut cases = good();
            cases.push(Figures {
                case: DISPATCH_FLOOR.to_owned(),
                cpu_ms_per_unit: Some(cpu),
                ..Figures::default()
            });
            let goals = judge(&cases, None, &standard());
            assert_eq!(verdicts(&goals, "CPU per message"), [expected]);
            assert_eq!(verdicts(&goals, "CPU per webhook"), [Verdict::NotMeasured]);
        }
    }

    #[test]
    fn under_other_circumstances_nothing_is_judged() {
        for other in [
            "--batch 1",
            "--duplicates 5",
            "--forged 5",
            "--upstream-ms 80",
            "--aws-ms 5",
            "--tenants 500",
        ] {
            assert!(judge(&good(), None, &settings(other)).is_empty(), "{other}");
        }
        let goals = judge(&good(), None, &settings("--memory-mb 512"));
        assert_eq!(
            verdicts(&goals, "first event over TLS at 128"),
            [Verdict::NotMeasured; 3]
        );
        let foreign = [Figures {
            case: "another".to_owned(),
            ..Figures::default()
        }];
        assert!(judge(&foreign, None, &standard()).is_empty());
    }

    #[test]
    fn what_is_told_to_machines_names_value_goal_and_verdict() {
        let goals = judge(&good(), None, &standard());
        let json = serde_json::to_value(&goals).unwrap();
        let goal = json
            .as_array()
            .unwrap()
            .iter()
            .find(|goal| goal["what"] == "AWS calls per message");
        let goal = goal.unwrap();
        assert_eq!(
            (&goal["at_most"], &goal["is_count"]),
            (&0.3.into(), &true.into())
        );
        assert_eq!(goal["results"][0]["verdict"], "met");
        assert_eq!(goal["results"][0]["measured"], 0.2);
    }
}
