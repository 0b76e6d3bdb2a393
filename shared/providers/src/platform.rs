//! The platform's own accounts, which serve tenants under a grant and never otherwise: read from the environment
//! variables that fields name ([`crate::field::Field::platform`]).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use domain::resolution::PlatformOffer;
use domain::{Credentials, Given, ProviderId};
use serde_json::{Map, Value};

use crate::form::{self, Filled};
use crate::{Overrides, Provider, find, id_of};

/// The accounts that the platform has, one per provider type at most.
#[derive(Default)]
pub struct PlatformAccounts(BTreeMap<ProviderId, Arc<Filled>>);

/// Of what is there it shows the types alone.
impl fmt::Debug for PlatformAccounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl PlatformAccounts {
    /// The accounts of these types, out of variables that `lookup` knows. One of which nothing is set is not there; nor
    /// is one that lacks something or is not sound, and the log says what is amiss.
    pub fn read(
        types: &[&str],
        overrides: &Overrides,
        mut lookup: impl FnMut(&str) -> Option<String>,
    ) -> Self {
        let accounts = types.iter().filter_map(|name| {
            let provider = find(name)?;
            let account = read(provider, overrides, &mut lookup)?;
            Some((id_of(provider), Arc::new(account)))
        });
        Self(accounts.collect())
    }

    /// The account of a type.
    pub fn get(&self, provider: &ProviderId) -> Option<&Arc<Filled>> {
        self.0.get(provider)
    }

    /// What choosing a credential needs to know of them.
    pub fn offer(&self) -> PlatformOffer {
        let offer = self.0.iter().map(|(id, account)| {
            let accounts = find(id.as_str()).map(|provider| provider.accounts(&account.settings));
            (id.clone(), accounts.unwrap_or_default().exclusive)
        });
        offer.collect()
    }
}

fn read(
    provider: &dyn Provider,
    overrides: &Overrides,
    mut lookup: impl FnMut(&str) -> Option<String>,
) -> Option<Filled> {
    let descriptor = provider.descriptor();
    let named = |field: &str| {
        let mut fields = descriptor.fields.iter();
        let found = fields.find(|known| known.name == field);
        found.and_then(|known| known.platform)
    };
    let set = descriptor.fields.iter().filter_map(|field| {
        let value = lookup(field.platform?)?;
        (!value.trim().is_empty()).then(|| (field.name.to_owned(), Value::String(value)))
    });
    let given = Given::from(set.collect::<Map<_, _>>());
    if given.is_empty() {
        return None;
    }
    let defaults = Filled {
        settings: overrides.settings(provider).cloned().unwrap_or_default(),
        credentials: Credentials::default(),
    };
    form::read(provider, given, Some(&defaults))
        .inspect_err(|objections| {
            for objection in objections {
                let variable = named(&objection.field).unwrap_or(&objection.field);
                tracing::error!(
                    provider = descriptor.id,
                    "the platform's account is not used: {variable} {}",
                    objection.says
                );
            }
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const TOKEN: &str = "CANARY-EAAG0a1b2c3d4e5f6a7b8";

    fn read(variables: &[(&str, &str)]) -> PlatformAccounts {
        PlatformAccounts::read(&["whatsapp"], &Overrides::default(), |name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn whatsapp() -> ProviderId {
        ProviderId::parse("whatsapp").unwrap()
    }

    #[test]
    fn an_account_is_there_if_all_that_it_takes_is_set() {
        let accounts = read(&[
            ("WHATSAPP_ACCESS_TOKEN", TOKEN),
            ("WHATSAPP_PHONE_NUMBER_ID", " 106540352242922 "),
        ]);
        let account = accounts.get(&whatsapp()).unwrap();
        let token = account.credentials.get("access_token").unwrap();
        assert_eq!(token.expose_secret(), TOKEN);
        assert_eq!(account.settings["phone_number_id"], "106540352242922");
        assert_eq!(account.settings["graph_version"], "v25.0");
        let offer = accounts.offer();
        assert_eq!(offer[&whatsapp()], ["106540352242922"]);
        let shown = format!("{accounts:?}");
        assert!(
            shown.contains("whatsapp") && !shown.contains("CANARY") && !shown.contains("1065"),
            "{shown}"
        );
    }

    #[test]
    fn an_account_that_is_not_whole_or_not_sound_is_not_there() {
        for variables in [
            &[][..],
            &[("WHATSAPP_ACCESS_TOKEN", TOKEN)],
            &[("WHATSAPP_PHONE_NUMBER_ID", "106540352242922")],
            &[
                ("WHATSAPP_ACCESS_TOKEN", "short"),
                ("WHATSAPP_PHONE_NUMBER_ID", "106540352242922"),
            ],
            &[
                ("WHATSAPP_ACCESS_TOKEN", TOKEN),
                ("WHATSAPP_PHONE_NUMBER_ID", "+1 555 0100"),
            ],
            &[
                ("WHATSAPP_ACCESS_TOKEN", TOKEN),
                ("WHATSAPP_PHONE_NUMBER_ID", " "),
            ],
            &[
                ("WHATSAPP_ACCESS_TOKEN", TOKEN),
                ("WHATSAPP_PHONE_NUMBER_ID", "106540352242922"),
                ("WHATSAPP_BUSINESS_ACCOUNT_ID", "106540352242922"),
            ],
        ] {
            let accounts = read(variables);
            assert!(accounts.get(&whatsapp()).is_none(), "{variables:?}");
            assert!(accounts.offer().is_empty());
        }
    }
}
