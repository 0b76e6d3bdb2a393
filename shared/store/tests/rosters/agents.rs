//! Agents, what they are bound to, and which of them is the default.

use domain::agent::{Agent, AgentWhatsApp, Behaviour, Destination};
use domain::integration::Owner;
use domain::{AgentId, IntegrationId, TenantId};
use store::agents::{AgentError, MOST_PER_TENANT};
use testing::cloud::{Calls, Fault};

use crate::stage::{Stage, tenant, user};

fn agent(stage: &Stage, of: &TenantId) -> Agent {
    Agent {
        id: AgentId::make(),
        tenant: of.clone(),
        name: "Support".into(),
        description: None,
        enabled: true,
        whatsapp: None,
        behaviour: Behaviour::default(),
        destination: None,
        is_default: false,
        revision: 1,
        created_at: stage.now(),
        created_by: user("u-1"),
        updated_at: stage.now(),
        updated_by: user("u-1"),
    }
}

fn bound(stage: &Stage, of: &TenantId, integration: &IntegrationId) -> Agent {
    let whatsapp = AgentWhatsApp {
        enabled: true,
        integration: integration.clone(),
        phone_number_id: Some("106540352242922".into()),
    };
    Agent {
        whatsapp: Some(whatsapp),
        ..agent(stage, of)
    }
}

/// The next revision, changed so.
fn next(before: &Agent, change: impl FnOnce(&mut Agent)) -> Agent {
    let mut after = before.clone();
    after.revision += 1;
    change(&mut after);
    after
}

impl Stage {
    async fn create(&self, agent: &Agent) -> Result<(), AgentError> {
        self.agents
            .create(agent, &self.record("agent.create"))
            .await
    }

    async fn update(&self, before: &Agent, after: &Agent) -> Result<(), AgentError> {
        let record = self.record("agent.update");
        self.agents.update(before, after, &record).await
    }

    async fn delete_agent(&self, agent: &Agent) -> Result<(), AgentError> {
        self.agents
            .delete(agent, &self.record("agent.delete"))
            .await
    }

    async fn find_agent(&self, agent: &Agent) -> Option<Agent> {
        let found = self.agents.find(&agent.tenant, &agent.id).await;
        found.expect("read")
    }

    /// The default agent; there are never two.
    async fn default_of(&self, tenant: &TenantId) -> Option<AgentId> {
        let agents = self.agents.list(tenant).await.expect("read").into_iter();
        let mut defaults = agents.filter(|agent| agent.is_default);
        let default = defaults.next().map(|agent| agent.id);
        assert!(defaults.next().is_none());
        default
    }
}

#[tokio::test]
async fn an_agent_comes_back_as_it_was_written() {
    let stage = Stage::new();
    let one = tenant("t_one");
    let whatsapp = stage.connect(&one, Owner::Tenant).await;
    let chatwoot = stage.connect(&one, Owner::Tenant).await;
    let full = Agent {
        description: Some("Answers after hours.".into()),
        behaviour: Behaviour {
            auto_reply: Some("We are closed.".into()),
            greeting: Some("नमस्ते".into()),
            language: Some("hi".into()),
        },
        destination: Some(Destination::Chatwoot {
            integration_id: chatwoot.id.clone(),
            inbox_id: 7,
        }),
        is_default: true,
        ..bound(&stage, &one, &whatsapp.id)
    };
    let bare = agent(&stage, &one);
    for agent in [&full, &bare] {
        stage.create(agent).await.expect("created");
        assert_eq!(stage.find_agent(agent).await.as_ref(), Some(agent));
    }
    let mut all = vec![full.clone(), bare.clone()];
    all.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(stage.agents.list(&one).await.expect("read"), all);
    let roster = stage.roster(&one).await;
    assert_eq!(roster.bindings.len(), 1);
    assert_eq!(roster.bindings.get(&full.id), full.binding().as_ref());
    assert!(roster.unbound.contains(&bare.id) && roster.knows(&bare.id));

    let changed = next(&full, |agent| {
        agent.destination = Some(Destination::Https {
            url: "https://agents.example.com/in".into(),
        });
        agent.enabled = false;
    });
    stage.update(&full, &changed).await.expect("updated");
    assert_eq!(stage.find_agent(&full).await, Some(changed.clone()));
    assert!(!stage.roster(&one).await.bindings[&full.id].enabled);
    stage.delete_agent(&changed).await.expect("deleted");
    assert_eq!(stage.find_agent(&full).await, None);
    let roster = stage.roster(&one).await;
    assert!(roster.bindings.is_empty() && roster.candidates.len() == 2);
    for (action, times) in [("create", 2), ("update", 1), ("delete", 1)] {
        let action = format!("agent.{action}");
        assert_eq!(stage.recorded(&one, &action).await, times, "{action}");
    }
    assert!(
        stage
            .agents
            .list(&tenant("t_two"))
            .await
            .expect("read")
            .is_empty()
    );
}

