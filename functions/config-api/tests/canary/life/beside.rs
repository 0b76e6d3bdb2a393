//! Further accounts are connected beside the first: with other secrets, and where a provider takes several kinds, of another
//! kind. What is told of one is never another's.

use serde_json::{Map, Value, json};

use super::{Account, INTEGRATIONS, Life};
use crate::stage::{ADMIN, AGENT, SERVICE};

/// Accounts of the sandbox that show in another way who asks.
const OF_ANOTHER_KIND: [(&str, &str); 2] = [("custom_crm", "basic"), ("custom_crm", "own_header")];

impl Life<'_> {
    pub(super) async fn beside(&self) {
        self.is_beside(&self.other).await;
        let kinds = OF_ANOTHER_KIND.into_iter();
        for (_, of) in kinds.filter(|(provider, _)| *provider == self.id) {
            let account = Account::make(self.stage, self.provider, of, of).await;
            self.is_beside(&account).await;
        }
    }

    async fn is_beside(&self, account: &Account) {
        let mut form = account.form.clone();
        form["provider"] = self.id.into();
        let made = self.goes_well(ADMIN, "POST", INTEGRATIONS, form).await;
        self.learned().await;
        let path = format!(
            "{INTEGRATIONS}/{}",
            made["data"]["id"].as_str().expect("an id")
        );
        self.goes_well(ADMIN, "PATCH", &path, json!({"name": "Beside"}))
            .await;
        for body in [Value::Null, account.form.clone()] {
            self.goes_well(ADMIN, "POST", &format!("{path}/test"), body)
                .await;
        }
        let shown = self.goes_well(ADMIN, "GET", &self.place, Value::Null).await;
        let first = format!(
            "{INTEGRATIONS}/{}",
            shown["data"]["id"].as_str().expect("an id")
        );
        for path in [&path, &first] {
            self.told_of(path).await;
        }
        self.moved(&path, account).await;
        self.fails(json!({"fault": {"status": 401, "body": all(account)}}))
            .await;
        let test = format!("{path}/test");
        self.stage.call(ADMIN, "POST", &test, Value::Null).await;
        self.recovers().await;
        self.goes_well(ADMIN, "DELETE", &path, Value::Null).await;
    }

    /// Everything is asked for that tells secrets, also by those who may not know them.
    async fn told_of(&self, integration: &str) {
        let credentials = format!("{integration}/credentials");
        let reasoned = format!("{credentials}?reason=moving");
        for (who, path, status) in [
            (ADMIN, &reasoned, 200),
            (SERVICE, &credentials, 200),
            (ADMIN, &credentials, 400),
            (AGENT, &reasoned, 403),
        ] {
            let (answered, _) = self.stage.call(who, "GET", path, Value::Null).await;
            assert_eq!(answered, status, "{path}");
        }
        for (method, below) in [
            ("GET", "webhook"),
            ("POST", "webhook/rotate"),
            ("POST", "webhook/repair"),
        ] {
            let path = format!("{integration}/{below}");
            let (status, _) = self.stage.call(AGENT, method, &path, Value::Null).await;
            assert!((400..500).contains(&status), "{method} {path}: {status}");
            self.stage.call(ADMIN, method, &path, Value::Null).await;
            self.learned().await;
        }
    }

    /// Secrets go to no other address than that for which they were entered.
    async fn moved(&self, path: &str, account: &Account) {
        let Some(field) = self.address() else {
            return;
        };
        let there = Map::from_iter([(field.to_owned(), "https://elsewhere.example.net".into())]);
        let whole = super::with(&account.form, &there);
        let (status, _) = self.stage.call(ADMIN, "PATCH", path, there).await;
        assert_eq!(status, 422);
        self.goes_well(ADMIN, "PATCH", path, whole).await;
    }
}

/// The account's secrets, in one text.
fn all(account: &Account) -> String {
    account.form.to_string()
}
