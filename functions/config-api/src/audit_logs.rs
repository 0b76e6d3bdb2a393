//! `GET /settings/audit-logs`: who did what, newest first, of all or of one provider type (S1-69). Nobody can write it.

use contract::audit_logs::AuditLine;
use domain::ProviderId;
use edge::Problem;
use edge::http::HttpReply;

use crate::ask::Ask;
use crate::paging::{self, Page};

pub(crate) async fn list(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let provider = paging::provider(ask)?;
    let of = provider.as_ref().map_or("", ProviderId::as_str);
    let page = Page::read(ask, format!("audit-logs/{of}")).await?;
    let before = page.after.as_deref().and_then(|number| number.parse().ok());
    let limit = i32::try_from(page.limit + 1).unwrap_or(i32::MAX);
    let trail = &ask.context.trail;
    let found = trail
        .list(&ask.caller.tenant, provider.as_ref(), before, limit)
        .await?;
    let more = found.len() > page.limit;
    let lines: Vec<AuditLine> = found
        .into_iter()
        .take(page.limit)
        .map(|stored| AuditLine {
            number: stored.link.number,
            hash: stored.link.hash.to_string(),
            record: stored.record,
        })
        .collect();
    let last = lines.last().filter(|_| more);
    let next = last.map(|line| line.number.to_string());
    page.answer(ask, &lines, next).await
}
