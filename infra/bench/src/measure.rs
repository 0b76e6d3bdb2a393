//! The measurements: how big it is, how it starts, its first event, and its work.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::Deserialize;
use testing::cloud::Units;

use crate::Failure;
use crate::case::{Case, Feed};
use crate::feed::Feeder;
use crate::options::Options;
use crate::process::{Usage, cpu};
use crate::quota::Quota;
use crate::runtime_api::Answer;
use crate::stage::{Stage, Started};
use crate::upstream::Seen;

/// Bytes that a ZIP file adds to its one compressed entry.
const ZIP_OVERHEAD: u64 = 130;

/// How big an executable is, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// The file.
    pub(crate) file: u64,
    /// In a ZIP file, as it is uploaded.
    pub(crate) zipped: u64,
}

/// A first event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct First {
    /// From handing it over to its answer.
    pub(crate) took: Duration,
    /// CPU time it took.
    pub(crate) cpu: Duration,
}

/// A load run, after warming up.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// Units of work: SQS records or webhooks. Repeated and forged ones are not counted, their cost is.
    pub(crate) units: u64,
    /// Time from the first event to the last answer.
    pub(crate) wall: Duration,
    /// CPU time of the process.
    pub(crate) cpu: Duration,
    /// Bytes resident afterwards.
    pub(crate) resident: u64,
    /// AWS calls by operation.
    pub(crate) aws_calls: BTreeMap<String, u64>,
    /// What DynamoDB would bill.
    pub(crate) dynamodb: Units,
    /// What the provider saw.
    pub(crate) upstream: Seen,
    /// Records that were handed back.
    pub(crate) failures: u64,
    /// HTTP answers by status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// AWS calls that the stand-in does not know; then the figures mean nothing.
    pub(crate) refused: Vec<String>,
}

/// Reads and compresses the executable.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn size(executable: &Path) -> Result<Size, Failure> {
    let bytes =
        std::fs::read(executable).map_err(|error| format!("{}: {error}", executable.display()))?;
    let mut encoder = DeflateEncoder::new(Counter(0), Compression::best());
    encoder.write_all(&bytes)?;
    Ok(Size {
        file: bytes.len() as u64,
        zipped: encoder.finish()?.0 + ZIP_OVERHEAD,
    })
}

/// Starts it once.
///
/// # Errors
/// If it does not start.
pub(crate) async fn start(case: &Case, options: &Options) -> Result<Started, Failure> {
    let stage = Stage::set(case, options, false).await?;
    let (_process, started) = stage.start(None).await?;
    Ok(started)
}

/// Starts it and gives it one event over TLS; with `memory_mb`, under that CPU share.
///
/// # Errors
/// If it does not start or the event fails.
pub(crate) async fn first(
    case: &Case,
    options: &Options,
    memory_mb: Option<u64>,
) -> Result<First, Failure> {
    let stage = Stage::set(case, options, true).await?;
    stage.seed().await?;
    let quota = memory_mb.map(Quota::new).transpose()?;
    let (process, started) = stage.start(quota).await?;
    let mut feeder = Feeder::new(&case.feed, options.tenants, 1);
    let answer = stage.runtime.invoke(feeder.next()).await?;
    let used = cpu(process.id()).unwrap_or_default();
    let mut tally = Load::empty();
    tally.note(&case.feed, &answer);
    tally.check(&stage)?;
    if tally.has_failed() {
        let answer = String::from_utf8_lossy(&answer.body);
        return Err(format!("the first event was not done: {answer}").into());
    }
    Ok(First {
        took: answer.took,
        cpu: used.saturating_sub(started.usage.cpu),
    })
}

