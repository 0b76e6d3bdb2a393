//! What is asked, and who answers it: one line for each operation of the API.

use contract::{Access, Function, Operation as Op, lookup};
use edge::Problem;
use edge::http::{HttpReply, HttpRequest};

use crate::ask::Ask;
use crate::{
    Context, agents, audit_logs, events, integrations, messages, notifications, older,
    phone_numbers, platform_accounts, providers_catalogue, system,
};

/// Finds what is asked for and asks it.
pub(crate) async fn answer(context: &Context, request: &HttpRequest) -> Result<HttpReply, Problem> {
    let found = lookup::find(request.method(), request.path())?;
    let route = found.route;
    if route.function != Function::ConfigApi {
        return Err(Problem::no_route());
    }
    if route.access == Access::Public {
        route.check_query(request)?;
        return Ok(match route.operation {
            Op::ShowDocument => system::document(context),
            Op::ShowPage => system::page(context),
            _ => system::health(),
        });
    }
    let caller = &context.claims.caller(request)?;
    context.pace.check(&caller.tenant, route)?;
    route.admit(caller.role)?;
    route.check_query(request)?;
    let ask = &Ask {
        context,
        caller,
        request,
    };
    let [first, second] = &found.named;
    match route.operation {
        Op::ListProviders => Ok(providers_catalogue::list()),
        Op::ListIntegrations => integrations::list::list(ask).await,
        Op::AddIntegration => integrations::configure::add(ask).await,
        Op::ShowIntegration => integrations::get::get(ask, first).await,
        Op::ConfigureIntegration => integrations::configure::configure(ask, first).await,
        Op::ChangeIntegration => integrations::configure::change(ask, first).await,
        Op::DeleteIntegration => integrations::delete::delete(ask, first).await,
        Op::SyncIntegration => integrations::sync::sync(ask, first).await,
        Op::RevealCredentials => integrations::reveal::reveal(ask, first).await,
        Op::ShowIntegrationHealth => integrations::health::show(ask, first).await,
        Op::ShowAnalytics => integrations::analytics::show(ask, first).await,
        Op::ListTemplates => integrations::templates::list(ask, first).await,
        Op::ShowWebhook => integrations::webhooks::show(ask, first).await,
        Op::RotateWebhook => integrations::webhooks::rotate(ask, first).await,
        Op::RepairWebhook => integrations::webhooks::repair(ask, first).await,
        Op::ListPermissions => integrations::permissions::list(ask, first).await,
        Op::GrantPermission => integrations::permissions::grant(ask, first, second).await,
        Op::RevokePermission => integrations::permissions::revoke(ask, first, second).await,
        Op::ListPhoneNumbers => phone_numbers::list(ask).await,
        Op::AssignPhoneNumber => phone_numbers::assign(ask, first).await,
        Op::ListAgents => agents::list(ask).await,
        Op::AddAgent => agents::add(ask).await,
        Op::ShowAgent => agents::show(ask, first).await,
        Op::ChangeAgent => agents::change(ask, first).await,
        Op::DeleteAgent => agents::delete(ask, first).await,
        Op::SendMessage => messages::send::send(ask).await,
        Op::SendMessages => messages::batch::send(ask, route).await,
        Op::ShowMessage => messages::show::show(ask, first).await,
        Op::ListEvents => events::list(ask).await,
        Op::ListAuditLogs => audit_logs::list(ask).await,
        Op::ListNotifications => notifications::list(ask).await,
        Op::ListGrants => platform_accounts::list(ask).await,
        Op::SetGrant => platform_accounts::grant(ask, first).await,
        Op::EndGrant => platform_accounts::end(ask, first).await,
        Op::ShowElevenLabsConfig => older::elevenlabs::show(ask).await,
        Op::SaveElevenLabsConfig => older::elevenlabs::save(ask).await,
        Op::DisconnectElevenLabs => older::elevenlabs::disconnect(ask).await,
        Op::ShowWhatsAppSettings => older::whatsapp_settings::show(ask).await,
        Op::SaveWhatsAppSettings => older::whatsapp_settings::save(ask).await,
        Op::ListWhatsAppTemplates => older::whatsapp_settings::templates(ask).await,
        Op::SendWhatsAppTemplate => older::whatsapp_settings::send(ask).await,
        Op::CreateDashboardIntegration => older::dashboard::create(ask).await,
        Op::ChangeDashboardIntegration => older::dashboard::change(ask, first).await,
        Op::DeleteDashboardIntegration => older::dashboard::delete(ask, first).await,
        Op::SignUpForWhatsApp => older::tenant_whatsapp::sign_up(ask),
        Op::ConfigureTenantWhatsApp => older::tenant_whatsapp::configure(ask, first).await,
        Op::FetchAccessToken => older::tenant_whatsapp::access_token(ask, first).await,
        Op::ShowHealth
        | Op::ShowDocument
        | Op::ShowPage
        | Op::TestIntegration
        | Op::TestElevenLabsConfig
        | Op::TestWhatsAppSettings
        | Op::TestDashboardIntegration => Err(Problem::no_route()),
    }
}
