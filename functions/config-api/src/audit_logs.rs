//! `GET /settings/audit-logs`: who did what, newest first, of all or of one provider type (S1-69). Nobody can write it.

use domain::audit::AuditRecord;
use domain::{Caller, ProviderId};
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};
use serde::Serialize;

use crate::Context;
use crate::paging::{Page, parameter, wrong_parameter};

#[derive(Serialize)]
struct Line {
    number: u64,
    hash: String,
    #[serde(flatten)]
    record: AuditRecord,
}

pub(crate) async fn list(
    context: &Context,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<HttpReply, Problem> {
    if !caller.role.manages_integrations() {
        return Err(Problem::forbidden("Only an admin may read the audit log."));
    }
    let provider = parameter(request, "provider")
        .map(|given| {
            let known = providers::find(&given).map(providers::id_of);
            known.ok_or_else(|| {
                wrong_parameter("provider", "must be one of the types in /api/v1/providers")
            })
        })
        .transpose()?;
    let of = provider.as_ref().map_or("", ProviderId::as_str);
    let page = Page::read(context, caller, request, format!("audit-logs/{of}")).await?;
    let before = page.after.as_deref().and_then(|number| number.parse().ok());
    let limit = i32::try_from(page.limit + 1).unwrap_or(i32::MAX);
    let found = context
        .trail
        .list(&caller.tenant, provider.as_ref(), before, limit)
        .await?;
    let more = found.len() > page.limit;
    let lines: Vec<Line> = found
        .into_iter()
        .take(page.limit)
        .map(|stored| Line {
            number: stored.link.number,
            hash: stored.link.hash.to_string(),
            record: stored.record,
        })
        .collect();
    let next = lines
        .last()
        .filter(|_| more)
        .map(|line| line.number.to_string());
    page.answer(context, caller, &lines, next).await
}
