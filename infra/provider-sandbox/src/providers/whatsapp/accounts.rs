//! Made-up accounts: an app, its system user's token, a WhatsApp Business account (WABA) and its
//! phone numbers.
//!
//! All values follow from the account's number, so they are the same in every run. Ids have 16 or
//! 17 digits and are odd, above 2^53: whoever takes them for floating-point numbers gets them wrong
//! and notices.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

/// Lets an app send, fetch media and receive messages.
pub(super) const MESSAGING: &str = "whatsapp_business_messaging";
/// Lets an app see and change the WABA, its numbers, templates and subscriptions.
pub(super) const MANAGEMENT: &str = "whatsapp_business_management";

/// What is special about an account.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Ordinary,
    /// The app demands `appsecret_proof` with every call.
    NeedsProof,
    /// The token lacks [`MANAGEMENT`].
    NoManagement,
    /// The token lacks [`MESSAGING`].
    NoMessaging,
    /// The token has expired.
    Expired,
    /// The credential is good, but no payment method: nothing can be sent.
    Blocked,
}

/// The accounts that are there from the start; their numbers are their places in this list.
const FIXED: [(&str, Kind); 7] = [
    ("one", Kind::Ordinary),
    ("two", Kind::Ordinary),
    ("needs_proof", Kind::NeedsProof),
    ("no_management", Kind::NoManagement),
    ("no_messaging", Kind::NoMessaging),
    ("expired", Kind::Expired),
    ("blocked", Kind::Blocked),
];

/// Number of the first account made on demand.
const FIRST_EXTRA: u64 = 100;

/// Phone numbers of account one; others have one.
const NUMBERS_OF_ONE: u64 = 2;

/// One account, with one set of secrets.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) app_id: String,
    /// 32 hex digits; signs webhooks, and is the key of `appsecret_proof`.
    pub(super) app_secret: String,
    /// The system user that the token belongs to.
    pub(super) user_id: String,
    pub(super) business_id: String,
    pub(super) waba_id: String,
    pub(super) access_token: String,
    pub(super) phones: Vec<Phone>,
    kind: Kind,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Account").field(&self.name).finish()
    }
}

/// One phone number.
#[derive(Debug, Clone)]
pub(super) struct Phone {
    pub(super) id: String,
    /// Country code and number, digits only.
    pub(super) number: String,
}

impl Account {
    fn new(name: &str, number: u64, kind: Kind) -> Self {
        let phones = if number == 0 { NUMBERS_OF_ONE } else { 1 };
        Self {
            name: name.to_owned(),
            app_id: (1_450_000_000_000_003 + 2 * number).to_string(),
            app_secret: hex::encode(derive("app secret", number))
                .chars()
                .take(32)
                .collect(),
            user_id: (61_570_000_000_000_001 + 2 * number).to_string(),
            business_id: (15_830_000_000_000_001 + 2 * number).to_string(),
            waba_id: (20_480_000_000_000_001 + 2 * number).to_string(),
            access_token: format!("EAA{}", token_text(number)),
            phones: (0..phones).map(|place| Phone::new(number, place)).collect(),
            kind,
        }
    }

    /// As the configuration of a `whatsapp` integration; of several numbers it is the first.
    pub(super) fn configuration(&self) -> Value {
        json!({
            "access_token": self.access_token,
            "phone_number_id": self.phones.first().map(|phone| &phone.id),
            "waba_id": self.waba_id,
            "app_id": self.app_id,
            "app_secret": self.app_secret,
        })
    }

    pub(super) fn phone(&self, id: &str) -> Option<&Phone> {
        self.phones.iter().find(|phone| phone.id == id)
    }

    pub(super) fn app_name(&self) -> String {
        format!("Sandbox app {}", self.name)
    }

    pub(super) fn business_name(&self) -> String {
        format!("Sandbox shop {}", self.name)
    }

    /// What the token may do.
    pub(super) fn scopes(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::NoManagement => &[MESSAGING],
            Kind::NoMessaging => &[MANAGEMENT],
            _ => &[MANAGEMENT, MESSAGING],
        }
    }

    /// Unix seconds at which the token expired, if it did.
    pub(super) fn expired_at(&self) -> Option<i64> {
        (self.kind == Kind::Expired).then_some(1_767_225_600)
    }

    pub(super) fn needs_proof(&self) -> bool {
        self.kind == Kind::NeedsProof
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.kind == Kind::Blocked
    }

    /// The app's own token: id and secret, as Graph takes it literally.
    pub(super) fn app_token(&self) -> String {
        format!("{}|{}", self.app_id, self.app_secret)
    }

    /// The `appsecret_proof` that belongs to a token of this app.
    pub(super) fn proof(&self, token: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.app_secret.as_bytes());
        hex::encode(hmac::sign(&key, token.as_bytes()))
    }
}

impl Phone {
    fn new(account: u64, place: u64) -> Self {
        Self {
            id: (30_710_000_000_000_001 + 20 * account + 2 * place).to_string(),
            number: (15_550_100_001 + 10 * account + place).to_string(),
        }
    }

    /// With `+`, spaces and dashes, as Graph shows it.
    pub(super) fn display(&self) -> String {
        let part = |range| self.number.get(range).unwrap_or_default();
        format!(
            "+{} {}-{}-{}",
            part(0..1),
            part(1..4),
            part(4..7),
            part(7..11)
        )
    }
}

