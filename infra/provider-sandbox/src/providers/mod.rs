//! The providers. To add one: its file or folder here, and its entry in [`all`].

use std::sync::Arc;

use crate::delivery::Deliveries;
use crate::provider::Provider;
use crate::settings::Settings;

mod whatsapp;

/// Every provider, in the order in which they are asked whether a path is theirs.
pub(crate) fn all(
    settings: &Arc<Settings>,
    deliveries: &Arc<Deliveries>,
) -> Vec<Box<dyn Provider>> {
    vec![Box::new(whatsapp::WhatsApp::new(
        Arc::clone(settings),
        Arc::clone(deliveries),
    ))]
}
