//! Exotel: one API for three types of integrations, whose accounts are the same.
//!
//! Sources: <https://developer.exotel.com/api>, and <https://developer.exotel.com/api/exophone-details> for the numbers
//! of an account. Where they leave something open the stricter reading is served.
//!
//! A path may begin with the name of a regional host, `/api.in.exotel.com/v2_beta/…`: it is then asked of that region,
//! which does not know the accounts of the other.

use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, StatusCode};
use serde_json::{Map, Value};

use self::accounts::{Account, Accounts, BLUEPRINT};
use self::call::Call;
use self::error::{Exotel, RestException};
use crate::control::Refusal;
use crate::provider::{Failure, Provider, Reply, Request, json_reply};

mod accounts;
mod call;
mod error;
mod numbers;

/// One type of integration. The first in the list of providers is asked for paths that do not say which.
pub(crate) struct Product {
    kind: Kind,
    accounts: Arc<Accounts>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Phone,
    WhatsApp,
    Sms,
}

/// All types, over the same accounts.
pub(crate) fn all() -> [Box<dyn Provider>; 3] {
    let accounts = Arc::new(Accounts::new(BLUEPRINT));
    [Kind::Phone, Kind::WhatsApp, Kind::Sms].map(|kind| {
        let accounts = Arc::clone(&accounts);
        Box::new(Product { kind, accounts }) as Box<dyn Provider>
    })
}

impl Product {
    /// The whole API on one screen.
    fn serve(&self, request: &Request) -> Exotel<Value> {
        let call = Call::new(request)?;
        let account = self.caller(&call)?;
        match (call.method, call.version, call.resource.as_slice()) {
            (&Method::GET, "v2_beta", ["IncomingPhoneNumbers"]) => numbers::list(&call, &account),
            _ => Err(RestException::not_found()),
        }
    }

    /// The account that the call is about, if the call is its own and comes to its region.
    fn caller(&self, call: &Call<'_>) -> Exotel<Arc<Account>> {
        let (key, token) = call.basic.as_ref().ok_or_else(RestException::no_access)?;
        let is_callers = |account: &Account| {
            account.text("api_key") == key
                && account.text("api_token") == token
                && call.host.is_none_or(|host| host == account.host())
        };
        let account = self.accounts.find(is_callers);
        let account = account.ok_or_else(RestException::no_access)?;
        if account.sid() != call.account {
            return Err(RestException::not_found());
        }
        account.refusal().map_or(Ok(account), Err)
    }
}

#[async_trait]
impl Provider for Product {
    fn id(&self) -> &'static str {
        match self.kind {
            Kind::Phone => "exotel_phone",
            Kind::WhatsApp => "exotel_whatsapp",
            Kind::Sms => "exotel_sms",
        }
    }

    fn serves(&self, path: &str) -> bool {
        call::is_exotel(path)
    }

    fn account_of(&self, request: &Request) -> Option<String> {
        let by_key = call::basic(request)
            .and_then(|(key, _)| self.accounts.find(|account| account.text("api_key") == key));
        let by_path = || {
            let sid = Call::new(request).ok()?.account;
            self.accounts.find(|account| account.sid() == sid)
        };
        by_key.or_else(by_path).map(|account| account.name.clone())
    }

    async fn answer(&self, request: &Request) -> Reply {
        match self.serve(request) {
            Ok(answer) => json_reply(StatusCode::OK, &answer),
            Err(refusal) => refusal.reply(),
        }
    }

    fn fail(&self, _: &Request, failure: Failure) -> Reply {
        RestException::from(failure).reply()
    }

    /// As the form of its type of integration takes it.
    fn configuration(&self, account: &str) -> Option<Value> {
        let account = self.accounts.find(|found| found.name == account)?;
        let mut form = account.configuration.clone();
        let own = match self.kind {
            Kind::Phone => account.for_calls(),
            Kind::WhatsApp => account.for_whatsapp(),
            Kind::Sms => account.for_sms(),
        };
        form.extend(own.as_object().cloned()?);
        Some(form.into())
    }

    fn make_accounts(&self, count: usize) -> Vec<String> {
        self.accounts.make(count)
    }

    fn add_secrets(&self, account: &str, secrets: &Map<String, Value>) -> Result<String, Refusal> {
        self.accounts.add_secrets(account, secrets)
    }

    /// The accounts are shared, so one type tells their secrets for all. A SID is none, whatever it is used for.
    fn secrets(&self) -> Vec<(String, String)> {
        let mut secrets = match self.kind {
            Kind::Phone => self.accounts.secrets(),
            Kind::WhatsApp | Kind::Sms => Vec::new(),
        };
        secrets.retain(|(_, secret)| self.accounts.find(|other| other.sid() == secret).is_none());
        secrets
    }
}
