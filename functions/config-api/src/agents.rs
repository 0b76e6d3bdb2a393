//! Agents: everybody of the organisation sees them, admins change them.

use std::collections::BTreeMap;

use contract::agents::{
    AgentView, BehaviourInput, ChangeAgent, DestinationInput, NewAgent, WhatsAppInput, WhatsAppView,
};
use contract::integrations::entity_tag;
use domain::agent::{AgentWhatsApp, Behaviour, Binding, Destination};
use domain::audit::AuditRecord;
use domain::phone::E164;
use domain::{Agent, AgentId, Integration, IntegrationId};
use edge::http::HttpReply;
use edge::{Problem, input};
use providers::address;
use serde_json::Value;
use store::agents::{AgentError, MOST_PER_TENANT};

use crate::ask::Ask;
use crate::integrations::problems;
use crate::paging::Page;

pub(crate) async fn list(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let page = Page::read(ask, "agents".to_owned()).await?;
    let mut agents = ask.context.agents.list(&ask.caller.tenant).await?;
    agents.retain(|agent| {
        page.after
            .as_ref()
            .is_none_or(|after| position(agent) > *after)
    });
    let more = agents.len() > page.limit;
    agents.truncate(page.limit);
    let bound = bound_to(ask, &agents).await?;
    let views: Vec<_> = agents
        .iter()
        .map(|agent| view(ask, agent, &bound))
        .collect();
    let next = agents.last().filter(|_| more).map(position);
    page.answer(ask, &views, next).await
}

fn position(agent: &Agent) -> String {
    format!("{}#{}", agent.created_at, agent.id)
}

pub(crate) async fn show(ask: &Ask<'_>, id: &str) -> Result<HttpReply, Problem> {
    let agent = find(ask, id).await?;
    reply(ask, 200, &agent).await
}

pub(crate) async fn add(ask: &Ask<'_>) -> Result<HttpReply, Problem> {
    let new: NewAgent = input::read(ask.request.json_object()?)?;
    let now = ask.context.clock.now();
    let agent = Agent {
        id: AgentId::make(),
        tenant: ask.caller.tenant.clone(),
        name: new.name.into(),
        description: new.description.map(Into::into),
        enabled: new.enabled.unwrap_or(true),
        whatsapp: new.whatsapp.map(whatsapp),
        behaviour: new.behaviour.map(behaviour).unwrap_or_default(),
        destination: new
            .destination
            .map(|one| destination(ask, one))
            .transpose()?,
        is_default: new.is_default.unwrap_or(false),
        revision: 1,
        created_at: now,
        created_by: ask.caller.user.clone(),
        updated_at: now,
        updated_by: ask.caller.user.clone(),
    };
    check_bound(ask, None, &agent).await?;
    let record = record(ask, "agent.create", &agent);
    let created = ask.context.agents.create(&agent, &record).await;
    created.map_err(problem)?;
    reply(ask, 201, &agent).await
}

pub(crate) async fn change(ask: &Ask<'_>, id: &str) -> Result<HttpReply, Problem> {
    let change: ChangeAgent = input::read(ask.request.json_object()?)?;
    let before = find(ask, id).await?;
    ask.check_precondition(before.revision)?;
    let mut after = before.clone();
    after.name = change.name.map_or(after.name, Into::into);
    after.description = change.description.apply(after.description, Into::into);
    after.enabled = change.enabled.unwrap_or(after.enabled);
    after.whatsapp = change.whatsapp.apply(after.whatsapp, whatsapp);
    let kept = Some(after.behaviour);
    after.behaviour = change.behaviour.apply(kept, behaviour).unwrap_or_default();
    let is_new = |wanted| destination(ask, wanted);
    after.destination = change
        .destination
        .apply(after.destination.map(Ok), is_new)
        .transpose()?;
    after.is_default = change.is_default.unwrap_or(after.is_default);
    after.revision += 1;
    after.updated_at = ask.context.clock.now();
    after.updated_by = ask.caller.user.clone();
    check_bound(ask, Some(&before), &after).await?;
    let record = record(ask, "agent.change", &after);
    let changed = ask.context.agents.update(&before, &after, &record).await;
    changed.map_err(problem)?;
    reply(ask, 200, &after).await
}

