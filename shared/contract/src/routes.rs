//! The whole API as a table.

use domain::{ProviderId, Timestamp};
use providers::Template;
use providers::descriptor::Descriptor;

use crate::agents::{AgentView, ChangeAgent, NewAgent};
use crate::analytics::AnalyticsView;
use crate::audit_logs::AuditLine;
use crate::credentials::{AccessToken, Revealed};
use crate::events::EventView;
use crate::fields::{IdempotencyKey, Label, Limit};
use crate::forms;
use crate::integrations::{HealthView, IntegrationView, Ownership, Passed, PermissionView, Synced};
use crate::messages::{Accepted, AcceptedBatch, MessageView, SendMessage, SendMessages};
use crate::notifications::NotificationView;
use crate::older::{
    ChangeIntegration, CreateIntegration, DashboardIntegration, ElevenLabsConfig, ElevenLabsView,
    SendTemplate, Signup, TenantWhatsApp, TenantWhatsAppView, TestIntegration, WhatsAppSettings,
    WhatsAppSettingsView,
};
use crate::operation::Operation as Op;
use crate::pace::Cost;
use crate::phone_numbers::{Assign, PhoneNumberView};
use crate::platform::{GrantView, SetGrant};
use crate::route::{Access, Answer, Body, Function, Parameter, Route};
use crate::system::Health;
use crate::webhooks::WebhookView;

const ABOUT_API: &str = "About the API";
const INTEGRATIONS: &str = "Integrations";
const WEBHOOKS: &str = "Webhooks";
const TEAM: &str = "Team";
const AGENTS: &str = "Agents";
const MESSAGES: &str = "Messages";
const RECORDS: &str = "Records";
const PLATFORM: &str = "Platform accounts";
const OLDER: &str = "Older paths";

const LIMIT: Parameter = Parameter::new::<Limit>("limit", "Lines at most; 50 if left out.", "20");
const CURSOR: Parameter = Parameter::new::<Label<1024>>(
    "cursor",
    "The `next_cursor` of the page before, of this very list.",
    "",
);
const PROVIDER: Parameter =
    Parameter::new::<ProviderId>("provider", "Only those of this provider type.", "whatsapp");
const IF_MATCH: &[Parameter] = &[Parameter::new::<Label<128>>(
    "If-Match",
    "The entity tag that was read: the change is made only if nobody else has made one since.",
    "\"1\"",
)];
const IDEMPOTENCY_KEY: &[Parameter] = &[Parameter::new::<IdempotencyKey>(
    "Idempotency-Key",
    "Names this request: repeated with the same body it is carried out once, with another body it is refused.",
    "order-17",
)];
const TIMES: &[Parameter] = &[
    Parameter::new::<Timestamp>(
        "from",
        "From when on; 24 hours before `to` if left out, and at most 31 days before it.",
        "2026-01-31T00:00:00Z",
    ),
    Parameter::new::<Timestamp>(
        "to",
        "Until when; until now if left out.",
        "2026-02-01T00:00:00Z",
    ),
];

