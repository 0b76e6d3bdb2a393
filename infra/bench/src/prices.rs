//! What AWS asks for: the public on-demand prices of us-east-1 as they stood in March 2026, in US dollars and without
//! taxes. They are the prices of every account; free tiers and discounts by volume are left out.

use std::fmt;

/// When the prices were true.
pub(crate) const AS_OF: &str = "March 2026";

/// A price for so many of something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Price {
    /// US dollars.
    usd: f64,
    /// For how many.
    buys: u32,
    /// Decimals that the price list gives.
    decimals: usize,
}

const MILLION: u32 = 1_000_000;

/// Amazon SQS, standard queue: a request of up to 64 KB and ten messages (aws.amazon.com/sqs/pricing).
pub(crate) const SQS_REQUESTS: Price = Price::new(0.40, MILLION, 2);
/// Amazon SQS, what a request costs more where messages have a group, which makes the queue a fair one (same page). It
/// is taken for every request about such messages.
pub(crate) const SQS_FAIRNESS: Price = Price::new(0.10, MILLION, 2);
/// AWS Lambda, invocations (aws.amazon.com/lambda/pricing).
pub(crate) const LAMBDA_REQUESTS: Price = Price::new(0.20, MILLION, 2);
/// AWS Lambda on arm64, gigabytes of memory times seconds, first tier (same page).
pub(crate) const LAMBDA_GB_SECONDS: Price = Price::new(0.000_013_333_4, 1, 10);
/// Amazon API Gateway, HTTP API: a request of up to 512 KB, first tier (aws.amazon.com/api-gateway/pricing).
pub(crate) const GATEWAY_REQUESTS: Price = Price::new(1.00, MILLION, 2);
/// Amazon DynamoDB on demand, standard tables: write request units (aws.amazon.com/dynamodb/pricing/on-demand).
pub(crate) const WRITE_UNITS: Price = Price::new(0.625, MILLION, 3);
/// Amazon DynamoDB on demand, standard tables: read request units (same page).
pub(crate) const READ_UNITS: Price = Price::new(0.125, MILLION, 3);
/// AWS KMS, requests with symmetric keys (aws.amazon.com/kms/pricing).
pub(crate) const KMS_REQUESTS: Price = Price::new(0.03, 10_000, 2);

impl Price {
    const fn new(usd: f64, buys: u32, decimals: usize) -> Self {
        Self {
            usd,
            buys,
            decimals,
        }
    }

    /// What so many cost, in US dollars.
    pub(crate) fn of(self, count: f64) -> f64 {
        count * self.usd / f64::from(self.buys)
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${:.*}", self.decimals, self.usd)?;
        match self.buys {
            1 => Ok(()),
            MILLION => f.write_str(" a million"),
            buys => write!(f, " for {}", crate::costs::thousands(f64::from(buys))),
        }
    }
}
