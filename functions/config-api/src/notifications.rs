//! `GET /settings/notifications`: what the caller should know, newest first. Everybody is told of their own integrations,
//! and admins of the organisation's besides; nobody is told of another user's (S2-36, S0-48).

use contract::notifications::NotificationView;
use domain::integration::Owner;
use edge::Problem;
use edge::http::HttpReply;
use store::notifications::KeptNotification;

use crate::ask::Ask;
use crate::paging::Page;

pub(crate) async fn list(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let page = Page::read(ask, "notifications".to_owned()).await?;
    let caller = ask.caller;
    let mut owners = vec![Owner::User(caller.user.clone())];
    if caller.role.manages_integrations() {
        owners.push(Owner::Tenant);
    }
    let after = page.after.as_deref();
    let notices = &ask.context.notices;
    let found = notices
        .list(&caller.tenant, &owners, after, page.limit)
        .await?;
    let views: Vec<_> = found.lines.iter().map(view).collect();
    page.answer(ask, &views, found.next).await
}

fn view(kept: &KeptNotification) -> NotificationView<'_> {
    let notification = &kept.notification;
    NotificationView {
        id: &kept.id,
        at: notification.at,
        code: &notification.code,
        integration_id: Some(&notification.integration),
        detail: &notification.detail,
        hint: &notification.hint,
    }
}
