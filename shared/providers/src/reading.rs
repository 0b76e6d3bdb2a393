//! Reading from a service: what its answers mean before anything in them is read.

use domain::{Failure, FailureKind};
use serde::de::DeserializeOwned;
use url::Url;

use crate::Connection;
use crate::http::{Answer, NoAnswer, Outgoing};
use crate::retry_after::retry_after;

/// The URL below the connection's address that these segments lead to. Nothing in a segment can end it: slashes and
/// question marks are escaped.
pub(crate) fn url(connection: Connection<'_>, segments: &[&str]) -> Result<Url, Failure> {
    let mut url = Url::parse(connection.base_url).map_err(|_| no_url())?;
    url.path_segments_mut()
        .map_err(|()| no_url())?
        .pop_if_empty()
        .extend(segments);
    Ok(url)
}

/// The failure of an address with which no URL can be made.
pub(crate) fn no_url() -> Failure {
    Failure::new(
        FailureKind::InvalidRequest,
        "The address that was to be called is not a URL.",
        "Check the address, and the base URL if the operator has set one for this provider.",
    )
}

/// Makes a request that changes nothing. What comes back is the service's own answer: a success, or a refusal with a
/// status of 4xx.
///
/// # Errors
/// What says nothing about the credentials: `service` was not reached, has trouble, asks for fewer requests, or is not
/// at this address.
pub(crate) async fn read(
    connection: Connection<'_>,
    service: &str,
    request: Outgoing,
) -> Result<Answer, Failure> {
    let sent = connection.http.send(request).await;
    let answer = sent.map_err(|error| no_answer(error, service))?;
    match answer.status {
        300..=399 => Err(Failure::new(
            FailureKind::InvalidRequest,
            format!("{service} answers with a redirect, which is never followed."),
            if connection.overridden {
                "Check the base URL that the operator has set for this provider."
            } else {
                "Enter the address that it leads to, if it is the same server's."
            },
        )),
        429 => {
            let failure = Failure::new(
                FailureKind::Throttled,
                format!("{service} asks for fewer requests."),
                "Wait a little and try again.",
            );
            Err(match retry_after(&answer.headers) {
                Some(wait) => failure.after(wait),
                None => failure,
            })
        }
        408 | 425 | 500.. => Err(Failure::new(
            FailureKind::Unavailable,
            format!("{service} has trouble at present."),
            "Nothing to correct; try again later.",
        )),
        _ => Ok(answer),
    }
}

/// Whether the request was received makes no difference: nothing has changed.
fn no_answer(error: NoAnswer, service: &str) -> Failure {
    let (detail, hint) = match error {
        NoAnswer::NotSent => (
            format!("{service} could not be reached."),
            "Check the address: its server must be reachable from the internet, with a valid certificate.",
        ),
        NoAnswer::Unknown => (
            format!("{service} gave no complete answer in time."),
            "Nothing to correct; try again later.",
        ),
        NoAnswer::Refused(refused) => return refused.into(),
    };
    Failure::new(FailureKind::Unavailable, detail, hint)
}

/// The answer's body.
///
/// # Errors
/// That it is not what `service` sends; what stands between may have answered, so it says nothing about the
/// credentials.
pub(crate) fn json<T: DeserializeOwned>(service: &str, answer: &Answer) -> Result<T, Failure> {
    serde_json::from_slice(&answer.body).map_err(|_| {
        Failure::new(
            FailureKind::Unavailable,
            format!("{service} gave an answer that could not be read."),
            "Try again; if it goes on, tell the operator.",
        )
    })
}

#[cfg(test)]
mod tests {
    use domain::Credentials;
    use serde_json::Map;

    use super::*;
    use crate::Overrides;
    use crate::http::{Egress, Reach};

    fn url_of(base_url: &str, segments: &[&str]) -> Option<String> {
        let connection = Connection {
            settings: &Map::new(),
            credentials: &Credentials::default(),
            base_url,
            overridden: false,
            http: &Egress::new(Reach::new(&Overrides::default())).expect("a client"),
        };
        url(connection, segments).ok().map(String::from)
    }

    #[test]
    fn a_segment_stays_one() {
        for (base, segments, expected) in [
            (
                "https://a.example",
                ["v1", "agents"],
                "https://a.example/v1/agents",
            ),
            ("https://a.example/", ["v1", "x"], "https://a.example/v1/x"),
            (
                "https://a.example/sub",
                ["v1", "x"],
                "https://a.example/sub/v1/x",
            ),
            (
                "https://a.example",
                ["v1", "x/../y?z#w"],
                "https://a.example/v1/x%2F..%2Fy%3Fz%23w",
            ),
            (
                "https://a.example",
                ["v1", "@evil.example"],
                "https://a.example/v1/@evil.example",
            ),
        ] {
            assert_eq!(url_of(base, &segments).as_deref(), Some(expected));
        }
        assert_eq!(url_of("nonsense", &["v1"]), None);
        assert_eq!(url_of("mailto:a@example.com", &["v1"]), None);
    }
}
