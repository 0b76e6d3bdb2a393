//! One integration.

use contract::integrations::entity_tag;
use edge::Problem;
use edge::http::HttpReply;

use crate::ask::Ask;

pub(crate) async fn get(ask: &Ask<'_>, reference: &str) -> Result<HttpReply, Problem> {
    let integration = super::find(ask, reference).await?;
    let view = super::view(ask, &integration);
    Ok(HttpReply::data(200, &view).header("etag", entity_tag(integration.revision)))
}
