//! How long a service asks to wait: `Retry-After`, in seconds or until a date (RFC 9110, section 10.2.3).

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, HeaderName, RETRY_AFTER};
use time::PrimitiveDateTime;
use time::macros::format_description;

/// Longest wait that is taken from a service.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The wait that an answer asks for, a day at most; `None` if it asks for none that can be understood.
///
/// A date counts from the answer's own `Date`, without which there is none: what lies between the two is meant, however
/// wrong the service's clock may be, or ours.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = text(headers, RETRY_AFTER)?;
    let wait = if !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(asked.parse().unwrap_or(u64::MAX))
    } else {
        let left = date(asked)? - date(text(headers, DATE)?)?;
        left.try_into().unwrap_or_default()
    };
    Some(wait.min(LONGEST))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

/// An HTTP date in the one form that is still written.
fn date(text: &str) -> Option<PrimitiveDateTime> {
    let form = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    PrimitiveDateTime::parse(text, form).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATED: &str = "Fri, 20 Nov 2026 10:00:00 GMT";

    fn asked(retry_after: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after.parse().expect("a value"));
        if let Some(date) = date {
            headers.insert(DATE, date.parse().expect("a value"));
        }
        super::retry_after(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn g4_seconds_are_taken_up_to_a_day() {
        for (text, expected) in [
            ("0", Some(0)),
            ("5", Some(5)),
            (" 30 ", Some(30)),
            ("86400", Some(86_400)),
            ("86401", Some(86_400)),
            ("99999999999999999999999", Some(86_400)),
            ("-1", None),
            ("+5", None),
            ("5.5", None),
            ("5 s", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(asked(text, Some(DATED)), expected, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn g4_g10_a_date_counts_from_the_answers_own() {
        for (text, date, expected) in [
            ("Fri, 20 Nov 2026 10:02:00 GMT", Some(DATED), Some(120)),
            (DATED, Some(DATED), Some(0)),
            ("Fri, 20 Nov 2026 09:59:00 GMT", Some(DATED), Some(0)),
            ("Sun, 20 Nov 2126 10:00:00 GMT", Some(DATED), Some(86_400)),
            // The service's clock is years late, and says so.
            (
                "Sat, 01 Jan 2000 00:00:07 GMT",
                Some("Sat, 01 Jan 2000 00:00:00 GMT"),
                Some(7),
            ),
            ("Fri, 20 Nov 2026 10:02:00 GMT", None, None),
            ("Fri, 20 Nov 2026 10:02:00 GMT", Some("today"), None),
            ("Fri, 20 Nov 2026 10:02:00 CET", Some(DATED), None),
            ("Fri, 31 Nov 2026 10:02:00 GMT", Some(DATED), None),
            ("2026-11-20T10:02:00Z", Some(DATED), None),
        ] {
            assert_eq!(asked(text, date), expected, "{text} {date:?}");
        }
    }
}
