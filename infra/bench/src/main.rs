//! Measures Lambda executables from outside: how they start, their first event, and their work.
//!
//! It plays Lambda's Runtime API, AWS (the in-memory stand-in of `testing::cloud`) and the provider, each on
//! loopback, and reads the clocks of the process under test alone. Calls are counted, not estimated. What it does
//! for our functions it does for any `bootstrap`: see [`case::Case`].
//!
//! Absolute times vary with the machine. Compare ratios within one run (the bare runtime is always measured
//! alongside) and counts. Units per second include the work of this program, so read them as "at least".
#![expect(
    clippy::disallowed_methods,
    reason = "it measures real time, and hands an environment on"
)]

mod case;
mod costs;
mod feed;
mod figures;
mod goals;
mod http;
mod life;
mod measure;
mod options;
mod prices;
mod process;
mod queued;
mod quota;
mod report;
mod runtime_api;
mod seed;
mod stage;
mod table;
mod tables;
mod template;
mod tls;
mod upstream;
mod vault;

use std::cell::Cell;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use case::Case;
use figures::Figures;
use life::{Lives, Living};
use measure::{First, Load};
use options::{Options, USAGE};
use quota::Quota;
use report::Report;
use stage::{Started, alone};

/// What went wrong, as a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

const DISPATCH: &str = "message-dispatch.json";
const INGRESS: &str = "webhook-ingress.json";
const INGRESS_ALONE: &str = "webhook-ingress-alone.json";
const ROUTER: &str = "inbound-router.json";
const OURS: [&str; 4] = ["bare-runtime.json", DISPATCH, INGRESS, ROUTER];

fn main() -> ExitCode {
    let done = Options::parse(std::env::args().skip(1)).and_then(|options| run(&options));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // With nowhere to write to, there is only the exit code.
            drop(writeln!(std::io::stderr(), "{error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<bool, Failure> {
    let (verb, files) = match options.words.split_first() {
        None => ("ours", [].as_slice()),
        Some((verb, files)) => (verb.as_str(), files),
    };
    match verb {
        "ours" => {
            let options = Options {
                memory_mb: options.memory_mb.or(Some(goals::SMALL_MB)),
                ..options.clone()
            };
            measure_all(&OURS.map(own_case), &options, true)
        }
        "case" if !files.is_empty() => {
            let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
            measure_all(&files, options, false)
        }
        "serve" => serve(files, options).map(|()| true),
        "vault" => alone(vault::measure(options.count)).map(|()| true),
        "seed" => alone(seed::seed()).map(|()| true),
        _ => Err(USAGE.into()),
    }
}

/// A case of ours.
fn own_case(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("cases")
        .join(file)
}

/// Whether everything could be measured, and no count misses its goal. With `lives`, also what our functions cost.
fn measure_all(files: &[PathBuf], options: &Options, lives: bool) -> Result<bool, Failure> {
    let cases: Vec<Case> = files
        .iter()
        .map(|file| Case::read(file))
        .collect::<Result<_, _>>()?;
    let load_average = std::fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok());
    let mut figures: Vec<Figures> = cases
        .iter()
        .map(|case| Figures {
            case: case.name.clone(),
            ..Figures::default()
        })
        .collect();
    for (case, figures) in cases.iter().zip(&mut figures) {
        match measure::size(case.executable()) {
            Ok(size) => figures.set_size(size),
            Err(error) => figures.error = Some(error.to_string()),
        }
    }
    let starts: Vec<Vec<Started>> =
        rounds("starts", options.starts, &cases, &mut figures, |case| {
            alone(measure::start(case, options))
        })?;
    let firsts: Vec<Vec<First>> = rounds(
        "first events",
        options.firsts,
        &cases,
        &mut figures,
        |case| alone(measure::first(case, options, None)),
    )?;
    let mut notes = Vec::new();
    let mut small: Vec<Vec<First>> = Vec::new();
    match options.memory_mb.map(Quota::new) {
        None => {}
        Some(Err(error)) => notes.push(format!("--memory-mb was skipped: {error}")),
        Some(Ok(quota)) => {
            drop(quota);
            small = rounds(
                "first events on a share",
                options.firsts,
                &cases,
                &mut figures,
                |case| alone(measure::first(case, options, options.memory_mb)),
            )?;
        }
    }
    let loads: Vec<Vec<Load>> = rounds("load", options.rounds, &cases, &mut figures, |case| {
        alone(measure::load(case, options))
    })?;
    for (index, figures) in figures.iter_mut().enumerate() {
        figures.set_starts(&starts[index]);
        figures.set_firsts(&firsts[index]);
        figures.set_small_firsts(small.get(index).map_or(&[], Vec::as_slice));
        figures.set_loads(&loads[index]);
    }
    let mut complete = figures.iter().all(|case| case.error.is_none());
    let mut lived = None;
    if lives {
        match live(options) {
            Ok(lives) => lived = Some(lives),
            Err(error) => {
                complete = false;
                notes.push(format!("no costs: {error}"));
            }
        }
    }
    let settings = options.into();
    let report = Report {
        goals: goals::judge(&figures, lived.as_ref(), &settings),
        costs: lived.iter().flat_map(costs::costs).collect(),
        settings,
        load_average,
        notes,
        cases: figures,
    };
    write!(std::io::stdout(), "{}", report.text())?;
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_vec_pretty(&report)?)?;
    }
    if let Some(path) = &options.markdown {
        std::fs::write(path, report.markdown())?;
    }
    Ok(complete && !goals::a_count_is_missed(&report.goals))
}

