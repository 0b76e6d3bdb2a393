//! One integration.

use domain::Caller;
use edge::Problem;
use edge::http::HttpReply;

use super::view::IntegrationView;
use crate::Context;

pub(crate) async fn get(
    context: &Context,
    caller: &Caller,
    reference: &str,
) -> Result<HttpReply, Problem> {
    let integration = super::find(context, caller, reference).await?;
    let tag = super::view::tag(&integration);
    Ok(HttpReply::data(200, &IntegrationView::new(&integration, caller)).header("etag", tag))
}
