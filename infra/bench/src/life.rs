//! The whole life of a container: what it takes from its start to its end, with nothing left out. A load run begins
//! when all is warm and ends before anything is put on record by the minute or the hour; a bill does not.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use testing::cloud::{Cloud, Units};

use crate::Failure;
use crate::case::Case;
use crate::feed::Feeder;
use crate::measure::Load;
use crate::options::Options;
use crate::process::cpu;
use crate::queued::Queued;
use crate::stage::Stage;

/// What a provider is taken to need for an answer.
pub(crate) const PROVIDER_WAIT: Duration = Duration::from_millis(250);
/// What AWS is taken to need for an answer.
pub(crate) const AWS_WAIT: Duration = Duration::from_millis(10);
/// Messages or events in a life.
pub(crate) const UNITS: u64 = 1_000;
/// Tenants among whom the units of a busy life are spread.
pub(crate) const BUSY_TENANTS: u64 = 20;
/// Records in a batch, as the queues' event sources hand them over.
pub(crate) const BATCH: u64 = 10;
/// Events in a webhook of the case `webhook-ingress`.
pub(crate) const EVENTS_PER_WEBHOOK: u64 = 4;

/// The life of one container.
#[derive(Debug, Clone, Default)]
pub(crate) struct Life {
    /// Events that it was given: batches or requests.
    pub(crate) invocations: u64,
    /// Time that it took over them, added up.
    pub(crate) took: Duration,
    /// CPU time of the process, that of its start included.
    pub(crate) cpu: Duration,
    /// AWS calls by operation.
    pub(crate) aws_calls: BTreeMap<String, u64>,
    /// What DynamoDB would bill.
    pub(crate) dynamodb: Units,
}

/// Messages sent by one container.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sent {
    /// How many.
    pub(crate) messages: u64,
    /// The dispatcher's life.
    pub(crate) dispatch: Life,
}

/// Webhook events received by one container of each of the two functions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Received {
    /// How many, whatever number came in one webhook.
    pub(crate) events: u64,
    /// The life of the function that providers call.
    pub(crate) ingress: Life,
    /// The life of the function that keeps what came.
    pub(crate) router: Life,
}

/// The same under two kinds of load.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paces<T> {
    /// Some tenants have much to do.
    pub(crate) busy: T,
    /// Every tenant has one message or event within the minute, so nothing is shared.
    pub(crate) long_tail: T,
}

/// All lives that are measured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lives {
    /// Of sending.
    pub(crate) sent: Paces<Sent>,
    /// Of receiving.
    pub(crate) received: Paces<Received>,
}

/// The cases of the functions that live.
pub(crate) struct Living {
    /// Sends messages.
    pub(crate) dispatch: Case,
    /// Takes webhooks with [`EVENTS_PER_WEBHOOK`] events each.
    pub(crate) ingress: Case,
    /// The same function, with one event in each webhook.
    pub(crate) ingress_alone: Case,
    /// Keeps what the ingress has queued.
    pub(crate) router: Case,
}

impl Living {
    /// Measures all lives at once: they wait most of the time.
    ///
    /// # Errors
    /// If one does not begin, or something in it is not done.
    pub(crate) async fn measure(&self, options: &Options) -> Result<Lives, Failure> {
        let (webhooks, alone) = (UNITS / EVENTS_PER_WEBHOOK, UNITS);
        let (busy, busy_received, tail, tail_received) = tokio::try_join!(
            self.sent(options, BUSY_TENANTS),
            self.received(&self.ingress, options, webhooks, BUSY_TENANTS),
            self.sent(options, UNITS),
            self.received(&self.ingress_alone, options, alone, UNITS),
        )?;
        Ok(Lives {
            sent: Paces {
                busy,
                long_tail: tail,
            },
            received: Paces {
                busy: busy_received,
                long_tail: tail_received,
            },
        })
    }

    async fn sent(&self, options: &Options, tenants: u64) -> Result<Sent, Failure> {
        let mut feeder = Feeder::new(&self.dispatch.feed, tenants, BATCH);
        let batches = (0..UNITS / BATCH).map(|_| feeder.next());
        let (dispatch, _) = live(&self.dispatch, options, tenants, batches).await?;
        Ok(Sent {
            messages: UNITS,
            dispatch,
        })
    }

    async fn received(
        &self,
        ingress: &Case,
        options: &Options,
        webhooks: u64,
        tenants: u64,
    ) -> Result<Received, Failure> {
        let mut feeder = Feeder::new(&ingress.feed, tenants, 1);
        let requests = (0..webhooks).map(|_| feeder.next());
        let (life, cloud) = live(ingress, options, tenants, requests).await?;
        let queue = ingress.queues.first().ok_or("the ingress has no queue")?;
        let Queued { batches, events } = Queued::take(&cloud, queue)?;
        if events != UNITS {
            return Err(format!("{}: {events} of {UNITS} events were queued", ingress.name).into());
        }
        let (router, _) = live(&self.router, options, tenants, batches).await?;
        Ok(Received {
            events,
            ingress: life,
            router,
        })
    }
}

/// Starts a function, gives it these events one after the other, and lets it end as Lambda does. With the life comes
/// what it leaves in AWS.
async fn live(
    case: &Case,
    options: &Options,
    tenants: u64,
    events: impl IntoIterator<Item = Bytes>,
) -> Result<(Life, Cloud), Failure> {
    let options = Options {
        tenants,
        upstream_delay: PROVIDER_WAIT,
        aws_delay: AWS_WAIT,
        ..options.clone()
    };
    let stage = Stage::set(case, &options, false).await?;
    stage.seed().await?;
    let (mut process, _) = stage.start(None).await?;
    let mut life = Life::default();
    let mut tally = Load::empty();
    for event in events {
        let answer = stage.runtime.invoke(event).await?;
        tally.note(&case.feed, &answer);
        life.invocations += 1;
        life.took += answer.took;
    }
    if tally.has_failed() {
        return Err(format!("{}: not all of its work was done", case.name).into());
    }
    life.cpu = cpu(process.id()).unwrap_or_default();
    let ended = process.end().await?;
    if stage.runtime.is_extended() && !ended.success() {
        return Err(format!("{} ended with {ended} before its last words", case.name).into());
    }
    tally.check(&stage)?;
    life.aws_calls = tally.aws_calls;
    life.dynamodb = tally.dynamodb;
    Ok((life, stage.cloud.clone()))
}
