//! Opens what was sealed; a function that only seals holds none.

use std::sync::Arc;

use domain::credentials::Credentials;
use domain::opening::{OpenedBy, Opening, Witness};
use domain::seal::{SealContext, Sealed};
use domain::secret::Plaintext;

use crate::context::canonical;
use crate::error::OpenError;
use crate::layout::Layout;
use crate::rings::RingKeys;
use crate::seal;

/// Opens sealed values of one purpose. What it opens, its witness has seen.
#[derive(Clone)]
pub struct Opener {
    keys: Arc<RingKeys>,
    witness: Arc<dyn Witness>,
}

impl Opener {
    /// An opener over the purpose's ring keys, whose openings that witness records.
    pub fn new(keys: Arc<RingKeys>, witness: Arc<dyn Witness>) -> Self {
        Self { keys, witness }
    }

    /// Opens secret values in their place.
    ///
    /// # Errors
    /// As [`Opener::open`].
    pub async fn open_credentials(
        &self,
        context: &SealContext<'_>,
        sealed: &Sealed,
        by: OpenedBy<'_>,
    ) -> Result<Credentials, OpenError> {
        let plaintext = self.open(context, sealed, by).await?;
        Credentials::from_plaintext(plaintext.expose()).map_err(|_| OpenError::DoesNotOpen)
    }

    /// Opens a value in its place, and hands it out when that is on record.
    ///
    /// # Errors
    /// [`OpenError::DoesNotOpen`] for any value not sealed by us for exactly this place;
    /// [`OpenError::Unavailable`] while the keys cannot be had, or the opening cannot be recorded.
    pub async fn open(
        &self,
        context: &SealContext<'_>,
        sealed: &Sealed,
        by: OpenedBy<'_>,
    ) -> Result<Plaintext, OpenError> {
        let opened = match self.try_open(context, sealed).await {
            Err(error @ OpenError::Unavailable(_)) => return Err(error),
            opened => opened,
        };
        if opened.is_err() {
            tracing::error!(
                alarm = "tamper",
                tenant = %context.tenant,
                integration = %context.integration,
                record = context.record,
                "a sealed value does not open in its place"
            );
        }
        let opening = Opening {
            place: context,
            by,
            opened: opened.is_ok(),
        };
        self.witness.saw(&opening).await?;
        opened
    }

    /// The keys it opens with.
    pub(crate) fn keys(&self) -> &RingKeys {
        &self.keys
    }

    /// Whether the ring is one of the purpose.
    pub(crate) fn opens_ring(&self, ring: &str) -> bool {
        ring.strip_prefix(self.keys.purpose().name())
            .is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether the name is of a ring of the purpose that tenants share.
    pub(crate) fn shares_ring(&self, ring: &str) -> bool {
        let rest = ring.strip_prefix(self.keys.purpose().name());
        rest.and_then(|rest| rest.strip_prefix("/shared-"))
            .is_some_and(|number| number.parse::<u16>().is_ok_and(|n| n.to_string() == number))
    }

    async fn try_open(
        &self,
        context: &SealContext<'_>,
        sealed: &Sealed,
    ) -> Result<Plaintext, OpenError> {
        let layout = Layout::parse(sealed.as_bytes()).ok_or(OpenError::DoesNotOpen)?;
        if !self.opens_ring(layout.ring) || context.purpose != self.keys.purpose() {
            return Err(OpenError::DoesNotOpen);
        }
        let key = self.keys.get(layout.ring, layout.version).await?;
        seal::open(&key, &layout, &canonical(context))
            .map(Plaintext::from)
            .ok_or(OpenError::DoesNotOpen)
    }
}
