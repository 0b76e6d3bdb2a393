//! The rules one by one.

use domain::agent::Binding;
use domain::grant::{Ended, EndedWhy, Grant};
use domain::integration::{Owner, Status};
use domain::resolution::CredentialSource as Source;
use domain::resolution::{Reason, Resolution};
use domain::{AgentId, IntegrationId, Timestamp};

use crate::state::{NOW, State, provider, user};

const NONE: Resolution = Resolution::NotConfigured;

/// A request for WhatsApp by a user, to a tenant that has nothing.
fn empty() -> State {
    let mut state = State::default();
    state.request.provider = Some(provider("whatsapp"));
    state.request.users = vec![user("sender"), user("assignee")];
    state
}

fn own(name: &str) -> Owner {
    Owner::User(user(name))
}

fn grant() -> Grant {
    Grant {
        granted_by: user("operator"),
        granted_at: Timestamp::from_seconds(1),
        until: None,
        ended: None,
    }
}

fn granted(mut state: State, grant: Grant) -> State {
    state.grants.push((provider("whatsapp"), grant));
    state
        .platform
        .insert(provider("whatsapp"), vec!["platform's".into()]);
    state
}

fn bind(state: &mut State, integration: &IntegrationId) -> AgentId {
    let agent = AgentId::make();
    let binding = Binding {
        integration: integration.clone(),
        account: None,
        enabled: true,
    };
    state.bindings.push((agent.clone(), binding));
    agent
}

#[test]
fn the_first_in_line_serves() {
    let mut state = empty();
    assert_eq!(state.answer(), (NONE, Reason::NoIntegration));
    let (second, candidate) = state.connect("whatsapp", Owner::Tenant, "second");
    candidate.priority = 2;
    let (first, candidate) = state.connect("whatsapp", Owner::Tenant, "first");
    candidate.priority = 1;
    let tenants = |id: &IntegrationId| Resolution::Use(id.clone(), Source::Tenant);
    assert_eq!(state.answer(), (tenants(&first), Reason::FirstInLine));
    let (assignees, _) = state.connect("whatsapp", own("assignee"), "a");
    let users = |id: &IntegrationId| Resolution::Use(id.clone(), Source::User);
    assert_eq!(state.answer(), (users(&assignees), Reason::FirstInLine));
    let (senders, _) = state.connect("whatsapp", own("sender"), "s");
    assert_eq!(state.answer(), (users(&senders), Reason::FirstInLine));
    state.connect("whatsapp", own("stranger"), "x");
    assert_eq!(state.answer(), (users(&senders), Reason::FirstInLine));
    let agent = bind(&mut state, &second);
    state.request.agent = Some(agent);
    let bound = Resolution::Use(second, Source::Agent);
    assert_eq!(state.answer(), (bound, Reason::Bound));
    state.request.integration = Some(first.clone());
    let named = Resolution::Use(first, Source::Requested);
    assert_eq!(state.answer(), (named, Reason::Named));
    state.removed = true;
    assert_eq!(state.answer().0, Resolution::TenantRemoved);
}

#[test]
fn an_account_is_asked_for_and_no_other_serves() {
    let mut state = empty();
    state.connect("whatsapp", Owner::Tenant, "one");
    let (two, _) = state.connect("whatsapp", Owner::Tenant, "two");
    state.request.account = Some("two".into());
    assert_eq!(state.answer().0, Resolution::Use(two, Source::Tenant));
    state.request.account = Some("three".into());
    assert_eq!(state.answer(), (NONE, Reason::WrongAccount));
}

#[test]
fn another_users_integration_is_nobodys() {
    let mut state = empty();
    let (strangers, _) = state.connect("whatsapp", own("stranger"), "x");
    assert_eq!(state.answer(), (NONE, Reason::NoIntegration));
    state.request.integration = Some(strangers.clone());
    assert_eq!(state.answer(), (NONE, Reason::IntegrationGone));
    state.request.integration = None;
    let agent = bind(&mut state, &strangers);
    state.request.agent = Some(agent);
    assert_eq!(state.answer(), (NONE, Reason::BindingGone));
}

#[test]
fn what_is_bound_or_named_is_never_replaced() {
    let mut state = granted(empty(), grant());
    state.connect("whatsapp", Owner::Tenant, "one");
    let gone = IntegrationId::make();
    let agent = bind(&mut state, &gone);
    state.request.agent = Some(agent);
    assert_eq!(state.answer(), (NONE, Reason::BindingGone));
    let (sms, _) = state.connect("exotel_sms", Owner::Tenant, "sms");
    state.bindings[0].1.integration = sms.clone();
    assert_eq!(state.answer(), (NONE, Reason::BindingDoesNotFit));
    let (off, candidate) = state.connect("whatsapp", Owner::Tenant, "off");
    candidate.enabled = false;
    state.bindings[0].1.integration = off.clone();
    let waits = Resolution::Unusable(off.clone(), Source::Agent, Status::Disabled);
    assert_eq!(state.answer(), (waits, Reason::Bound));
    state.bindings[0].1.account = Some("another".into());
    assert_eq!(state.answer(), (NONE, Reason::BindingDoesNotFit));
    state.bindings[0].1.account = Some("off".into());
    state.request.account = Some("one".into());
    assert_eq!(state.answer(), (NONE, Reason::BindingDoesNotFit));

    state.request.account = None;
    state.request.integration = Some(sms);
    assert_eq!(state.answer(), (NONE, Reason::IntegrationDoesNotFit));
    state.request.integration = Some(gone);
    assert_eq!(state.answer(), (NONE, Reason::IntegrationGone));
    state.request.integration = Some(off.clone());
    let waits = Resolution::Unusable(off, Source::Requested, Status::Disabled);
    assert_eq!(state.answer(), (waits, Reason::Named));
}

