//! Types whose form is known and whose calls are not built yet.

use async_trait::async_trait;
use domain::{Failure, FailureKind};
use serde_json::{Map, Value};

use crate::descriptor::Descriptor;
use crate::{Accounts, Checked, Connection, Provider};

/// A type that the catalogue shows and that cannot be connected yet; its descriptor says
/// [`Planned`](crate::descriptor::Availability::Planned).
#[derive(Debug)]
pub(crate) struct Planned(pub(crate) &'static Descriptor);

#[async_trait]
impl Provider for Planned {
    fn descriptor(&self) -> &'static Descriptor {
        self.0
    }

    fn accounts(&self, _: &Map<String, Value>) -> Accounts {
        Accounts::default()
    }

    async fn check(&self, _: Connection<'_>) -> Result<Checked, Failure> {
        Err(Failure::new(
            FailureKind::InvalidRequest,
            format!("{} cannot be connected yet.", self.0.name),
            "Nothing to correct: the catalogue shows when it is ready.",
        ))
    }
}
