//! Exotel's two clusters, each with an address of its own (T6).

use crate::Connection;

/// One of Exotel's clusters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cluster<'a> {
    pub(super) region: &'a str,
    pub(super) address: &'a str,
}

/// Where an account is looked for first: new ones are made there.
pub(super) const FIRST_ADDRESS: &str = "https://api.exotel.com";

/// The names, as the setting has them.
pub(super) const NAMES: &[&str] = &["singapore", "mumbai"];

/// Both, in the order in which an account is looked for.
pub(super) const ALL: [Cluster<'static>; 2] = [
    Cluster {
        region: "singapore",
        address: FIRST_ADDRESS,
    },
    Cluster {
        region: "mumbai",
        address: "https://api.in.exotel.com",
    },
];

/// The connection to the region that is set; to the first one where none is.
pub(super) fn home(connection: Connection<'_>) -> Connection<'_> {
    let [home, _] = home_first(connection, &ALL);
    connection.at(home.address)
}

/// Both, with that of the region that is set in front.
pub(super) fn home_first<'a>(
    connection: Connection<'_>,
    [first, second]: &[Cluster<'a>; 2],
) -> [Cluster<'a>; 2] {
    if connection.setting("region") == Some(second.region) {
        [*second, *first]
    } else {
        [*first, *second]
    }
}
