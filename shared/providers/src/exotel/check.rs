//! The connection test: reading the account's numbers proves account SID, key, token and region, and is free. That a
//! number is the account's own shows in the same list.

use domain::phone::{E164, Region};
use domain::{Failure, FailureKind};

use super::api::Api;
use super::clusters::{self, Cluster};
use super::numbers::{self, ExoPhone, Page};
use super::region;
use crate::{Checked, Connection, MOST_NUMBERS};

/// A setting that is to be one of the account's own numbers.
pub(super) struct OwnNumber {
    /// The setting's name.
    pub(super) field: &'static str,
    /// Whether Exotel says that the number cannot do what it is wanted for.
    pub(super) is_unable: fn(&ExoPhone) -> bool,
    /// What is told then.
    pub(super) warning: &'static str,
}

/// Tests the credentials, and that the settings name numbers of the account.
pub(super) async fn check(
    connection: Connection<'_>,
    own_numbers: &[OwnNumber],
) -> Result<Checked, Failure> {
    check_in(&clusters::ALL, connection, own_numbers).await
}

async fn check_in<'a>(
    clusters: &[Cluster<'a>; 2],
    connection: Connection<'a>,
    own_numbers: &[OwnNumber],
) -> Result<Checked, Failure> {
    let found = region::find(connection, clusters).await?;
    let mut checked = Checked::default();
    if let Some(region) = found.region {
        checked.facts.insert("region".into(), region.into());
        if connection.setting("region").is_none() {
            checked.discovered.insert("region".into(), region.into());
        }
    }
    let wanted = own_numbers
        .iter()
        .filter_map(|own| Some((own, number_in(connection, own.field)?)));
    let found = (found.connection, found.page);
    look_for(wanted.collect(), found, &mut checked).await?;
    Ok(checked)
}

/// Looks for numbers in the account's list, whose first page is there already.
async fn look_for(
    mut wanted: Vec<(&OwnNumber, E164)>,
    (connection, mut page): (Connection<'_>, Page),
    checked: &mut Checked,
) -> Result<(), Failure> {
    let api = Api::new(connection);
    let mut pages = 1..numbers::MOST_PAGES;
    loop {
        wanted.retain(|(own, number)| {
            let phone = page.numbers.iter().find(|phone| phone.number == *number);
            phone.inspect(|phone| tell(own, phone, checked)).is_none()
        });
        match (wanted.first(), pages.next()) {
            (None, _) => return Ok(()),
            (Some((own, _)), _) if page.is_last => return Err(not_owned(own.field)),
            (Some(_), Some(next)) => page = numbers::page(&api, next).await?,
            (Some((own, _)), None) => {
                checked.warnings.push(format!(
                    "The {} is not among the account's first {MOST_NUMBERS} numbers, and more are not looked at.",
                    own.field
                ));
                return Ok(());
            }
        }
    }
}

/// The number that a setting holds; `None` if it is not set, or holds something else.
pub(super) fn number_in(connection: Connection<'_>, field: &str) -> Option<E164> {
    E164::parse(connection.setting(field)?, Some(Region::India))
}

/// What Exotel says of one of the numbers.
fn tell(own: &OwnNumber, phone: &ExoPhone, checked: &mut Checked) {
    let facts = &mut checked.facts;
    facts.insert(own.field.into(), phone.number.as_str().into());
    if let Some(name) = &phone.name {
        let fact = format!("{}_name", own.field);
        facts.insert(fact, name.as_str().into());
    }
    if (own.is_unable)(phone) {
        checked.warnings.push(own.warning.into());
    }
}

fn not_owned(field: &'static str) -> Failure {
    Failure::new(
        FailureKind::NotFound,
        format!("The {field} is not a number of this Exotel account."),
        format!(
            "Correct the {field}: the account's numbers are in the Exotel dashboard → ExoPhones."
        ),
    )
}

#[cfg(test)]
mod tests;
