//! What AWS would bill for a million messages or events, computed from what was counted over whole lives of containers.
//!
//! Left out are free tiers, logs, storage, data transfer, the polls of an idle queue, and the monthly dollar of each KMS
//! key. A container that lives longer than a thousand units has less to pay for its start.

use serde::Serialize;

use crate::life::{
    AWS_WAIT, BATCH, BUSY_TENANTS, EVENTS_PER_WEBHOOK, Life, Lives, PROVIDER_WAIT, Paces, Received,
    Sent, UNITS,
};
use crate::measure::{kms_calls, sum_of};
use crate::prices::{self, Price};
use crate::quota::WHOLE_CPU_MB;
use crate::table::Table;

const MILLION: f64 = 1e6;
/// Memory that is billed, in MB.
const MEMORY_MB: u64 = 128;
/// The memory that `template.yaml` gives a function unless it is told otherwise, in MB.
const TEMPLATE_MEMORY_MB: u64 = 256;
/// The most that a million messages sent may cost, in US dollars.
const SENT_GOAL_USD: f64 = 2.00;
/// The most that a million events received may cost, in US dollars.
const RECEIVED_GOAL_USD: f64 = 1.80;

/// What is billed, and for what.
#[derive(Debug, Default, Clone, Copy)]
struct Used {
    /// Messages or events.
    units: u64,
    gateway_requests: u64,
    queue_requests: u64,
    invocations: u64,
    /// At [`MEMORY_MB`].
    gb_seconds: f64,
    /// At [`TEMPLATE_MEMORY_MB`].
    template_gb_seconds: f64,
    write_units: f64,
    read_units: f64,
    kms_calls: u64,
}

/// One line of a bill, per million.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    /// What is billed.
    item: &'static str,
    /// How many.
    count: f64,
    /// The price, as the price list gives it.
    price: String,
    /// US dollars.
    usd: f64,
}

/// A bill per million, under one kind of load.
#[derive(Debug, Serialize)]
pub(crate) struct Bill {
    /// The kind of load.
    load: &'static str,
    lines: Vec<Line>,
    /// The sum in US dollars.
    pub(crate) usd: f64,
    /// The sum with the memory that the template gives.
    pub(crate) usd_at_template_memory: f64,
    /// Whether it is within the goal.
    pub(crate) met: bool,
}

/// The bills for one kind of unit.
#[derive(Debug, Serialize)]
pub(crate) struct Costs {
    /// What is counted by the million.
    pub(crate) unit: &'static str,
    /// The most that a million may cost, in US dollars.
    goal_usd: f64,
    /// One per kind of load.
    pub(crate) bills: Vec<Bill>,
}

/// The bills for what was measured: for sending and for receiving.
pub(crate) fn costs(lives: &Lives) -> [Costs; 2] {
    [
        Costs::new("messages sent", SENT_GOAL_USD, &lives.sent, Used::sending),
        Costs::new(
            "webhook events received",
            RECEIVED_GOAL_USD,
            &lives.received,
            Used::receiving,
        ),
    ]
}

/// What the bills rest on, in words.
pub(crate) fn terms() -> String {
    let (provider, aws) = (PROVIDER_WAIT.as_millis(), AWS_WAIT.as_millis());
    let units = thousands(UNITS as f64);
    format!(
        "AWS's public prices for us-east-1, {}; arm64, {MEMORY_MB} MB; batches of {BATCH}; a provider answers in {provider} ms, AWS in {aws} ms.
Counted over the whole life of a container with {units} units, its start and its end included. Busy: {BUSY_TENANTS} tenants,
{EVENTS_PER_WEBHOOK} events in a webhook. Long tail: each message and each event is the only one of its tenant within the minute,
and alone in its webhook. Left out: free tiers, logs, storage, transfer, idle polls, the monthly dollar of each key.
",
        prices::AS_OF
    )
}

impl Costs {
    fn new<T>(unit: &'static str, goal_usd: f64, of: &Paces<T>, used: impl Fn(&T) -> Used) -> Self {
        let loads = [("busy", &of.busy), ("long tail", &of.long_tail)];
        let bills = loads.map(|(load, of)| used(of).bill(load, goal_usd));
        Self {
            unit,
            goal_usd,
            bills: bills.into(),
        }
    }