/// Every route.
pub static ROUTES: &[Route] = &[
    get(Op::ShowHealth, "/health", ABOUT_API, "Does the API answer?")
        .access(Access::Public)
        .answers(&[Answer::whole::<Health>(200, "It does.")]),
    get(Op::ShowDocument, "/openapi.json", ABOUT_API, "This document")
        .access(Access::Public)
        .answers(&[Answer::whole::<serde_json::Value>(200, "The API, as OpenAPI 3.1.")]),
    get(Op::ShowPage, "/docs", ABOUT_API, "This document, to read")
        .access(Access::Public)
        .answers(&[Answer::whole::<String>(200, "A page.").as_media("text/html; charset=utf-8")]),
    get(Op::ListProviders, "/api/v1/providers", INTEGRATIONS, "What can be connected")
        .detail("Every provider type with the fields of its form: label, where its value is found, what it may look \
                 like, whether it is secret. A `planned` type cannot be saved yet.")
        .answers(&[Answer::data::<Vec<Descriptor>>(200, "The catalogue.")]),
    get(Op::ListIntegrations, "/api/v1/settings/integrations", INTEGRATIONS, "What is connected")
        .detail("The organisation's integrations and the caller's own, by type, priority and age.")
        .query(&[LIMIT, CURSOR, PROVIDER, Parameter::new::<Ownership>("owner", "Only the organisation's, or only the caller's own.", "tenant")])
        .answers(&[Answer::page::<IntegrationView<'_>>("A page of integrations.")]),
    post(Op::AddIntegration, "/api/v1/settings/integrations", INTEGRATIONS, "Connect a further account")
        .costly()
        .detail("The provider is asked first: what it refuses is not stored.")
        .body(Body::schema(forms::add, r#"{"provider": "whatsapp", "name": "Support", "access_token": "EAAGexample0123456789abcdef", "phone_number_id": "106540352242922"}"#))
        .answers(&[Answer::data::<IntegrationView<'_>>(201, "It is connected.").tagged()]),
    get(Op::ShowIntegration, "/api/v1/settings/integrations/{ref}", INTEGRATIONS, "One integration")
        .answers(&[Answer::data::<IntegrationView<'_>>(200, "The integration.").tagged()]),
    post(Op::ConfigureIntegration, "/api/v1/settings/integrations/{ref}", INTEGRATIONS, "Set up the default of a type")
        .costly()
        .detail("Gives the default integration of the type new values, or makes it. With an id it is the same as PATCH. \
                 The provider is asked first: what it refuses is not stored.")
        .headers(IF_MATCH)
        .body(Body::schema(forms::configure, r#"{"access_token": "EAAGexample0123456789abcdef", "phone_number_id": "106540352242922"}"#))
        .answers(&[
            Answer::data::<IntegrationView<'_>>(200, "It has the new values.").tagged(),
            Answer::data::<IntegrationView<'_>>(201, "It is connected.").tagged(),
        ]),
    patch(Op::ChangeIntegration, "/api/v1/settings/integrations/{ref}", INTEGRATIONS, "Change an integration")
        .costly()
        .detail("What is left out stays; `null` removes; a mask posted back keeps the secret. New secrets are tested first.")
        .headers(IF_MATCH)
        .body(Body::schema(forms::change, r#"{"name": "Support", "enabled": true, "priority": 10}"#))
        .answers(&[Answer::data::<IntegrationView<'_>>(200, "It is changed.").tagged()]),
    delete(Op::DeleteIntegration, "/api/v1/settings/integrations/{ref}", INTEGRATIONS, "Remove an integration")
        .costly()
        .detail("Its credentials go with it, and its webhook is taken back at the provider.")
        .headers(IF_MATCH)
        .answers(&[Answer::message("It is removed.")]),
    post(Op::TestIntegration, "/api/v1/settings/integrations/{ref}/test", INTEGRATIONS, "Do the credentials work?")
        .detail("With a body: values that are not saved. Without: the stored ones, and the verdict becomes the integration's \
                 state.")
        .tested()
        .body(Body::schema(forms::values, r#"{"access_token": "EAAGexample0123456789abcdef", "phone_number_id": "106540352242922"}"#).optional())
        .answers(&[Answer::whole::<Passed<'_>>(200, "They do.")]),
    post(Op::SyncIntegration, "/api/v1/settings/integrations/{ref}/sync", INTEGRATIONS, "Take over the account's phone numbers")
        .costly()
        .detail("For those who may change the integration. It happens by itself whenever an account is saved.")
        .answers(&[Answer::data::<Synced>(200, "They are taken over.")]),
    get(Op::RevealCredentials, "/api/v1/settings/integrations/{ref}/credentials", INTEGRATIONS, "Reveal credentials")
        .costly()
        .detail("For machines of the platform, and for admins who give a reason: every admin is notified of it.")
        .access(Access::AdminOrService)
        .query(&[Parameter::new::<Label<200>>("reason", "Why they are needed; an admin must say it.", "moving to another system")])
        .answers(&[Answer::data::<Revealed<'_>>(200, "The credentials, in the clear.")]),
    get(Op::ShowIntegrationHealth, "/api/v1/settings/integrations/{ref}/health", INTEGRATIONS, "How an integration fares")
        .answers(&[Answer::data::<HealthView<'_>>(200, "Its state, limits and recent activity.")]),
    get(Op::ShowAnalytics, "/api/v1/settings/integrations/{ref}/analytics", INTEGRATIONS, "What happened through an integration")
        .detail("Figures by the hour, in UTC; every hour that the given time touches is told of as a whole. They are kept for 90 days.")
        .query(TIMES)
        .answers(&[Answer::data::<AnalyticsView>(200, "How much was sent, failed and came back.")]),
    get(Op::ListTemplates, "/api/v1/settings/integrations/{ref}/templates", INTEGRATIONS, "The account's message templates")
        .costly()
        .query(&[LIMIT, CURSOR])
        .answers(&[Answer::page::<Template>("A page of templates, as the provider has them.")]),
    get(Op::ShowWebhook, "/api/v1/settings/integrations/{ref}/webhook", WEBHOOKS, "The integration's webhook")
        .costly()
        .answers(&[Answer::data::<WebhookView<'_>>(200, "Its full URL, and whether the provider delivers there.")]),
    post(Op::RotateWebhook, "/api/v1/settings/integrations/{ref}/webhook/rotate", WEBHOOKS, "Give the webhook a new URL")
        .costly()
        .detail("The provider is told. The URL before is answered for another day.")
        .answers(&[Answer::data::<WebhookView<'_>>(200, "The new URL.")]),
    post(Op::RepairWebhook, "/api/v1/settings/integrations/{ref}/webhook/repair", WEBHOOKS, "Tell the provider the URL once more")
        .costly()
        .answers(&[Answer::data::<WebhookView<'_>>(200, "How that ended.")]),
    get(Op::ListPermissions, "/api/v1/settings/integrations/{ref}/permissions", TEAM, "Who else may send through it")
        .access(Access::Admin)
        .answers(&[Answer::data::<Vec<PermissionView<'_>>>(200, "Those who may.")]),
    put(Op::GrantPermission, "/api/v1/settings/integrations/{ref}/permissions/{user}", TEAM, "Let somebody send through it")
        .access(Access::Admin)
        .answers(&[Answer::data::<PermissionView<'_>>(200, "They may.")]),
    delete(Op::RevokePermission, "/api/v1/settings/integrations/{ref}/permissions/{user}", TEAM, "Take a permission back")
        .access(Access::Admin)
        .answers(&[Answer::message("They may no more.")]),
    get(Op::ListPhoneNumbers, "/api/v1/settings/phone-numbers", TEAM, "The phone numbers of all accounts")
        .query(&[LIMIT, CURSOR])
        .answers(&[Answer::page::<PhoneNumberView<'_>>("A page of numbers.")]),
    post(Op::AssignPhoneNumber, "/api/v1/settings/phone-numbers/{number_id}/assign", TEAM, "Assign a number to somebody")
        .access(Access::Admin)
        .headers(IF_MATCH)
        .body(Body::of::<Assign>(r#"{"user_id": "user-17"}"#))
        .answers(&[Answer::data::<PhoneNumberView<'_>>(200, "It is theirs, or nobody's.").tagged()]),
    get(Op::ListAgents, "/api/v1/agents", AGENTS, "The organisation's agents")
        .query(&[LIMIT, CURSOR])
        .answers(&[Answer::page::<AgentView<'_>>("A page of agents.")]),
    post(Op::AddAgent, "/api/v1/agents", AGENTS, "Make an agent")
        .access(Access::Admin)
        .body(Body::of::<NewAgent>(r#"{"name": "Front desk", "behaviour": {"auto_reply": "We will be with you in a minute."}, "destination": {"type": "https", "url": "https://hooks.example.com/inbox"}}"#))
        .answers(&[Answer::data::<AgentView<'_>>(201, "The agent.").tagged()]),
    get(Op::ShowAgent, "/api/v1/agents/{agent_id}", AGENTS, "One agent")
        .answers(&[Answer::data::<AgentView<'_>>(200, "The agent.").tagged()]),
    patch(Op::ChangeAgent, "/api/v1/agents/{agent_id}", AGENTS, "Change an agent")
        .access(Access::Admin)
        .headers(IF_MATCH)
        .body(Body::of::<ChangeAgent>(r#"{"enabled": false}"#))
        .answers(&[Answer::data::<AgentView<'_>>(200, "It is changed.").tagged()]),
    delete(Op::DeleteAgent, "/api/v1/agents/{agent_id}", AGENTS, "Remove an agent")
        .access(Access::Admin)
        .headers(IF_MATCH)
        .answers(&[Answer::message("It is removed.")]),
    post(Op::SendMessage, "/api/v1/messages", MESSAGES, "Send a message")
        .detail("Managers and agents send through their own integrations and those that an admin lets them use.")
        .headers(IDEMPOTENCY_KEY)
        .body(Body::of::<SendMessage>(r#"{"wabaPayload": {"to": "+919876543220", "type": "text", "text": {"body": "Hello!"}}}"#))
        .answers(&[Answer::data::<Accepted<'_>>(202, "It is taken in.")]),
    post(Op::SendMessages, "/api/v1/messages/batch", MESSAGES, "Send many messages")
        .detail("Up to 1,000 messages in at most 4 MiB, each of at most 64 KiB and each taken in or refused as it would be alone. \
                 With an Idempotency-Key each is named by the key and its place: repeating the request is safe, and \
                 takes in what was not taken in before. Ten messages count as one request.")
        .headers(IDEMPOTENCY_KEY)
        .body(Body::of::<SendMessages>(r#"{"messages": [{"wabaPayload": {"to": "+919876543220", "type": "text", "text": {"body": "Hello!"}}}]}"#))
        .answers(&[Answer::data::<AcceptedBatch>(202, "All of them or some are taken in. If none is, the problem says why under `items`.")]),
    get(Op::ShowMessage, "/api/v1/messages/{message_id}", MESSAGES, "Where a message stands")
        .answers(&[Answer::data::<MessageView<'_>>(200, "Where it stands, and how it came there.")]),
    get(Op::ListEvents, "/api/v1/events", MESSAGES, "What providers told us")
        .access(Access::AdminOrService)
        .query(&[LIMIT, CURSOR, Parameter::new::<domain::IntegrationId>("integration", "Only those of this integration.", "int_00000000000000000000000000")])
        .answers(&[Answer::page::<EventView<'_>>("A page of events, newest first.")]),
    get(Op::ListAuditLogs, "/api/v1/settings/audit-logs", RECORDS, "Who did what")
        .access(Access::Admin)
        .query(&[LIMIT, CURSOR, PROVIDER])
        .answers(&[Answer::page::<AuditLine>("A page of the trail, newest first.")]),
    get(Op::ListNotifications, "/api/v1/settings/notifications", RECORDS, "What you should know")
        .detail("Admins see those of the organisation; everybody sees those about their own integrations.")
        .query(&[LIMIT, CURSOR])
        .answers(&[Answer::page::<NotificationView<'_>>("A page of notifications, newest first.")]),
    get(Op::ListGrants, "/api/v1/settings/platform-accounts", PLATFORM, "Which of the platform's accounts may be used")
        .access(Access::Admin)
        .answers(&[Answer::data::<Vec<GrantView<'_>>>(200, "What was granted.")]),
    put(Op::SetGrant, "/api/v1/settings/platform-accounts/{provider}", PLATFORM, "Let an organisation use the platform's account")
        .access(Access::Operator)
        .body(Body::of::<SetGrant>(r#"{"until": "2030-01-31T00:00:00Z"}"#).optional())
        .answers(&[Answer::data::<GrantView<'_>>(200, "It may.")]),
    delete(Op::EndGrant, "/api/v1/settings/platform-accounts/{provider}", PLATFORM, "Let it no more")
        .access(Access::Operator)
        .answers(&[Answer::message("It may no more.")]),
    get(Op::ShowElevenLabsConfig, "/api/integrations/elevenlabs/config", OLDER, "ElevenLabs, masked")
        .answers(&[Answer::data::<ElevenLabsView>(200, "The values.")]),
    post(Op::SaveElevenLabsConfig, "/api/integrations/elevenlabs/config", OLDER, "Save ElevenLabs")
        .costly()
        .body(Body::of::<ElevenLabsConfig>(r#"{"apiKey": "sk_example0123456789abcdef0123456789", "agentId": "agent_0123456789abcdef"}"#))
        .answers(&[Answer::data::<ElevenLabsView>(200, "It is saved.")]),
    post(Op::TestElevenLabsConfig, "/api/integrations/elevenlabs/test", OLDER, "Test ElevenLabs")
        .tested()
        .body(Body::of::<ElevenLabsConfig>(r#"{"apiKey": "sk_example0123456789abcdef0123456789", "agentId": "agent_0123456789abcdef"}"#).optional())
        .answers(&[Answer::whole::<Passed<'_>>(200, "It works.")]),
    delete(Op::DisconnectElevenLabs, "/api/integrations/elevenlabs/disconnect", OLDER, "Remove ElevenLabs")
        .costly()
        .answers(&[Answer::message("It is removed.")]),
    get(Op::ShowWhatsAppSettings, "/api/settings/whatsapp", OLDER, "The caller's own WhatsApp, masked")
        .answers(&[Answer::data::<WhatsAppSettingsView>(200, "The values.")]),
    post(Op::SaveWhatsAppSettings, "/api/settings/whatsapp", OLDER, "Save the caller's own WhatsApp")
        .costly()
        .body(Body::of::<WhatsAppSettings>(r#"{"accessToken": "EAAGexample0123456789abcdef", "phoneNumberId": "106540352242922", "businessAccountId": "102290129340398", "enabled": true}"#))
        .answers(&[Answer::data::<WhatsAppSettingsView>(200, "It is saved.")]),
    post(Op::TestWhatsAppSettings, "/api/settings/whatsapp/test", OLDER, "Test the caller's own WhatsApp")
        .tested()
        .body(Body::of::<WhatsAppSettings>(r#"{"accessToken": "EAAGexample0123456789abcdef", "phoneNumberId": "106540352242922"}"#).optional())
        .answers(&[Answer::whole::<Passed<'_>>(200, "It works.")]),
    get(Op::ListWhatsAppTemplates, "/api/settings/whatsapp/templates", OLDER, "WhatsApp templates")
        .costly()
        .query(&[LIMIT, CURSOR])
        .answers(&[Answer::page::<Template>("A page of templates.")]),
    post(Op::SendWhatsAppTemplate, "/api/settings/whatsapp/send", OLDER, "Send a WhatsApp template")
        .headers(IDEMPOTENCY_KEY)
        .body(Body::of::<SendTemplate>(r#"{"to": "+919876543220", "templateName": "hello_world", "languageCode": "en_US"}"#))
        .answers(&[Answer::data::<Accepted<'_>>(202, "It is taken in.")]),
    post(Op::CreateDashboardIntegration, "/api/dashboard/integrations/create", OLDER, "Connect the caller's own CRM")
        .costly()
        .body(Body::of::<CreateIntegration>(r#"{"name": "My Chatwoot", "type": "CRM", "configuration": {"provider": "CHATWOOT", "baseUrl": "https://app.chatwoot.com", "accountId": "123", "apiKey": "example0123456789abcdef", "features": {"autoCreateInboxes": true, "autoCreateBots": true, "syncContacts": true}}}"#))
        .answers(&[Answer::data::<DashboardIntegration<'_>>(201, "It is connected.")]),
    post(Op::TestDashboardIntegration, "/api/dashboard/integrations/test", OLDER, "Test a CRM")
        .tested()
        .body(Body::of::<TestIntegration>(r#"{"type": "CRM", "configuration": {"provider": "CHATWOOT", "baseUrl": "https://app.chatwoot.com", "accountId": "123", "apiKey": "example0123456789abcdef"}}"#))
        .answers(&[Answer::whole::<Passed<'_>>(200, "It works.")]),
    put(Op::ChangeDashboardIntegration, "/api/dashboard/integrations/{ref}", OLDER, "Rename a CRM, switch it on or off")
        .costly()
        .body(Body::of::<ChangeIntegration>(r#"{"name": "Updated name", "isActive": true}"#))
        .answers(&[Answer::data::<DashboardIntegration<'_>>(200, "It is changed.")]),
    delete(Op::DeleteDashboardIntegration, "/api/dashboard/integrations/{ref}", OLDER, "Remove a CRM")
        .costly()
        .answers(&[Answer::message("It is removed.")]),
    post(Op::SignUpForWhatsApp, "/api/whatsapp/signup", OLDER, "Finish Meta's dialogue")
        .costly()
        .detail("The exchange of the code is not built yet: it is refused with `signup_not_available`.")
        .access(Access::Admin)
        .body(Body::of::<Signup>(r#"{"code": "AQB0a1b2c3", "state": "0a1b2c3d"}"#))
        .answers(&[Answer::data::<TenantWhatsAppView<'_>>(200, "It is connected.")]),
    put(Op::ConfigureTenantWhatsApp, "/api/tenants/{tenant}/whatsapp/config", OLDER, "Set up an organisation's WhatsApp")
        .costly()
        .access(Access::Admin)
        .body(Body::of::<TenantWhatsApp>(r#"{"wabaId": "102290129340398", "phoneNumberId": "106540352242922", "accessToken": "EAAGexample0123456789abcdef"}"#))
        .answers(&[Answer::data::<TenantWhatsAppView<'_>>(200, "It is set up.")]),
    get(Op::FetchAccessToken, "/tenants/{tenant}/credentials/meta", OLDER, "An organisation's WhatsApp access token")
        .access(Access::Service)
        .answers(&[Answer::whole::<AccessToken<'_>>(200, "The token.")]),
];

const fn get(op: Op, path: &'static str, group: &'static str, summary: &'static str) -> Route {
    route("GET", op, path, group, summary)
}

const fn post(op: Op, path: &'static str, group: &'static str, summary: &'static str) -> Route {
    route("POST", op, path, group, summary)
}

const fn put(op: Op, path: &'static str, group: &'static str, summary: &'static str) -> Route {
    route("PUT", op, path, group, summary)
}

const fn patch(op: Op, path: &'static str, group: &'static str, summary: &'static str) -> Route {
    route("PATCH", op, path, group, summary)
}

const fn delete(op: Op, path: &'static str, group: &'static str, summary: &'static str) -> Route {
    route("DELETE", op, path, group, summary)
}

/// A route for everybody of the tenant, answered by the configuration API.
const fn route(
    method: &'static str,
    operation: Op,
    path: &'static str,
    group: &'static str,
    summary: &'static str,
) -> Route {
    Route {
        operation,
        method,
        path,
        summary,
        detail: "",
        group,
        access: Access::Member,
        cost: Cost::Own,
        function: Function::ConfigApi,
        query: &[],
        headers: &[],
        body: None,
        answers: &[],
    }
}

impl Route {
    const fn detail(mut self, detail: &'static str) -> Self {
        self.detail = detail;
        self
    }

    const fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// It asks a provider, or tells a secret.
    const fn costly(mut self) -> Self {
        self.cost = Cost::Provider;
        self
    }

    /// It is answered by the connection test.
    const fn tested(mut self) -> Self {
        self.function = Function::ConnectionTest;
        self.costly()
    }

    const fn query(mut self, query: &'static [Parameter]) -> Self {
        self.query = query;
        self
    }

    const fn headers(mut self, headers: &'static [Parameter]) -> Self {
        self.headers = headers;
        self
    }

    const fn body(mut self, body: Body) -> Self {
        self.body = Some(body);
        self
    }

    const fn answers(mut self, answers: &'static [Answer]) -> Self {
        self.answers = answers;
        self
    }
}