#[tokio::test]
async fn of_two_changes_to_what_was_read_one_is_made() {
    let stage = Stage::new();
    let one = tenant("t_one");
    let read = agent(&stage, &one);
    stage.create(&read).await.expect("created");
    let first = next(&read, |agent| agent.name = "First".into());
    let second = next(&read, |agent| agent.name = "Second".into());
    let (a, b) = tokio::join!(stage.update(&read, &first), stage.update(&read, &second));
    assert_eq!([&a, &b].iter().filter(|done| done.is_ok()).count(), 1);
    let conflict = stage.delete_agent(&read).await;
    assert!(
        matches!(conflict, Err(AgentError::Conflict)),
        "{conflict:?}"
    );
    let conflict = stage.create(&read).await;
    assert!(
        matches!(conflict, Err(AgentError::Conflict)),
        "{conflict:?}"
    );
    assert_eq!(stage.recorded(&one, "agent.update").await, 1);
    // The control: what is read anew can be changed.
    let read = stage.find_agent(&read).await.expect("there");
    stage.delete_agent(&read).await.expect("deleted");
    let conflict = stage.update(&read, &next(&read, |_| {})).await;
    assert!(
        matches!(conflict, Err(AgentError::Conflict)),
        "{conflict:?}"
    );
}

#[tokio::test]
async fn an_agent_is_bound_to_an_integration_of_the_tenants_own_or_not_at_all() {
    let stage = Stage::new();
    let one = tenant("t_one");
    let mine = stage.connect(&one, Owner::Tenant).await;
    let a_users = stage.connect(&one, Owner::User(user("u-2"))).await;
    let theirs = stage.connect(&tenant("t_two"), Owner::Tenant).await;
    for id in [&a_users.id, &theirs.id, &IntegrationId::make()] {
        for agent in [
            bound(&stage, &one, id),
            Agent {
                destination: Some(Destination::Chatwoot {
                    integration_id: id.clone(),
                    inbox_id: 1,
                }),
                ..agent(&stage, &one)
            },
        ] {
            let refused = stage.create(&agent).await;
            let said = matches!(&refused, Err(AgentError::NoIntegration(named)) if named == id);
            assert!(said, "{refused:?}");
        }
    }
    assert!(stage.items(&one, "AGENT#").is_empty());
    assert_eq!(stage.recorded(&one, "agent.create").await, 0);
    let agent = bound(&stage, &one, &mine.id);
    stage.create(&agent).await.expect("created");

    // What was deleted meanwhile stays named, and cannot be switched on anew.
    let record = stage.record("integration.delete");
    let deleted = stage.changes.delete(&mine, &record).await;
    deleted.expect("deleted");
    assert_eq!(
        stage.roster(&one).await.bindings[&agent.id].integration,
        mine.id
    );
    let off = next(&agent, |agent| agent.enabled = false);
    stage.update(&agent, &off).await.expect("switched off");
    let on = next(&off, |agent| agent.enabled = true);
    let refused = stage.update(&off, &on).await;
    assert!(
        matches!(refused, Err(AgentError::NoIntegration(_))),
        "{refused:?}"
    );
    let free = next(&off, |agent| {
        agent.whatsapp = None;
        agent.enabled = true;
    });
    stage.update(&off, &free).await.expect("released");
    assert!(stage.roster(&one).await.bindings.is_empty());
}