pub(crate) async fn delete(ask: &Ask<'_>, id: &str) -> Result<HttpReply, Problem> {
    let agent = find(ask, id).await?;
    ask.check_precondition(agent.revision)?;
    let record = record(ask, "agent.delete", &agent);
    let deleted = ask.context.agents.delete(&agent, &record).await;
    deleted.map_err(problem)?;
    Ok(HttpReply::message(200, "Removed."))
}

async fn find(ask: &Ask<'_>, id: &str) -> Result<Agent, Problem> {
    let missing = || Problem::not_found("agent");
    let id = AgentId::parse(id).map_err(|_| missing())?;
    let found = ask.context.agents.find(&ask.caller.tenant, &id).await?;
    found.ok_or_else(missing)
}

fn record(ask: &Ask<'_>, action: &'static str, agent: &Agent) -> AuditRecord {
    let caller = ask.caller;
    let mut record = AuditRecord::new(caller.user.as_str(), ask.context.clock.now(), action);
    record.purpose = Some(agent.id.to_string());
    ask.request.id().clone_into(&mut record.request);
    record
}

fn whatsapp(given: WhatsAppInput) -> AgentWhatsApp {
    AgentWhatsApp {
        enabled: given.enabled.unwrap_or(true),
        integration: given.integration_id,
        phone_number_id: given.phone_number_id.map(Into::into),
    }
}

fn behaviour(given: BehaviourInput) -> Behaviour {
    Behaviour {
        auto_reply: given.auto_reply.map(Into::into),
        greeting: given.greeting.map(Into::into),
        language: given.language.map(Into::into),
    }
}

fn destination(ask: &Ask<'_>, given: DestinationInput) -> Result<Destination, Problem> {
    match given {
        DestinationInput::Https { url } => {
            let refused = |_| Problem::invalid_field("destination.url", address::SENTENCE);
            address::url(&url, &ask.context.own_hosts).map_err(refused)?;
            Ok(Destination::Https { url })
        }
        DestinationInput::Sqs { queue_arn } if is_queue_of_others(ask, &queue_arn) => {
            Ok(Destination::Sqs { queue_arn })
        }
        DestinationInput::Sqs { .. } => {
            let says = "must be the ARN of a queue of your own, such as arn:aws:sqs:eu-central-1:123456789012:inbox";
            Err(Problem::invalid_field("destination.queue_arn", says))
        }
        DestinationInput::Chatwoot {
            integration_id,
            inbox_id,
        } => Ok(Destination::Chatwoot {
            integration_id,
            inbox_id: u64::try_from(inbox_id.get()).unwrap_or_default(),
        }),
    }
}

/// `arn:{partition}:sqs:{region}:{account}:{name}`, in any account but ours: whoever may write to our queues speaks for
/// every tenant.
fn is_queue_of_others(ask: &Ask<'_>, arn: &str) -> bool {
    let own_account = ask.context.queue.account().unwrap_or_default();
    let parts: Vec<&str> = arn.split(':').collect();
    let word = |text: &str, most: usize| {
        (1..=most).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    matches!(parts[..], ["arn", partition, "sqs", region, account, name]
        if partition.starts_with("aws") && word(partition, 20) && word(region, 32)
            && account != own_account && account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) && word(name, 80))
}