/// Starts it, warms it up and gives it work.
///
/// # Errors
/// If it does not start or an event fails.
pub(crate) async fn load(case: &Case, options: &Options) -> Result<Load, Failure> {
    let stage = Stage::set(case, options, false).await?;
    stage.seed().await?;
    let (process, _) = stage.start(None).await?;
    let mut feeder = Feeder::new(&case.feed, options.tenants, options.batch);
    let per_event = feeder.units_per_event();
    for _ in 0..options.warmup.div_ceil(per_event) {
        stage.runtime.invoke(feeder.next()).await?;
    }
    stage.cloud.reset_counts();
    stage.upstream.reset();
    let is_webhook = matches!(case.feed, Feed::Webhook { .. });
    let every = |nth: u64, number: u64| nth > 0 && number.is_multiple_of(nth);
    let mut load = Load::empty();
    let before = Usage::of(process.id());
    let began = Instant::now();
    for number in 1..=options.count.div_ceil(per_event) {
        if is_webhook && every(options.forged, number) {
            load.note(
                &case.feed,
                &stage.runtime.invoke(feeder.next_forged()).await?,
            );
        }
        let event = feeder.next();
        load.note(&case.feed, &stage.runtime.invoke(event.clone()).await?);
        load.units += per_event;
        if every(options.duplicates, number) {
            load.note(&case.feed, &stage.runtime.invoke(event).await?);
        }
    }
    load.wall = began.elapsed();
    let after = Usage::of(process.id());
    load.cpu = after.cpu.saturating_sub(before.cpu);
    load.resident = after.resident;
    load.check(&stage)?;
    Ok(load)
}

/// The calls among these that KMS bills.
pub(crate) fn kms_calls(calls: &BTreeMap<String, u64>) -> u64 {
    sum_of(
        calls,
        &["Decrypt", "Encrypt", "GenerateDataKey", "ReEncrypt"],
    )
}

/// How often one of those operations was called.
pub(crate) fn sum_of(calls: &BTreeMap<String, u64>, operations: &[&str]) -> u64 {
    operations.iter().filter_map(|name| calls.get(*name)).sum()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerBody {
    #[serde(default)]
    batch_item_failures: Vec<serde::de::IgnoredAny>,
    status_code: Option<u16>,
}

impl Load {
    /// Nothing yet.
    pub(crate) fn empty() -> Self {
        Self {
            units: 0,
            wall: Duration::ZERO,
            cpu: Duration::ZERO,
            resident: 0,
            aws_calls: BTreeMap::new(),
            dynamodb: Units::default(),
            upstream: Seen {
                calls: 0,
                repeated: 0,
                unauthorized: 0,
            },
            failures: 0,
            statuses: BTreeMap::new(),
            refused: Vec::new(),
        }
    }

    /// Takes an answer.
    pub(crate) fn note(&mut self, feed: &Feed, answer: &Answer) {
        let body: Option<AnswerBody> = serde_json::from_slice(&answer.body).ok();
        match (feed, body) {
            (Feed::Plain, _) => {}
            (Feed::Sqs { .. }, Some(body)) => {
                self.failures += body.batch_item_failures.len() as u64
            }
            (
                Feed::Webhook { .. },
                Some(AnswerBody {
                    status_code: Some(status),
                    ..
                }),
            ) => {
                *self.statuses.entry(status).or_default() += 1;
            }
            (_, _) => self.failures += 1,
        }
    }

    /// Whether something that it was given was not done.
    pub(crate) fn has_failed(&self) -> bool {
        self.failures > 0 || self.statuses.keys().any(|status| *status >= 300)
    }

    /// Takes the counts of the servers and refuses figures that mean nothing.
    ///
    /// # Errors
    /// If the stand-in was asked for something that it does not know.
    pub(crate) fn check(&mut self, stage: &Stage) -> Result<(), Failure> {
        self.aws_calls = stage.cloud.counts();
        self.dynamodb = stage.cloud.units();
        self.upstream = stage.upstream.seen();
        self.refused = stage.cloud.refused();
        match self.refused.first() {
            Some(refused) => {
                Err(format!("the AWS stand-in does not know what it was asked: {refused}").into())
            }
            None => Ok(()),
        }
    }
}

struct Counter(u64);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
