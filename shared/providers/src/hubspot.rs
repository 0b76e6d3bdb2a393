//! HubSpot: contacts and engagements of an account, by OAuth 2.0. Access tokens live for half an hour.
//!
//! Source: <https://developers.hubspot.com/docs/api/working-with-oauth>.

use crate::descriptor::{Availability, Capability, Category, Descriptor, planned};
use crate::field::{Field, Form};
use crate::planned::Planned;

/// HubSpot.
pub(crate) static HUBSPOT: Planned = Planned(&Descriptor {
    id: "hubspot",
    name: "HubSpot",
    description: "Contacts, calls and notes of your HubSpot account.",
    icon: "🧡",
    category: Category::Crm,
    availability: Availability::Planned,
    requires_oauth: true,
    base_url: "https://api.hubapi.com",
    documentation: "https://developers.hubspot.com/docs/api/working-with-oauth",
    capabilities: &[
        planned(Capability::Contacts),
        planned(Capability::ActivityLog),
    ],
    fields: &[
        Field::setting(
            "client_id",
            "Client ID",
            "Only for an app of your own: HubSpot → Development → Projects → your app → Auth.",
            Form::Token { min: 16, max: 128 },
            "4b1f0c2d-0000-4000-8000-000000000001",
        )
        .optional(),
        Field::secret(
            "client_secret",
            "Client secret",
            "Only for an app of your own: it stands beside the client ID, under Show.",
            Form::Token { min: 16, max: 128 },
            "4b1f0c2d-0000-4000-8000-000000000002",
        )
        .optional(),
    ],
});
