//! Where an account lives: on one of the two clusters. The other one does not know it, and does not say so either: it
//! answers as if the credentials were wrong (T6).

use domain::{Failure, FailureKind};

use super::api::Api;
use super::clusters::{Cluster, home_first};
use super::numbers::{self, Page};
use crate::Connection;

/// An account whose numbers could be read.
pub(super) struct Found<'a> {
    /// Where.
    pub(super) connection: Connection<'a>,
    /// The region's name; `None` where an operator has chosen the address.
    pub(super) region: Option<&'a str>,
    /// The first page of its numbers.
    pub(super) page: Page,
}

/// Reads the account's first numbers where it lives. Only the connection test may look in both regions: in use, a
/// refusal stands.
///
/// # Errors
/// What the account's own region holds against it. A region that was set and is not the account's is told as such.
pub(super) async fn find<'a>(
    connection: Connection<'a>,
    clusters: &[Cluster<'a>; 2],
) -> Result<Found<'a>, Failure> {
    if connection.overridden {
        return Ok(Found {
            connection,
            region: None,
            page: first_page(connection).await?,
        });
    }
    let is_set = connection.setting("region").is_some();
    let [home, other] = home_first(connection, clusters);
    let refusal = match look(connection, home).await {
        Err(failure) if may_live_elsewhere(&failure) => failure,
        found => return found,
    };
    match look(connection, other).await {
        Ok(_) if is_set => Err(lives_in(other)),
        Err(failure) if is_set || may_live_elsewhere(&failure) => Err(refusal),
        found => found,
    }
}

async fn look<'a>(connection: Connection<'a>, cluster: Cluster<'a>) -> Result<Found<'a>, Failure> {
    let connection = connection.at(cluster.address);
    Ok(Found {
        connection,
        region: Some(cluster.region),
        page: first_page(connection).await?,
    })
}

async fn first_page(connection: Connection<'_>) -> Result<Page, Failure> {
    numbers::page(&Api::new(connection), 0).await
}

/// Whether the other region would be answered in this way too.
fn may_live_elsewhere(failure: &Failure) -> bool {
    matches!(
        failure.kind,
        FailureKind::CredentialsRejected | FailureKind::NotFound
    )
}

fn lives_in(Cluster { region, .. }: Cluster<'_>) -> Failure {
    Failure::new(
        FailureKind::CredentialsRejected,
        format!("The account lives in another region than the one given: in {region}."),
        format!("Set the region to {region}, or leave it out: it is found for you."),
    )
}
