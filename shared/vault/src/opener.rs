//! Opens what was sealed; a function that only seals holds none.

use std::sync::Arc;

use domain::credentials::Credentials;
use domain::seal::{SealContext, Sealed};
use zeroize::Zeroizing;

use crate::context::canonical;
use crate::error::OpenError;
use crate::layout::Layout;
use crate::rings::RingKeys;
use crate::seal;

/// Opens sealed values of one purpose.
#[derive(Clone)]
pub struct Opener {
    keys: Arc<RingKeys>,
}

impl Opener {
    /// An opener over the purpose's ring keys.
    pub fn new(keys: Arc<RingKeys>) -> Self {
        Self { keys }
    }

    /// Opens secret values in their place.
    ///
    /// # Errors
    /// As [`Opener::open`].
    pub async fn open_credentials(
        &self,
        context: &SealContext<'_>,
        sealed: &Sealed,
    ) -> Result<Credentials, OpenError> {
        let plaintext = self.open(context, sealed).await?;
        Credentials::from_plaintext(&plaintext).map_err(|_| OpenError::DoesNotOpen)
    }

    /// Opens a value in its place.
    ///
    /// # Errors
    /// [`OpenError::DoesNotOpen`] for any value not sealed by us for exactly this place;
    /// [`OpenError::Unavailable`] while the keys cannot be had.
    pub async fn open(
        &self,
        context: &SealContext<'_>,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let layout = Layout::parse(sealed.as_bytes()).ok_or(OpenError::DoesNotOpen)?;
        let purpose = self.keys.purpose();
        let ours = layout
            .ring
            .strip_prefix(purpose.name())
            .is_some_and(|rest| rest.starts_with('/'));
        if !ours || context.purpose != purpose {
            return Err(OpenError::DoesNotOpen);
        }
        let key = self.keys.get(layout.ring, layout.version).await?;
        let opened = seal::open(&key, &layout, &canonical(context));
        if opened.is_none() {
            tracing::error!(
                alarm = "tamper",
                tenant = %context.tenant,
                integration = %context.integration,
                record = context.record,
                "a sealed value does not open in its place"
            );
        }
        opened.ok_or(OpenError::DoesNotOpen)
    }
}
