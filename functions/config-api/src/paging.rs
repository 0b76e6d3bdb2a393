//! Pages of lists: `limit` and an opaque `cursor` in the query, `next_cursor` in the answer.

use contract::fields::Limit;
use edge::Problem;
use edge::http::HttpReply;
use serde::Serialize;

use crate::ask::Ask;
use crate::integrations::problems::vault_unavailable;

/// Lines of a page if nothing is asked for.
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
    pub(crate) async fn read(ask: &Ask<'_>, list: String) -> Result<Self, Problem> {
        let list = format!("list {list}");
        let limit = match ask.parameter("limit") {
            None => USUAL,
            Some(text) => limit(&text)?,
        };
        let after = match ask.parameter("cursor") {
            None => None,
            Some(cursor) => {
                let custody = &ask.context.custody;
                let read = custody.attested(&ask.caller.tenant, &list, &cursor).await;
                let after = read.map_err(vault_unavailable)?.ok_or_else(|| {
                    let says = "must be the next_cursor of a page of this very list";
                    Problem::invalid_parameter("cursor", says)
                })?;
                Some(after)
            }
        };
        Ok(Self { list, limit, after })
    }

    /// The answer with these lines; `next` is the position of the last one if others follow.
    pub(crate) async fn answer(
        self,
        ask: &Ask<'_>,
        lines: &[impl Serialize],
        next: Option<String>,
    ) -> Result<HttpReply, Problem> {
        let next_cursor = match next {
            None => None,
            Some(position) => {
                let sealer = &ask.context.sealer;
                let made = sealer.attest(&ask.caller.tenant, &self.list, &position);
                Some(made.await.map_err(vault_unavailable)?)
            }
        };
        Ok(HttpReply::page(lines, next_cursor.as_deref()))
    }
}

fn limit(text: &str) -> Result<usize, Problem> {
    let limit = text.parse::<i64>().ok().map(Limit::try_from);
    match limit {
        Some(Ok(limit)) => Ok(usize::try_from(limit.get()).unwrap_or(USUAL)),
        Some(Err(broken)) => Err(Problem::invalid_parameter("limit", &broken.to_string())),
        None => Err(Problem::invalid_parameter(
            "limit",
            "must be a whole number from 1 to 100",
        )),
    }
}

/// The provider type that narrows a list.
pub(crate) fn provider(ask: &Ask<'_>) -> Result<Option<domain::ProviderId>, Problem> {
    let Some(given) = ask.parameter("provider") else {
        return Ok(None);
    };
    let known = providers::find(&given).map(providers::id_of);
    let says = "must be one of the types in /api/v1/providers";
    known
        .map(Some)
        .ok_or_else(|| Problem::invalid_parameter("provider", says))
}
