//! Exotel: calls, WhatsApp and text messages of one account, each an integration of its own (S1-30, S1-36, S1-85).
//!
//! Sources: <https://developer.exotel.com/api> (v1, v2 and v2_beta), its pages on API credentials
//! <https://developer.exotel.com/docs/getting-started/api-credentials> and on the account's numbers
//! <https://developer.exotel.com/api/exophone-details>.

mod api;
mod check;
mod clusters;
mod errors;
mod fields;
mod numbers;
mod phone;
mod region;
mod sms;
mod whatsapp;

use domain::phone::{E164, Region};
use serde_json::Value;

use crate::{Accounts, Settings};

pub(crate) use self::phone::ExotelPhone;
pub(crate) use self::sms::ExotelSms;
pub(crate) use self::whatsapp::ExotelWhatsApp;

/// Exotel's own page on getting credentials.
const DOCUMENTATION: &str = "https://developer.exotel.com/docs/getting-started/api-credentials";

/// The account's sender in `field` can be connected once; the account itself serves several integrations. The claim
/// names the account too: whoever enters a number without its account's credentials keeps nobody from it.
fn accounts(settings: &Settings, field: &str) -> Accounts {
    let text = |name: &str| settings.get(name).and_then(Value::as_str);
    let Some((account, sender)) = text(fields::ACCOUNT_SID.name).zip(text(field)) else {
        return Accounts::default();
    };
    let number = E164::parse(sender, Some(Region::India));
    let sender = number.map_or_else(|| sender.to_ascii_uppercase(), Into::into);
    Accounts {
        exclusive: vec![format!("{account}:{sender}")],
        shared: vec![account.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claimed(account: &str, sender: &str) -> Vec<String> {
        let settings = json!({"account_sid": account, "sender": sender});
        let settings = settings.as_object().expect("an object").clone();
        accounts(&settings, "sender").exclusive
    }

    #[test]
    fn one_number_is_one_claim_however_it_is_written() {
        assert_eq!(claimed("shop", "+911140001000"), ["shop:+911140001000"]);
        assert_eq!(
            claimed("shop", "01140001000"),
            claimed("shop", "+911140001000")
        );
        assert_eq!(claimed("shop", "shopin"), claimed("shop", "SHOPIN"));
        assert_ne!(claimed("shop", "SHOPIN"), claimed("store", "SHOPIN"));
        assert!(accounts(&Settings::new(), "sender").exclusive.is_empty());
    }
}
