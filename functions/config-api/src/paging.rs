//! Pages of lists: `limit` and an opaque `cursor` in the query, `next_cursor` in the answer.

use domain::Caller;
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};
use serde::Serialize;

use crate::Context;
use crate::integrations::problems::vault_unavailable;

/// Most lines of a page, and how many if nothing is asked for.
const MOST: usize = 100;
const USUAL: usize = 50;

/// What of a list is asked for.
pub(crate) struct Page {
    /// Name of the list, with all that narrows it: a cursor serves no other.
    list: String,
    /// Lines at most.
    pub(crate) limit: usize,
    /// Behind this position.
    pub(crate) after: Option<String>,
}

impl Page {
    /// Reads the query; `list` names what is listed.
    pub(crate) async fn read(
        context: &Context,
        caller: &Caller,
        request: &HttpRequest,
        list: String,
    ) -> Result<Self, Problem> {
        let list = format!("list {list}");
        let limit = match parameter(request, "limit") {
            None => USUAL,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MOST).contains(limit))
                .ok_or_else(|| {
                    wrong_parameter("limit", &format!("must be a whole number from 1 to {MOST}"))
                })?,
        };
        let after = match parameter(request, "cursor") {
            None => None,
            Some(cursor) => {
                let read = context
                    .custody
                    .attested(&caller.tenant, &list, &cursor)
                    .await;
                let after = read.map_err(vault_unavailable)?.ok_or_else(|| {
                    wrong_parameter(
                        "cursor",
                        "must be the next_cursor of a page of this very list",
                    )
                })?;
                Some(after)
            }
        };
        Ok(Self { list, limit, after })
    }

    /// The answer with these lines; `next` is the position of the last one if others follow.
    pub(crate) async fn answer(
        self,
        context: &Context,
        caller: &Caller,
        lines: &[impl Serialize],
        next: Option<String>,
    ) -> Result<HttpReply, Problem> {
        let next_cursor = match next {
            None => None,
            Some(position) => {
                let made = context.sealer.attest(&caller.tenant, &self.list, &position);
                Some(made.await.map_err(vault_unavailable)?)
            }
        };
        Ok(HttpReply::page(lines, next_cursor.as_deref()))
    }
}

/// What is wrong with a parameter of the query; its value is not repeated.
pub(crate) fn wrong_parameter(name: &str, detail: &str) -> Problem {
    Problem::new(
        400,
        "invalid_parameter",
        format!("The parameter {name} {detail}."),
    )
}

/// A parameter of the query, by its name in snake_case.
pub(crate) fn parameter(request: &HttpRequest, name: &str) -> Option<String> {
    url::form_urlencoded::parse(request.query().as_bytes())
        .find(|(given, _)| given == name)
        .map(|(_, value)| value.into_owned())
}