/// Measures whole lives of containers of our functions.
fn live(options: &Options) -> Result<Lives, Failure> {
    progress("lives of containers, about a minute")?;
    let case = |file| Case::read(&own_case(file));
    let living = Living {
        dispatch: case(DISPATCH)?,
        ingress: case(INGRESS)?,
        ingress_alone: case(INGRESS_ALONE)?,
        router: case(ROUTER)?,
    };
    let lives = alone(living.measure(options));
    progress("")?;
    lives
}

/// Measures the cases in turn, so that what the machine does meanwhile hits them alike. A case that fails once is
/// not measured any more; its error is in its figures.
fn rounds<T>(
    what: &str,
    count: u64,
    cases: &[Case],
    figures: &mut [Figures],
    mut measure: impl FnMut(&Case) -> Result<T, Failure>,
) -> Result<Vec<Vec<T>>, Failure> {
    let mut all: Vec<Vec<T>> = cases.iter().map(|_| Vec::new()).collect();
    for round in 1..=count {
        progress(&format!("{what} {round}/{count}"))?;
        for ((case, figures), measured) in cases.iter().zip(&mut *figures).zip(&mut all) {
            if figures.error.is_some() {
                continue;
            }
            match measure(case) {
                Ok(value) => measured.push(value),
                Err(error) => figures.error = Some(format!("{what}: {error}")),
            }
        }
    }
    progress("")?;
    Ok(all)
}

/// Shows what is being done, to a person.
fn progress(what: &str) -> Result<(), Failure> {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        write!(terminal, "\r{what:40}\r")?;
    }
    Ok(())
}

/// Serves the stand-in, with the keys and queues of those cases, until it is ended.
fn serve(files: &[String], options: &Options) -> Result<(), Failure> {
    let cases: Vec<Case> = files
        .iter()
        .map(|file| Case::read(Path::new(file)))
        .collect::<Result<_, _>>()?;
    let cloud = stage::cloud_of(&cases);
    alone(async {
        let delay = Rc::new(Cell::new(options.aws_delay));
        let port = stage::serve_aws(&cloud, options.port, None, delay).await?;
        writeln!(
            std::io::stdout(),
            "AWS_ENDPOINT_URL=http://127.0.0.1:{port}"
        )?;
        std::future::pending().await
    })
}