fn derive(what: &str, number: u64) -> hmac::Tag {
    let key = hmac::Key::new(
        hmac::HMAC_SHA512,
        b"made-up values of the provider sandbox: whatsapp",
    );
    hmac::sign(&key, format!("{what} {number}").as_bytes())
}

/// Letters and digits, as long as real tokens are.
fn token_text(number: u64) -> String {
    let parts = ["token", "token, continued", "token, end"]
        .map(|part| URL_SAFE_NO_PAD.encode(derive(part, number)));
    parts.concat().replace(['-', '_'], "Z")
}

/// All accounts, found by whatever names them.
#[derive(Debug)]
pub(super) struct Directory {
    /// Account by name, token, app token, app id, WABA id and phone number id. Ids that accounts share are the first's.
    index: HashMap<String, Arc<Account>>,
    next: u64,
}

impl Default for Directory {
    fn default() -> Self {
        let mut directory = Self {
            index: HashMap::new(),
            next: FIRST_EXTRA,
        };
        for ((name, kind), number) in FIXED.into_iter().zip(0..) {
            directory.add(Account::new(name, number, kind));
        }
        directory
    }
}

impl Directory {
    /// Makes ordinary accounts `extra-1`, `extra-2`, … and returns their names.
    pub(super) fn make(&mut self, count: usize) -> Vec<String> {
        let make = |_| {
            let name = format!("extra-{}", self.next - FIRST_EXTRA + 1);
            self.add(Account::new(&name, self.next, Kind::Ordinary));
            self.next += 1;
            name
        };
        (0..count).map(make).collect()
    }

    /// Gives an account another access token and app secret; the name that it has with these: `one-2`, `one-3`, …
    pub(super) fn add_secrets(
        &mut self,
        of: &str,
        (token, secret): (&str, &str),
    ) -> Option<String> {
        let account = Account::clone(&*self.by_name(of)?);
        let mut names = (2..).map(|number| format!("{of}-{number}"));
        let name = names.find(|name| self.by_name(name).is_none())?;
        self.add(Account {
            name: name.clone(),
            access_token: token.to_owned(),
            app_secret: secret.to_owned(),
            ..account
        });
        Some(name)
    }

    fn add(&mut self, account: Account) {
        let account = Arc::new(account);
        let app_token = account.app_token();
        let names = [
            &account.name,
            &account.access_token,
            &app_token,
            &account.app_id,
            &account.waba_id,
        ];
        for name in names
            .into_iter()
            .chain(account.phones.iter().map(|phone| &phone.id))
        {
            let first = self.index.entry(name.clone());
            first.or_insert_with(|| Arc::clone(&account));
        }
    }

    /// The secrets of all accounts, each with a name to tell it by.
    pub(super) fn secrets(&self) -> Vec<(String, String)> {
        let accounts = self
            .index
            .iter()
            .filter(|(key, account)| **key == account.name);
        let secrets = accounts.flat_map(|(name, account)| {
            [
                (
                    format!("access token of {name}"),
                    account.access_token.clone(),
                ),
                (format!("app secret of {name}"), account.app_secret.clone()),
            ]
        });
        secrets.collect()
    }

    pub(super) fn by_name(&self, name: &str) -> Option<Arc<Account>> {
        self.find(name).filter(|account| account.name == name)
    }

    pub(super) fn by_token(&self, token: &str) -> Option<Arc<Account>> {
        self.find(token)
            .filter(|account| account.access_token == token)
    }

    pub(super) fn by_app(&self, app_id: &str) -> Option<Arc<Account>> {
        self.find(app_id).filter(|account| account.app_id == app_id)
    }

    pub(super) fn by_app_token(&self, token: &str) -> Option<Arc<Account>> {
        self.find(token)
            .filter(|account| account.app_token() == token)
    }

    /// By whatever names it.
    pub(super) fn find(&self, key: &str) -> Option<Arc<Account>> {
        self.index.get(key).map(Arc::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_differ_in_everything_and_are_the_same_in_every_run() {
        let (mut directory, mut again) = (Directory::default(), Directory::default());
        let names: Vec<String> = FIXED
            .map(|(name, _)| name.to_owned())
            .into_iter()
            .chain(directory.make(300))
            .collect();
        again.make(300);
        let mut seen = std::collections::HashSet::new();
        for name in &names {
            let account = directory
                .by_name(name)
                .unwrap_or_else(|| panic!("{name} is missing"));
            let configuration = account.configuration();
            assert_eq!(
                Some(&configuration),
                again
                    .by_name(name)
                    .map(|account| account.configuration())
                    .as_ref()
            );
            for (field, value) in configuration.as_object().into_iter().flatten() {
                assert!(
                    seen.insert(value.to_string()),
                    "{field} of {name} is not its own"
                );
            }
            for phone in &account.phones {
                assert_eq!((phone.id.len(), phone.number.len()), (17, 11));
            }
        }
    }

    #[test]
    fn values_have_the_shapes_of_real_ones() {
        let account = Account::new("one", 0, Kind::Ordinary);
        assert_eq!(account.app_secret.len(), 32);
        assert!(
            account.access_token.len() > 180
                && account.access_token.chars().all(char::is_alphanumeric)
        );
        assert_eq!(account.phones.len(), 2);
        assert_eq!(
            account.phones.first().map(Phone::display).as_deref(),
            Some("+1 555-010-0001")
        );
    }
}
