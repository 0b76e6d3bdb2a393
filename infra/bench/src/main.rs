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
mod feed;
mod http;
mod measure;
mod options;
mod process;
mod quota;
mod report;
mod runtime_api;
mod seed;
mod stage;
mod template;
mod tls;
mod upstream;
mod vault;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use case::Case;
use measure::{First, Load};
use options::{Options, USAGE};
use quota::Quota;
use report::{Figures, Report};
use stage::{Started, alone};

/// What went wrong, as a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

const OURS: [&str; 3] = [
    "bare-runtime.json",
    "message-dispatch.json",
    "webhook-ingress.json",
];

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
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
            measure_all(&OURS.map(|file| folder.join(file)), options)
        }
        "case" if !files.is_empty() => {
            let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
            measure_all(&files, options)
        }
        "serve" => serve(files, options).map(|()| true),
        "vault" => alone(vault::measure(options.count)).map(|()| true),
        "seed" => alone(seed::seed()).map(|()| true),
        _ => Err(USAGE.into()),
    }
}

/// Whether all cases could be measured.
fn measure_all(files: &[PathBuf], options: &Options) -> Result<bool, Failure> {
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
    let report = Report {
        settings: options.into(),
        load_average,
        notes,
        cases: figures,
    };
    write!(std::io::stdout(), "{}", report.table())?;
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_vec_pretty(&report)?)?;
    }
    Ok(report.cases.iter().all(|case| case.error.is_none()))
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
        let port = stage::serve_aws(&cloud, options.port, None, options.aws_delay).await?;
        writeln!(
            std::io::stdout(),
            "AWS_ENDPOINT_URL=http://127.0.0.1:{port}"
        )?;
        std::future::pending().await
    })
}
