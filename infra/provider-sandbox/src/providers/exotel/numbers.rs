//! `GET /v2_beta/Accounts/{sid}/IncomingPhoneNumbers`: an account's ExoPhones, in pages counted from 0.

use serde_json::{Value, json};

use super::accounts::{Account, Number};
use super::call::Call;
use super::error::{Exotel, RestException};

/// Numbers in a page when nothing is asked for.
const DEFAULT_SIZE: usize = 50;
/// Most numbers in a page.
const LARGEST_SIZE: usize = 100;

/// A page of numbers. The addresses of other pages are on another host, without TLS: whoever follows them leaks.
pub(super) fn list(call: &Call<'_>, account: &Account) -> Exotel<Value> {
    let (mut page, mut size) = (0, DEFAULT_SIZE);
    for (name, value) in &call.query {
        let value: Option<usize> = value.parse().ok();
        let wrong = || RestException::parameter(name);
        match name.as_str() {
            "Page" => page = value.ok_or_else(wrong)?,
            "PageSize" => {
                let size_given = value.filter(|size| (1..=LARGEST_SIZE).contains(size));
                size = size_given.ok_or_else(wrong)?;
            }
            _ => return Err(wrong()),
        }
    }
    let uri = |page: usize| {
        let sid = account.sid();
        format!(
            "http://twilix.exotel.com/v2_beta/Accounts/{sid}/IncomingPhoneNumbers?Page={page}&PageSize={size}"
        )
    };
    let start = page.saturating_mul(size);
    let has_more = start.saturating_add(size) < account.numbers().len();
    let shown = account.numbers().enumerate().skip(start).take(size);
    Ok(json!({
        "page": page,
        "page_size": size,
        "uri": uri(page),
        "first_page_uri": uri(0),
        "next_page_uri": has_more.then(|| uri(page + 1)),
        "previous_page_uri": page.checked_sub(1).map(uri),
        "incoming_phone_numbers": shown
            .map(|(place, number)| item(account, place, number))
            .collect::<Vec<_>>(),
    }))
}

/// One number. Not all of them are told in full, nor can all of them do everything.
fn item(account: &Account, place: usize, number: Number) -> Value {
    let sid = number.national();
    let (name, voice, sms) = match place % 4 {
        0 => (number.national(), true, true),
        1 => ("Front desk".to_owned(), true, false),
        2 => return json!({ "sid": sid, "phone_number": number.international() }),
        _ => ("Alerts".to_owned(), false, true),
    };
    let flow = format!("http://my.exotel.com/{}/exoml/start_voice/1", account.sid());
    json!({
        "sid": sid,
        "phone_number": number.international(),
        "friendly_name": name,
        "capabilities": { "voice": voice, "sms": sms },
        "country": "IN",
        "region": "DL",
        "voice_url": flow,
        "sms_url": null,
        "date_created": "2025-01-01 09:30:00",
        "date_updated": "2025-01-01 09:30:00",
        "one_time_price": "0.00",
        "rental_price": "499.00",
        "currency": "INR",
    })
}
