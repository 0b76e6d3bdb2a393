//! D7: addresses that lead where no tenant may reach are refused by every path that takes one, before anything is dialled.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use providers::http::Network;
use serde_json::{Value, json};

use crate::hostile::ROWS;
use crate::stage::{ADMIN, INTEGRATIONS, Reply, Stage, event};

const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14));
const PRIVATE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 5));
/// A port of this machine where nobody listens.
const NOBODY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// Every name leads to the same addresses; what would be dialled is remembered.
struct Script {
    leads_to: Vec<IpAddr>,
    dialled: Mutex<Vec<IpAddr>>,
}

#[async_trait]
impl Network for Script {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(self.leads_to.clone())
    }

    fn dialled(&self, address: IpAddr) -> SocketAddr {
        self.dialled.lock().expect("unpoisoned").push(address);
        NOBODY
    }
}

struct Scene {
    stage: Stage,
    checks: connection_test::Context,
    network: Arc<Script>,
    agent: String,
}

impl Scene {
    async fn new(leads_to: Vec<IpAddr>) -> Self {
        let mut stage = Stage::new().await;
        let network = Arc::new(Script {
            leads_to,
            dialled: Mutex::default(),
        });
        let checks = stage.over(network.clone());
        let agent = stage
            .call(ADMIN, "POST", "/api/v1/agents", json!({"name": "Desk"}))
            .await;
        Self {
            agent: agent.id().to_owned(),
            stage,
            checks,
            network,
        }
    }

    fn dials(&self) -> usize {
        self.network.dialled.lock().expect("unpoisoned").len()
    }

    async fn test(&self, path: &str, body: &Value) -> Reply {
        let request = serde_json::from_value(event(ADMIN, "POST", path, body)).expect("an event");
        Reply::of(&connection_test::handle(&self.checks, request).await)
    }

    /// The answers of all paths that take an address, each with its name.
    async fn try_all(&self, address: &str) -> Vec<(&'static str, Reply)> {
        let chatwoot = json!({"base_url": address, "account_id": "1", "api_key": "CANARY0a1b2c3d4e5f60718293"});
        let crm = json!({"base_url": address, "auth_type": "bearer", "credentials": {"token": "CANARY0a1b2c3d4e5f"}});
        let older = json!({"name": "CRM", "type": "CRM", "configuration": {"provider": "CHATWOOT", "baseUrl": address,
            "accountId": "1", "apiKey": "CANARY0a1b2c3d4e5f60718293"}});
        let mut older_test = older.clone();
        older_test
            .as_object_mut()
            .expect("an object")
            .remove("name");
        let destination = json!({"name": "Desk", "destination": {"type": "https", "url": address}});
        let change = json!({"destination": destination["destination"]});
        let with = |form: &Value, provider: &str| {
            let mut form = form.clone();
            form["provider"] = provider.into();
            form
        };
        let stage = &self.stage;
        let agent = format!("/api/v1/agents/{}", self.agent);
        let save = async |form: &Value, of: &str| {
            stage
                .call(ADMIN, "POST", INTEGRATIONS, with(form, of))
                .await
        };
        let configure = async |form: &Value, of: &str| {
            stage
                .call(ADMIN, "POST", &format!("{INTEGRATIONS}/{of}"), form.clone())
                .await
        };
        vec![
            ("save chatwoot", save(&chatwoot, "chatwoot").await),
            ("save custom_crm", save(&crm, "custom_crm").await),
            ("configure chatwoot", configure(&chatwoot, "chatwoot").await),
            ("configure custom_crm", configure(&crm, "custom_crm").await),
            (
                "test chatwoot",
                self.test(&format!("{INTEGRATIONS}/chatwoot/test"), &chatwoot)
                    .await,
            ),
            (
                "test custom_crm",
                self.test(&format!("{INTEGRATIONS}/custom_crm/test"), &crm)
                    .await,
            ),
            (
                "create",
                stage
                    .call(ADMIN, "POST", "/api/dashboard/integrations/create", older)
                    .await,
            ),
            (
                "test",
                self.test("/api/dashboard/integrations/test", &older_test)
                    .await,
            ),
            (
                "add agent",
                stage
                    .call(ADMIN, "POST", "/api/v1/agents", destination)
                    .await,
            ),
            (
                "change agent",
                stage.call(ADMIN, "PATCH", &agent, change).await,
            ),
        ]
    }
}

#[tokio::test]
async fn d7_no_path_takes_a_hostile_address() {
    let scene = Scene::new(vec![PUBLIC]).await;
    let before = scene.stage.items();
    let mut tried = 0;
    for (number, address, _) in ROWS {
        for (path, reply) in scene.try_all(address).await {
            tried += 1;
            let is_refused = reply.status == 422 || reply.status == 400;
            assert!(is_refused, "{number} {path}: {}", reply.text);
            // Not one word on which rule it was, and not the address.
            assert!(
                address.len() < 9 || !reply.text.contains(address),
                "{number} {path}: {}",
                reply.text
            );
        }
    }
    println!("D7: inputs tried {tried}, dials made {}", scene.dials());
    assert_eq!((scene.dials(), scene.stage.items()), (0, before));
}

#[tokio::test]
async fn d8_where_a_name_leads_is_not_told_and_nothing_private_is_dialled() {
    let good = "https://crm.example.org";
    for leads_to in [vec![PRIVATE], vec![PUBLIC, PRIVATE], Vec::new()] {
        let scene = Scene::new(leads_to.clone()).await;
        for (path, reply) in scene.try_all(good).await {
            // An agent's destination is called later, and looked up then.
            if !path.contains("agent") {
                reply.is_problem(422, "address_refused");
                assert_eq!(
                    reply.body["detail"], "This address cannot be used.",
                    "{path}"
                );
            }
        }
        assert_eq!(scene.dials(), 0, "{leads_to:?}");
    }
}

#[tokio::test]
async fn d7_control_a_public_address_is_dialled_by_every_path_that_calls() {
    let scene = Scene::new(vec![PUBLIC]).await;
    let replies = scene.try_all("https://crm.example.org").await;
    let calling = replies.iter().filter(|(path, _)| !path.contains("agent"));
    for (path, reply) in calling.clone() {
        reply.is_problem(503, "provider_unavailable");
        assert!(scene.dials() >= calling.clone().count(), "{path}");
    }
    for (path, reply) in replies.iter().filter(|(path, _)| path.contains("agent")) {
        assert!(matches!(reply.status, 200 | 201), "{path}: {}", reply.text);
    }
}