#[tokio::test]
async fn at_most_one_agent_is_the_default() {
    let stage = Stage::new();
    let one = tenant("t_one");
    let first = agent(&stage, &one);
    let second = Agent {
        is_default: true,
        ..agent(&stage, &one)
    };
    for agent in [&first, &second] {
        stage.create(agent).await.expect("created");
    }
    assert_eq!(stage.default_of(&one).await.as_ref(), Some(&second.id));
    let chosen = next(&first, |agent| agent.is_default = true);
    stage.update(&first, &chosen).await.expect("chosen");
    assert_eq!(stage.default_of(&one).await.as_ref(), Some(&first.id));
    // Who read the second as the default must look again: neither is the first unset, nor the second set back.
    let stale = next(&second, |agent| agent.is_default = false);
    let refused = stage.update(&second, &stale).await;
    assert!(matches!(refused, Err(AgentError::Conflict)), "{refused:?}");
    let refused = stage.delete_agent(&second).await;
    assert!(matches!(refused, Err(AgentError::Conflict)), "{refused:?}");
    let renamed = next(&second, |agent| agent.name = "Sales".into());
    stage.update(&second, &renamed).await.expect("renamed");
    assert_eq!(stage.default_of(&one).await.as_ref(), Some(&first.id));
    stage.delete_agent(&chosen).await.expect("deleted");
    assert_eq!(stage.default_of(&one).await, None);

    // All at once.
    let many: Vec<Agent> = (0..8).map(|_| agent(&stage, &one)).collect();
    for agent in &many {
        stage.create(agent).await.expect("created");
    }
    let chosen: Vec<Agent> = many
        .iter()
        .map(|a| next(a, |a| a.is_default = true))
        .collect();
    let (a, b, c, d) = tokio::join!(
        stage.update(&many[0], &chosen[0]),
        stage.update(&many[1], &chosen[1]),
        stage.update(&many[2], &chosen[2]),
        stage.update(&many[3], &chosen[3]),
    );
    assert!([a, b, c, d].iter().all(Result::is_ok));
    assert!(stage.default_of(&one).await.is_some());
}

#[tokio::test]
async fn a_tenant_has_so_many_agents_and_no_more() {
    let stage = Stage::new();
    let one = tenant("t_one");
    let mut agents = Vec::new();
    for _ in 0..MOST_PER_TENANT {
        let agent = agent(&stage, &one);
        stage.create(&agent).await.expect("created");
        agents.push(agent);
    }
    let more = agent(&stage, &one);
    let refused = stage.create(&more).await;
    assert!(matches!(refused, Err(AgentError::TooMany)), "{refused:?}");
    assert_eq!(
        stage.agents.list(&one).await.expect("read").len(),
        MOST_PER_TENANT
    );
    let renamed = next(&agents[0], |agent| agent.name = "Sales".into());
    stage.update(&agents[0], &renamed).await.expect("updated");
    stage.delete_agent(&agents[1]).await.expect("deleted");
    stage.create(&more).await.expect("created");
}

#[tokio::test]
async fn a_removed_tenant_gets_no_agents_and_keeps_none() {
    let stage = Stage::new();
    let one = tenant("t_one");
    let kept = Agent {
        is_default: true,
        ..agent(&stage, &one)
    };
    stage.create(&kept).await.expect("created");
    let record = stage.record("tenant.remove");
    let marked = stage.tenants.mark_removed(&one, stage.now(), &record).await;
    marked.expect("marked");
    for refused in [
        stage.create(&agent(&stage, &one)).await,
        stage.update(&kept, &next(&kept, |_| {})).await,
        stage.delete_agent(&kept).await,
    ] {
        assert!(
            matches!(refused, Err(AgentError::TenantRemoved)),
            "{refused:?}"
        );
    }
    while stage.tenants.sweep(&one).await.expect("swept") > 0 {}
    assert_eq!(stage.tenants.count_left(&one).await.expect("counted"), 0);
    assert!(stage.agents.list(&one).await.expect("read").is_empty());
    assert!(stage.roster(&one).await.tenant_removed);
}

#[tokio::test]
async fn agent_binding_and_record_are_written_together_or_not_at_all() {
    for (fault, is_done) in [
        (Fault::Throttle, false),
        (Fault::Reset, false),
        // The control: here it was done, and only the answer was lost.
        (Fault::AppliedButLost, true),
    ] {
        let stage = Stage::new();
        let one = tenant("t_one");
        let mine = stage.connect(&one, Owner::Tenant).await;
        let agent = bound(&stage, &one, &mine.id);
        let calls = Calls::of("TransactWriteItems").times(3);
        stage.cloud.faults().fail(calls, fault);
        let created = stage.create(&agent).await;
        stage.cloud.faults().clear();
        assert_eq!(created.is_ok(), is_done, "{fault:?}: {created:?}");
        let there = [
            stage.find_agent(&agent).await.is_some(),
            stage.roster(&one).await.bindings.contains_key(&agent.id),
            stage.recorded(&one, "agent.create").await == 1,
        ];
        assert_eq!(there, [is_done; 3], "{fault:?}");
    }
}
