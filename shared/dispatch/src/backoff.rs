//! How long to wait before the next try.

use std::time::Duration;

use domain::random;

const SHORTEST: Duration = Duration::from_secs(1);
/// SQS delays no longer.
const LONGEST: Duration = Duration::from_secs(900);
/// No provider's time is waited for any longer.
const LONGEST_DEFERRAL: Duration = Duration::from_secs(24 * 3600);

/// How long a message stays on the queue: the time that is asked for, else doubling from two seconds with the number of
/// tries; either way between a second and a quarter of an hour, and up to a fifth later so that those who wait do not all
/// come back at once.
pub(crate) fn delay(asked: Option<Duration>, tries: u32) -> Duration {
    spread(
        asked
            .unwrap_or_else(|| doubled(tries))
            .clamp(SHORTEST, LONGEST),
    )
    .min(LONGEST)
}

/// How long until the next attempt of somebody who was asked to come later: the provider's time, be it a day, else as
/// [`delay`].
pub(crate) fn asked(asked: Option<Duration>, tries: u32) -> Duration {
    match asked {
        Some(asked) => spread(asked.clamp(SHORTEST, LONGEST_DEFERRAL)),
        None => delay(None, tries),
    }
}

/// As [`asked`], and no sooner than the tries so far call for.
pub(crate) fn deferral(told: Option<Duration>, tries: u32) -> Duration {
    asked(told, tries).max(delay(None, tries))
}

fn doubled(tries: u32) -> Duration {
    Duration::from_secs(2u64.saturating_pow(tries.clamp(1, 10)))
}

fn spread(base: Duration) -> Duration {
    let spread = f64::from(u16::from_be_bytes(random::bytes())) / f64::from(u16::MAX);
    base.mul_f64(1.0 + 0.2 * spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_bounded_and_follow_the_provider() {
        let seconds =
            |asked: Option<u64>, tries| delay(asked.map(Duration::from_secs), tries).as_secs_f64();
        assert!((1.0..=1.2).contains(&seconds(Some(0), 1)));
        assert!((17.0..=20.4).contains(&seconds(Some(17), 9)));
        assert!((2.0..=2.4).contains(&seconds(None, 0)));
        assert!((8.0..=9.6).contains(&seconds(None, 3)));
        assert!((899.9..=900.0).contains(&seconds(Some(86_400), 1)));
        assert!((899.9..=900.0).contains(&seconds(None, u32::MAX)));
    }

    #[test]
    fn a_providers_time_is_kept_up_to_a_day() {
        let hours = |told: u64| asked(Some(Duration::from_secs(told * 3600)), 1).as_secs() / 3600;
        assert!((2..=3).contains(&hours(2)));
        assert!((24..=28).contains(&hours(1000)));
        assert!((899.9..=900.0).contains(&asked(None, 20).as_secs_f64()));
        let impatient = deferral(Some(Duration::ZERO), 4);
        assert!((16.0..=20.0).contains(&impatient.as_secs_f64()));
    }
}