/// An agent sends through an integration of the right type that has the number, and is reached through a Chatwoot.
/// What was so before is not asked again: an agent can be changed though what it was bound to is gone.
async fn check_bound(ask: &Ask<'_>, before: Option<&Agent>, agent: &Agent) -> Result<(), Problem> {
    let named: Vec<_> = agent
        .integrations()
        .into_iter()
        .map(|id| (agent.tenant.clone(), id.clone()))
        .collect();
    let found = ask.context.integrations.find_many(&named).await?;
    let of_type = |id: &IntegrationId, provider: &str| {
        let mut found = found
            .iter()
            .filter(|one| one.is_visible_to(&ask.caller.user));
        found.find(|one| one.id == *id && one.provider.as_str() == provider)
    };
    let bound_before = before.and_then(Agent::binding);
    let is_new = |now: &Binding| {
        bound_before.as_ref().is_none_or(|was| {
            let elsewhere = (&was.integration, &was.account) != (&now.integration, &now.account);
            elsewhere || (now.enabled && !was.enabled)
        })
    };
    if let Some(number) = &agent.whatsapp
        && agent.binding().as_ref().is_some_and(is_new)
    {
        let Some(integration) = of_type(&number.integration, "whatsapp") else {
            let says = "must be a WhatsApp integration of the organisation";
            return Err(Problem::invalid_field("whatsapp.integration_id", says));
        };
        let known = |id: &String| integration.accounts.contains(id);
        if !number.phone_number_id.as_ref().is_none_or(known) {
            let says = "must be a number of that integration";
            return Err(Problem::invalid_field("whatsapp.phone_number_id", says));
        }
    }
    if let Some(Destination::Chatwoot { integration_id, .. }) = &agent.destination
        && before.is_none_or(|before| before.destination != agent.destination)
        && of_type(integration_id, "chatwoot").is_none()
    {
        let says = "must be a Chatwoot integration of the organisation";
        return Err(Problem::invalid_field("destination.integration_id", says));
    }
    Ok(())
}

type Bound = BTreeMap<IntegrationId, Integration>;

/// The integrations that agents send through.
async fn bound_to(ask: &Ask<'_>, agents: &[Agent]) -> Result<Bound, Problem> {
    let mut wanted: Vec<_> = agents
        .iter()
        .filter_map(|agent| agent.whatsapp.as_ref())
        .map(|number| (ask.caller.tenant.clone(), number.integration.clone()))
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let found = ask.context.integrations.find_many(&wanted).await?;
    Ok(found.into_iter().map(|one| (one.id.clone(), one)).collect())
}

fn view<'a>(ask: &Ask<'_>, agent: &'a Agent, bound: &Bound) -> AgentView<'a> {
    let whatsapp = agent.whatsapp.as_ref().map(|number| {
        let integration = bound.get(&number.integration);
        WhatsAppView {
            enabled: number.enabled,
            integration_id: &number.integration,
            phone_number_id: number.phone_number_id.as_deref(),
            phone_number: integration.and_then(number_of),
            status: integration.map(Integration::shown_status),
        }
    });
    AgentView::new(agent, whatsapp, ask.caller.role.manages_integrations())
}

/// The phone number that the provider told of.
fn number_of(integration: &Integration) -> Option<E164> {
    let shown = integration.facts.get("display_phone_number");
    let shown = shown.and_then(Value::as_str)?;
    E164::parse(shown, None)
}

async fn reply(ask: &Ask<'_>, status: u16, agent: &Agent) -> Result<HttpReply, Problem> {
    let bound = bound_to(ask, std::slice::from_ref(agent)).await?;
    let view = view(ask, agent, &bound);
    Ok(HttpReply::data(status, &view).header("etag", entity_tag(agent.revision)))
}

fn problem(error: AgentError) -> Problem {
    match error {
        AgentError::Conflict => problems::conflict(),
        AgentError::NoIntegration(_) => Problem::invalid_field(
            "integration_id",
            "must be an integration of the organisation",
        ),
        AgentError::TooMany => Problem::new(
            409,
            "too_many_agents",
            format!("An organisation has at most {MOST_PER_TENANT} agents."),
        )
        .hint("Remove one that is not needed any more."),
        AgentError::TenantRemoved => problems::write_problem(store::WriteError::TenantRemoved),
        AgentError::Store(error) => error.into(),
    }
}
