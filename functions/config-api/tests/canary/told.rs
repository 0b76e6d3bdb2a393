//! The answers that are meant to hold secrets: which these are, and which secrets each may hold. All others hold none.

use contract::Operation as Op;
use edge::http::HttpReply;
use testing::scan::{Leak, Scanner};

use crate::secrets::{Secrets, WEBHOOK};

/// The operations whose success tells secrets.
pub(crate) const OPERATIONS: [Op; 5] = [
    Op::RevealCredentials,
    Op::FetchAccessToken,
    Op::ShowWebhook,
    Op::RotateWebhook,
    Op::RepairWebhook,
];

/// An answer that is meant to hold secrets.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) operation: Op,
    /// The integration that was asked about.
    of: String,
    body: Vec<u8>,
}

impl Told {
    /// The answer to a request, if it is one of these.
    pub(crate) fn by(method: &str, path: &str, reply: &HttpReply) -> Option<Self> {
        let found = contract::lookup::find(method, path).ok()?;
        let operation = found.route.operation;
        let is_meant = OPERATIONS.contains(&operation) && reply.status() == 200;
        let of = match operation {
            // Its path names the tenant.
            Op::FetchAccessToken => "whatsapp".to_owned(),
            _ => found.named[0].to_string(),
        };
        is_meant.then(|| Self {
            operation,
            of,
            body: reply.body().as_bytes().to_vec(),
        })
    }

    /// Whether it tells anything at all.
    pub(crate) fn tells(&self, scanner: &Scanner) -> bool {
        !scanner.scan(&self.body).is_empty()
    }

    /// What it tells and must not: another integration's secrets, and of this one's those that are not asked for.
    pub(crate) fn beyond(&self, scanner: &Scanner, secrets: &Secrets) -> Vec<Leak> {
        let of_webhook = !matches!(self.operation, Op::RevealCredentials | Op::FetchAccessToken);
        let mut leaks = scanner.scan(&self.body);
        leaks.retain(|leak| {
            !secrets.is_of(&self.of, &leak.secret) || leak.secret.starts_with(WEBHOOK) != of_webhook
        });
        leaks
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::canaries::plain;

    const INTEGRATIONS: &str = "/api/v1/settings/integrations";
    const ONE: &str = "int_00000000000000000000000001";
    const OTHER: &str = "int_00000000000000000000000002";
    const FIELDS: [&str; 2] = ["access_token", "webhook_url_token"];

    fn secrets() -> Secrets {
        let secrets = Secrets::default();
        for of in [ONE, OTHER] {
            for field in FIELDS {
                let value = plain(&format!("{field} of {of}"));
                secrets.keep_of([of, "whatsapp"], field, value.as_bytes());
            }
        }
        secrets
    }

    /// What is told beyond what may be, if somebody asks for `path` and is answered with that field of that integration.
    fn beyond(path: &str, field: &str, of: &str) -> Option<usize> {
        let reply = HttpReply::data(200, &json!({"x": plain(&format!("{field} of {of}"))}));
        let secrets = secrets();
        let told = Told::by("GET", path, &reply)?;
        assert!(told.tells(&secrets.scanner()));
        Some(told.beyond(&secrets.scanner(), &secrets).len())
    }

    #[test]
    fn e1_control_what_is_told_of_another_integration_is_a_leak() {
        let [token, url] = FIELDS;
        for (path, of, meant, other) in [
            (format!("{INTEGRATIONS}/{ONE}/credentials"), ONE, token, url),
            (format!("{INTEGRATIONS}/{ONE}/webhook"), ONE, url, token),
            (format!("{INTEGRATIONS}/{OTHER}/webhook"), OTHER, url, token),
            (
                "/tenants/t_one/credentials/meta".to_owned(),
                ONE,
                token,
                url,
            ),
        ] {
            let path = path.as_str();
            assert_eq!(beyond(path, meant, of), Some(0), "{path}");
            assert_eq!(beyond(path, other, of), Some(1), "{path}");
        }
        for below in ["credentials", "webhook"] {
            for field in FIELDS {
                let path = format!("{INTEGRATIONS}/{ONE}/{below}");
                assert_eq!(beyond(&path, field, OTHER), Some(1), "{path} {field}");
            }
        }
    }

    #[test]
    fn e1_control_no_other_answer_is_meant_to_hold_secrets() {
        let path = format!("{INTEGRATIONS}/{ONE}/credentials");
        for status in [201, 400, 403, 404, 409, 500] {
            let reply = HttpReply::data(status, &json!({}));
            assert!(Told::by("GET", &path, &reply).is_none(), "{status}");
        }
        let reply = HttpReply::data(200, &json!({}));
        let told: Vec<Op> = contract::routes::ROUTES
            .iter()
            .filter_map(|route| Told::by(route.method, route.path, &reply))
            .map(|told| told.operation)
            .collect();
        assert_eq!(told.len(), OPERATIONS.len(), "{told:?}");
        assert!(Told::by("POST", &path, &reply).is_none());
        assert!(Told::by("GET", &format!("{path}/x"), &reply).is_none());
    }
}
