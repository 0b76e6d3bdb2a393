//! The paths that front ends and services knew before, each for its own providers and with its own names of fields.

use providers::descriptor::Category;
use serde_json::{Map, Value, json};

use super::{Life, Request};
use crate::stage::{ADMIN, AGENT, Person, SERVICE};

const ELEVENLABS: &str = "/api/integrations/elevenlabs";
const SETTINGS: &str = "/api/settings/whatsapp";
const TENANT: &str = "/api/tenants/t_one/whatsapp/config";
const DASHBOARD: &str = "/api/dashboard/integrations";

/// Names of fields, each with that in the provider's form.
type Names = [(&'static str, &'static str)];

impl Life<'_> {
    /// The tenant's default one is given new values; users get one of their own.
    pub(super) fn saves_by_older_paths(&self) -> Vec<Request> {
        match self.id {
            "elevenlabs" => vec![post(
                ADMIN,
                format!("{ELEVENLABS}/config"),
                self.as_elevenlabs(),
            )],
            "whatsapp" => vec![
                Request {
                    method: "PUT",
                    ..post(ADMIN, TENANT.to_owned(), self.as_tenants())
                },
                post(AGENT, SETTINGS.to_owned(), self.as_settings()),
            ],
            _ => {
                let path = format!("{DASHBOARD}/create");
                let body = self.as_dashboard();
                body.map(|body| post(AGENT, path, body))
                    .into_iter()
                    .collect()
            }
        }
    }

    pub(super) fn tests_by_older_paths(&self) -> Vec<Request> {
        match self.id {
            "elevenlabs" => {
                let path = || format!("{ELEVENLABS}/test");
                vec![
                    post(ADMIN, path(), self.as_elevenlabs()),
                    post(ADMIN, path(), Value::Null),
                ]
            }
            "whatsapp" => {
                let path = || format!("{SETTINGS}/test");
                vec![
                    post(AGENT, path(), self.as_settings()),
                    post(AGENT, path(), Value::Null),
                ]
            }
            _ => {
                let path = format!("{DASHBOARD}/test");
                let body = self.as_dashboard();
                let body = body.map(|mut body| {
                    body.as_object_mut().map(|body| body.remove("name"));
                    body
                });
                body.map(|body| post(AGENT, path, body))
                    .into_iter()
                    .collect()
            }
        }
    }

    /// The token alone, in the clear.
    pub(super) fn fetches_by_older_path(&self) -> Option<Request> {
        (self.id == "whatsapp").then(|| Request {
            who: SERVICE,
            method: "GET",
            path: "/tenants/t_one/credentials/meta".to_owned(),
            body: Value::Null,
        })
    }

    /// All goes well; in the end nobody has one of their own.
    pub(super) async fn by_older_paths(&self) {
        for request in self.saves_by_older_paths() {
            self.is_granted(request).await;
            self.learned().await;
        }
        for request in self.tests_by_older_paths() {
            self.is_granted(request).await;
        }
        if let Some(request) = self.fetches_by_older_path() {
            self.is_granted(request).await;
        }
        for who in [ADMIN, AGENT] {
            self.looked_at(who).await;
        }
        self.nobody_has_their_own().await;
        if self.id == "elevenlabs" {
            let path = format!("{ELEVENLABS}/disconnect");
            self.goes_well(ADMIN, "DELETE", &path, Value::Null).await;
        }
    }

    /// What users have is renamed and removed by the path that is for it.
    pub(super) async fn nobody_has_their_own(&self) {
        let list = format!("{}?owner=user&limit=100", super::INTEGRATIONS);
        let (_, own) = self.stage.call(AGENT, "GET", &list, Value::Null).await;
        for one in own["data"].as_array().into_iter().flatten() {
            let is_crm = self.provider.descriptor().category == Category::Crm;
            let (place, change) = if is_crm {
                (DASHBOARD, "PUT")
            } else {
                (super::INTEGRATIONS, "PATCH")
            };
            let path = format!("{place}/{}", one["id"].as_str().expect("an id"));
            let off = json!({"name": "Mine", "isActive": false});
            for (method, body) in [(change, off), ("DELETE", Value::Null)] {
                self.goes_well(AGENT, method, &path, body).await;
            }
        }
    }

    async fn is_granted(&self, request: Request) {
        let (method, path) = (request.method, request.path.clone());
        let (status, answer) = self.stage.request(request).await;
        assert!(
            matches!(status, 200 | 201),
            "{method} {path}: {status} {answer}"
        );
    }

    fn as_elevenlabs(&self) -> Value {
        renamed(
            &self.second.form,
            &[
                ("apiKey", "api_key"),
                ("agentId", "agent_id"),
                ("phoneNumberId", "phone_number_id"),
            ],
        )
    }

    fn as_tenants(&self) -> Value {
        renamed(
            &self.second.form,
            &[
                ("accessToken", "access_token"),
                ("phoneNumberId", "phone_number_id"),
                ("wabaId", "waba_id"),
                ("appSecret", "app_secret"),
            ],
        )
    }

    /// Of another account: a number is connected once.
    fn as_settings(&self) -> Value {
        renamed(
            &self.other.form,
            &[
                ("accessToken", "access_token"),
                ("phoneNumberId", "phone_number_id"),
                ("businessAccountId", "waba_id"),
                ("appSecret", "app_secret"),
            ],
        )
    }

    fn as_dashboard(&self) -> Option<Value> {
        if self.provider.descriptor().category != Category::Crm {
            return None;
        }
        let mut configuration = self.other.form.clone();
        configuration["provider"] = self.id.to_uppercase().into();
        Some(json!({"name": "Mine", "type": "CRM", "configuration": configuration}))
    }
}

fn post(who: Person, path: String, body: Value) -> Request {
    Request {
        who,
        method: "POST",
        path,
        body,
    }
}

/// Those fields of a form, under these names.
fn renamed(form: &Value, names: &Names) -> Value {
    let fields = names.iter().filter_map(|(name, field)| {
        let value = form.get(*field)?;
        Some(((*name).to_owned(), value.clone()))
    });
    Map::from_iter(fields).into()
}
