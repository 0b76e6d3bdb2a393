//! Made-up accounts of providers whose accounts are a configuration and what is special about them.
//!
//! All values follow from the account's number, so they are the same in every run.

use std::sync::{Arc, Mutex};

use ring::hmac;
use serde_json::{Map, Value};

use crate::control::{Input, Refusal};
use crate::sync::lock;

/// Number of the first account made on demand.
const FIRST_EXTRA: u64 = 100;

/// What a provider's accounts are made of.
pub(crate) struct Blueprint<K: 'static> {
    /// Those that are there from the start; their numbers are their places in this list. The first is an ordinary one.
    pub(crate) fixed: &'static [(&'static str, K)],
    /// The fields that are secret.
    pub(crate) secret_fields: &'static [&'static str],
    /// The configuration of an account out of name, number and kind.
    pub(crate) configuration: fn(&str, u64, K) -> Map<String, Value>,
}

/// One account, with one set of secrets.
#[derive(Clone)]
pub(crate) struct Account<K> {
    pub(crate) name: String,
    pub(crate) number: u64,
    /// What is special about it.
    pub(crate) kind: K,
    /// That of an integration, ready to be posted.
    pub(crate) configuration: Map<String, Value>,
}

impl<K> Account<K> {
    /// A field of the configuration that is text; empty where it is not.
    pub(crate) fn text(&self, field: &str) -> &str {
        let value = self.configuration.get(field);
        value.and_then(Value::as_str).unwrap_or_default()
    }
}

/// All accounts of a provider.
pub(crate) struct Accounts<K: 'static> {
    blueprint: Blueprint<K>,
    made: Mutex<Made<K>>,
}

struct Made<K> {
    list: Vec<Arc<Account<K>>>,
    next: u64,
}

impl<K: Copy> Accounts<K> {
    pub(crate) fn new(blueprint: Blueprint<K>) -> Self {
        let fixed = blueprint.fixed.iter().zip(0..);
        let list = fixed.map(|((name, kind), number)| blueprint.account(name, number, *kind));
        let made = Mutex::new(Made {
            list: list.collect(),
            next: FIRST_EXTRA,
        });
        Self { blueprint, made }
    }

    /// The first account that has it.
    pub(crate) fn find(&self, has: impl Fn(&Account<K>) -> bool) -> Option<Arc<Account<K>>> {
        let made = lock(&self.made);
        made.list.iter().find(|account| has(account)).cloned()
    }

    /// The configuration of the account of that name.
    pub(crate) fn configuration(&self, name: &str) -> Option<Value> {
        let account = self.find(|account| account.name == name)?;
        Some(account.configuration.clone().into())
    }

    /// Makes ordinary accounts `extra-1`, `extra-2`, … and returns their names.
    pub(crate) fn make(&self, count: usize) -> Vec<String> {
        let mut made = lock(&self.made);
        let ordinary = self.blueprint.fixed.first().map(|(_, kind)| *kind);
        let make = |kind| {
            let name = format!("extra-{}", made.next - FIRST_EXTRA + 1);
            let account = self.blueprint.account(&name, made.next, kind);
            made.list.push(account);
            made.next += 1;
            name
        };
        ordinary.into_iter().cycle().take(count).map(make).collect()
    }

    /// Gives an account further secrets; the name that it has with these: `one-2`, `one-3`, …
    pub(crate) fn add_secrets(
        &self,
        of: &str,
        secrets: &Map<String, Value>,
    ) -> Result<String, Refusal> {
        let input = Input::new(secrets, self.blueprint.secret_fields)?;
        let account = self
            .find(|account| account.name == of)
            .ok_or_else(|| Refusal::field("of", format!("there is no {of:?}")))?;
        let mut account = Account::clone(&account);
        for field in self.blueprint.secret_fields {
            let given = input.get(field);
            let given = given.ok_or_else(|| Refusal::field(field, "is missing"))?;
            let present = account.configuration.get(*field).unwrap_or(&Value::Null);
            if std::mem::discriminant(given) != std::mem::discriminant(present) {
                return Err(Refusal::field(field, "is of another type than it was"));
            }
            account
                .configuration
                .insert((*field).to_owned(), given.clone());
        }
        let mut made = lock(&self.made);
        let is_taken = |name: &String| made.list.iter().any(|account| account.name == *name);
        let mut names = (2..).map(|number| format!("{of}-{number}"));
        let name = names.find(|name| !is_taken(name)).unwrap_or_default();
        account.name.clone_from(&name);
        made.list.push(Arc::new(account));
        Ok(name)
    }

    /// The secrets of all accounts, each with a name to tell it by.
    pub(crate) fn secrets(&self) -> Vec<(String, String)> {
        let mut secrets = Vec::new();
        for account in &lock(&self.made).list {
            for field in self.blueprint.secret_fields {
                let name = format!("{field} of {}", account.name);
                match account.configuration.get(*field) {
                    Some(Value::String(text)) => secrets.push((name, text.clone())),
                    Some(Value::Object(members)) => {
                        let texts = members.values().filter_map(Value::as_str);
                        secrets.extend(texts.map(|text| (name.clone(), text.to_owned())));
                    }
                    _ => {}
                }
            }
        }
        secrets
    }
}

impl<K: Copy> Blueprint<K> {
    fn account(&self, name: &str, number: u64, kind: K) -> Arc<Account<K>> {
        Arc::new(Account {
            name: name.to_owned(),
            number,
            kind,
            configuration: (self.configuration)(name, number, kind),
        })
    }
}

/// A text of so many hex digits (128 at most) that is like no other.
pub(crate) fn made_up(what: &str, number: u64, digits: usize) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA512, b"made-up values of the provider sandbox");
    let tag = hmac::sign(&key, format!("{what} {number}").as_bytes());
    hex::encode(tag).chars().take(digits).collect()
}

/// The host of an account's own server: `chat.one.example.com`.
pub(crate) fn own_host(service: &str, account: &str) -> String {
    format!("{service}.{}.example.com", account.replace('_', "-"))
}
