//! All integrations the caller may know of.

use domain::Caller;
use edge::Problem;
use edge::http::HttpReply;

use super::view::IntegrationView;
use crate::Context;

pub(crate) async fn list(context: &Context, caller: &Caller) -> Result<HttpReply, Problem> {
    let mut all = context.integrations.list(&caller.tenant).await?;
    all.retain(|integration| integration.is_visible_to(&caller.user));
    all.sort_by(|a, b| {
        (&a.provider, a.priority, a.created_at).cmp(&(&b.provider, b.priority, b.created_at))
    });
    let views: Vec<_> = all
        .iter()
        .map(|one| IntegrationView::new(one, caller))
        .collect();
    Ok(HttpReply::data(200, &views))
}