#[test]
fn a_binding_that_is_switched_off_is_as_none() {
    let mut state = empty();
    let (one, _) = state.connect("whatsapp", Owner::Tenant, "one");
    let agent = bind(&mut state, &IntegrationId::make());
    state.request.agent = Some(agent);
    state.bindings[0].1.enabled = false;
    let tenants = (Resolution::Use(one, Source::Tenant), Reason::FirstInLine);
    assert_eq!(state.answer(), tenants);
    state.request.agent = Some(AgentId::make());
    assert_eq!(state.answer(), tenants);
}

#[test]
fn what_is_switched_off_steps_aside_and_what_was_refused_does_not() {
    let mut state = empty();
    let (tenants, _) = state.connect("whatsapp", Owner::Tenant, "one");
    let (senders, candidate) = state.connect("whatsapp", own("sender"), "s");
    candidate.enabled = false;
    let next = Resolution::Use(tenants, Source::Tenant);
    assert_eq!(state.answer(), (next, Reason::NextInLine));
    let (_, candidate) = state.integrations.last_mut().expect("the sender's");
    (candidate.enabled, candidate.status) = (true, Status::Invalid);
    let waits = Resolution::Unusable(senders, Source::User, Status::Invalid);
    assert_eq!(state.answer(), (waits, Reason::FirstInLine));
    // Another of the same owner's is no stranger's.
    let (spare, candidate) = state.connect("whatsapp", own("sender"), "spare");
    candidate.priority = 9;
    let spare = Resolution::Use(spare, Source::User);
    assert_eq!(state.answer(), (spare, Reason::NextInLine));
}

#[test]
fn what_is_switched_off_is_waited_for_if_nothing_else_serves() {
    let mut state = empty();
    let (tenants, candidate) = state.connect("whatsapp", Owner::Tenant, "one");
    candidate.enabled = false;
    let waits = Resolution::Unusable(tenants, Source::Tenant, Status::Disabled);
    assert_eq!(state.answer(), (waits, Reason::FirstInLine));
    let state = granted(state, grant());
    assert_eq!(state.answer(), (Resolution::Platform, Reason::Granted));
}

#[test]
fn the_platforms_account_serves_under_a_live_grant_alone() {
    let platforms = (Resolution::Platform, Reason::Granted);
    let mut state = granted(empty(), grant());
    assert_eq!(state.answer(), platforms);
    state.request.account = Some("platform's".into());
    assert_eq!(state.answer(), platforms);
    state.request.account = Some("another".into());
    assert_eq!(state.answer(), (NONE, Reason::WrongAccount));
    state.request.account = None;

    let mut without = state.clone();
    without.grants.clear();
    assert_eq!(without.answer(), (NONE, Reason::NoIntegration));
    let mut without = state.clone();
    without.platform.clear();
    assert_eq!(without.answer(), (NONE, Reason::PlatformNotSetUp));
    for over in [
        Grant {
            until: Some(NOW),
            ..grant()
        },
        Grant {
            ended: Some(Ended {
                at: NOW,
                by: user("admin"),
                why: EndedWhy::Migrated,
            }),
            ..grant()
        },
    ] {
        let over = granted(empty(), over);
        assert_eq!(over.answer(), (NONE, Reason::GrantEnded));
    }

    // One's own comes before, also while it waits for its repair.
    let (id, candidate) = state.connect("whatsapp", Owner::Tenant, "one");
    candidate.status = Status::Invalid;
    let waits = Resolution::Unusable(id, Source::Tenant, Status::Invalid);
    assert_eq!(state.answer(), (waits, Reason::FirstInLine));
    state.request.account = Some("platform's".into());
    assert_eq!(state.answer(), (NONE, Reason::WrongAccount));
}

#[test]
fn calls_of_an_ai_are_simulated_where_nothing_is_configured() {
    let mut state = empty();
    state.request.provider = Some(provider("elevenlabs"));
    let simulated = (Resolution::Simulated, Reason::NoIntegration);
    assert_eq!(state.answer(), simulated);
    let (_, candidate) = state.connect("elevenlabs", Owner::Tenant, "one");
    candidate.enabled = false;
    assert!(matches!(state.answer().0, Resolution::Unusable(..)));
    state.request.account = Some("another".into());
    assert_eq!(state.answer(), (NONE, Reason::WrongAccount));
    state.request.integration = Some(IntegrationId::make());
    assert_eq!(state.answer(), (NONE, Reason::IntegrationGone));
}