    /// The table: a line per item that is used at all, the sum, and the goal.
    pub(crate) fn table(&self) -> Table {
        let pair = |cells: &dyn Fn(&Bill) -> [String; 2]| -> Vec<String> {
            self.bills.iter().flat_map(cells).collect()
        };
        let row = |first: &str, price: &str, cells: Vec<String>| -> Vec<String> {
            let labels = [first, price].map(str::to_owned);
            labels.into_iter().chain(cells).collect()
        };
        let header = pair(&|bill| [format!("{}: count", bill.load), "cost".to_owned()]);
        let mut table = Table::new(row(&format!("a million {}", self.unit), "price", header));
        let lines = self.bills.first().map_or(&[][..], |bill| &bill.lines);
        for (place, line) in lines.iter().enumerate() {
            if self.bills.iter().all(|bill| bill.lines[place].count == 0.0) {
                continue;
            }
            let cells = pair(&|bill| {
                let line = &bill.lines[place];
                [thousands(line.count), dollars(line.usd)]
            });
            table.add(row(line.item, &line.price, cells));
        }
        let sums = pair(&|bill| [String::new(), dollars(bill.usd)]);
        table.add(row("in all", "", sums));
        let verdicts = pair(&|bill| {
            let verdict = if bill.met { "met" } else { "missed" };
            [String::new(), verdict.to_owned()]
        });
        table.add(row(
            "goal",
            &format!("≤ {}", dollars(self.goal_usd)),
            verdicts,
        ));
        let template = pair(&|bill| [String::new(), dollars(bill.usd_at_template_memory)]);
        let label = format!("in all at {TEMPLATE_MEMORY_MB} MB, the template's default");
        table.add(row(&label, "", template));
        table
    }
}

impl Used {
    /// Producers put messages on the queue in batches as large as those that Lambda takes off it.
    fn sending(sent: &Sent) -> Self {
        let mut used = Self {
            units: sent.messages,
            queue_requests: sent.dispatch.invocations,
            ..Self::default()
        };
        used.add_consumer(&sent.dispatch);
        used
    }

    fn receiving(received: &Received) -> Self {
        let mut used = Self {
            units: received.events,
            gateway_requests: received.ingress.invocations,
            ..Self::default()
        };
        used.add(&received.ingress);
        used.add_consumer(&received.router);
        used
    }

    /// A function that Lambda feeds from a queue: it receives each batch and deletes it.
    fn add_consumer(&mut self, life: &Life) {
        self.queue_requests += 2 * life.invocations;
        self.add(life);
    }

    fn add(&mut self, life: &Life) {
        self.queue_requests += sum_of(&life.aws_calls, &["SendMessage", "SendMessageBatch"]);
        self.invocations += life.invocations;
        self.gb_seconds += gb_seconds(life, MEMORY_MB);
        self.template_gb_seconds += gb_seconds(life, TEMPLATE_MEMORY_MB);
        self.write_units += life.dynamodb.write;
        self.read_units += life.dynamodb.read;
        self.kms_calls += kms_calls(&life.aws_calls);
    }

    fn bill(self, load: &'static str, goal_usd: f64) -> Bill {
        let per_million = |count: f64| count * MILLION / self.units.max(1) as f64;
        let line = |item, count: f64, price: Price| {
            let count = per_million(count);
            Line {
                item,
                count,
                price: price.to_string(),
                usd: price.of(count),
            }
        };
        let queue_requests = self.queue_requests as f64;
        let lines = vec![
            line(
                "API Gateway requests",
                self.gateway_requests as f64,
                prices::GATEWAY_REQUESTS,
            ),
            line("SQS requests", queue_requests, prices::SQS_REQUESTS),
            line("SQS fair queues", queue_requests, prices::SQS_FAIRNESS),
            line(
                "Lambda requests",
                self.invocations as f64,
                prices::LAMBDA_REQUESTS,
            ),
            line(
                "Lambda GB-seconds",
                self.gb_seconds,
                prices::LAMBDA_GB_SECONDS,
            ),
            line(
                "DynamoDB write units",
                self.write_units,
                prices::WRITE_UNITS,
            ),
            line("DynamoDB read units", self.read_units, prices::READ_UNITS),
            line("KMS calls", self.kms_calls as f64, prices::KMS_REQUESTS),
        ];
        let usd = lines.iter().map(|line| line.usd).sum();
        let more = per_million(self.template_gb_seconds - self.gb_seconds);
        Bill {
            load,
            usd,
            usd_at_template_memory: usd + prices::LAMBDA_GB_SECONDS.of(more),
            // As it is shown: to the cent.
            met: (usd * 100.0).round() <= (goal_usd * 100.0).round(),
            lines,
        }
    }
}

/// What Lambda bills for the time: each invocation by the millisecond, with the CPU's part of it stretched to the share
/// of a CPU that goes with the memory.
fn gb_seconds(life: &Life, memory_mb: u64) -> f64 {
    let share = memory_mb as f64 / WHOLE_CPU_MB as f64;
    let stretched = life.took.as_secs_f64() + life.cpu.as_secs_f64() * (1.0 / share - 1.0);
    let invocations = life.invocations.max(1) as f64;
    let billed_ms = (stretched * 1e3 / invocations).ceil();
    billed_ms / 1e3 * invocations * memory_mb as f64 / 1024.0
}

/// US dollars and cents.
fn dollars(usd: f64) -> String {
    format!("${usd:.2}")
}

