//! The providers. To add one: its file or folder here, and its entry in [`all`].

use std::sync::Arc;

use crate::delivery::Deliveries;
use crate::provider::Provider;
use crate::settings::Settings;

mod chatwoot;
mod custom_crm;
mod elevenlabs;
mod exotel;
mod whatsapp;

/// Every provider, in the order in which they are asked whether a path is theirs.
pub(crate) fn all(
    settings: &Arc<Settings>,
    deliveries: &Arc<Deliveries>,
) -> Vec<Box<dyn Provider>> {
    let mut all: Vec<Box<dyn Provider>> = vec![Box::new(whatsapp::WhatsApp::new(
        Arc::clone(settings),
        Arc::clone(deliveries),
    ))];
    all.extend(exotel::all());
    all.push(Box::new(elevenlabs::ElevenLabs::new()));
    all.push(Box::new(chatwoot::Chatwoot::new()));
    all.push(Box::new(custom_crm::CustomCrm::new()));
    all
}
