//! An account's message templates, page by page as its provider has them (S0-38).

use domain::opening::Reason;
use edge::Problem;
use edge::http::HttpReply;

use super::{permissions, problems};
use crate::ask::Ask;
use crate::paging::Page;

pub(crate) async fn list(ask: &Ask<'_>, reference: &str) -> Result<HttpReply, Problem> {
    let integration = super::find(ask, reference).await?;
    if !permissions::may_send(ask, &integration).await? {
        let says = "Only those who may send through an integration see its templates.";
        return Err(Problem::forbidden(says).hint("Ask an admin to let you send through it."));
    }
    let provider = super::provider_of(&integration)?;
    let templates = provider
        .templates()
        .ok_or_else(|| problems::not_able(provider, "message templates"))?;
    let page = Page::read(ask, format!("templates/{}", integration.id)).await?;
    let credentials = super::open(ask, &integration, Reason::Read).await?;
    let custody = &ask.context.custody;
    let connection = custody.connect(provider, &integration.settings, &credentials);
    let found = templates
        .list(connection, page.after.as_deref(), page.limit)
        .await
        .map_err(|failure| Problem::from_provider(&failure))?;
    page.answer(ask, &found.templates, found.next).await
}