/// A whole number with a comma before every three digits.
pub(crate) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use testing::cloud::Units;

    use super::*;

    /// A dispatcher's life: a hundred batches of ten, each 300 ms long, 0.8 ms of it at work.
    fn sent() -> Sent {
        Sent {
            messages: 1_000,
            dispatch: Life {
                invocations: 100,
                took: Duration::from_secs(30),
                cpu: Duration::from_millis(80),
                aws_calls: [
                    ("BatchExecuteStatement".to_owned(), 100),
                    ("Decrypt".to_owned(), 8),
                ]
                .into(),
                dynamodb: Units {
                    read: 10.0,
                    write: 2_000.0,
                },
            },
        }
    }

    /// Two hundred and fifty webhooks with four events each.
    fn received() -> Received {
        Received {
            events: 1_000,
            ingress: Life {
                invocations: 250,
                took: Duration::from_millis(2_500),
                aws_calls: [("SendMessageBatch".to_owned(), 250)].into(),
                ..Life::default()
            },
            router: Life {
                invocations: 100,
                took: Duration::from_secs(1),
                dynamodb: Units {
                    read: 0.0,
                    write: 1_500.0,
                },
                ..Life::default()
            },
        }
    }

    fn line<'b>(bill: &'b Bill, item: &str) -> &'b Line {
        let mut lines = bill.lines.iter();
        lines.find(|line| line.item == item).expect("a line")
    }

    fn is(usd: f64, expected: f64) {
        assert!((usd - expected).abs() < 1e-6, "{usd} is not {expected}");
    }

    #[test]
    fn a_million_messages_are_billed_by_what_was_counted() {
        let bill = Used::sending(&sent()).bill("busy", SENT_GOAL_USD);
        // Sent, received and deleted, ten at a time.
        is(line(&bill, "SQS requests").count, 300_000.0);
        is(line(&bill, "SQS requests").usd, 0.12);
        is(line(&bill, "SQS fair queues").usd, 0.03);
        is(line(&bill, "Lambda requests").usd, 0.02);
        // 80 ms of CPU become 1,105.6 at 128 MB: 30 s and 1.0256 s, which is 311 ms for each batch.
        is(line(&bill, "Lambda GB-seconds").count, 3_887.5);
        is(line(&bill, "DynamoDB write units").usd, 1.25);
        is(line(&bill, "DynamoDB read units").usd, 0.00125);
        is(line(&bill, "KMS calls").usd, 0.024);
        let sum = 0.12 + 0.03 + 0.02 + 3_887.5 * 0.000_013_333_4 + 1.25 + 0.00125 + 0.024;
        is(bill.usd, sum);
        assert!(bill.met);
        // Twice the memory, and half the time at work.
        let more = (305.0 * 0.25 - 311.0 * 0.125) * 100.0 * 0.000_013_333_4;
        is(bill.usd_at_template_memory, sum + more);
    }

    #[test]
    fn a_million_events_are_billed_with_the_way_in_and_the_way_on() {
        let bill = Used::receiving(&received()).bill("busy", RECEIVED_GOAL_USD);
        is(line(&bill, "API Gateway requests").usd, 0.25);
        // A call for each webhook, and two for each of the router's batches.
        is(line(&bill, "SQS requests").count, 450_000.0);
        is(line(&bill, "Lambda requests").count, 350_000.0);
        is(line(&bill, "Lambda GB-seconds").count, 437.5);
        is(line(&bill, "DynamoDB write units").usd, 0.9375);
        assert!(bill.met);
    }

    #[test]
    fn what_costs_more_than_its_goal_is_told() {
        let dear = Sent {
            dispatch: Life {
                dynamodb: Units {
                    read: 0.0,
                    write: 5_000.0,
                },
                ..sent().dispatch
            },
            ..sent()
        };
        let lives = Lives {
            sent: Paces {
                busy: sent(),
                long_tail: dear,
            },
            received: Paces {
                busy: received(),
                long_tail: received(),
            },
        };
        let [sending, receiving] = costs(&lives);
        let met = |costs: &Costs| costs.bills.iter().map(|bill| bill.met).collect::<Vec<_>>();
        assert_eq!(
            (met(&sending), met(&receiving)),
            (vec![true, false], vec![true, true])
        );
        let text = sending.table().text();
        let goal = text.lines().find(|line| line.starts_with("goal")).unwrap();
        let cells: Vec<&str> = goal.split_whitespace().collect();
        assert_eq!(cells, ["goal", "≤", "$2.00", "met", "missed"]);
        assert!(text.contains("5,000,000"), "{text}");
        // Nothing of it comes through the gateway.
        assert!(!text.contains("API Gateway"), "{text}");
        assert!(receiving.table().text().contains("API Gateway"));
    }

    #[test]
    fn memory_and_batches_are_those_of_the_template() {
        let template = include_str!("../../../template.yaml");
        let memory =
            format!("  MemorySize:\n    Type: Number\n    Default: {TEMPLATE_MEMORY_MB}\n");
        assert!(template.contains(&memory), "{memory}");
        let sizes = template
            .lines()
            .filter_map(|line| line.trim().strip_prefix("BatchSize: "));
        let sizes: Vec<&str> = sizes.collect();
        assert!(
            !sizes.is_empty() && sizes.iter().all(|size| *size == BATCH.to_string()),
            "{sizes:?}"
        );
    }

    #[test]
    fn numbers_are_set_in_threes() {
        let shown = [0.0, 999.4, 1_000.0, 1_234_567.0].map(thousands);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }
}
