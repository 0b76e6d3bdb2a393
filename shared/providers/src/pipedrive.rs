//! Pipedrive: persons, activities and notes of a company, by OAuth 2.0.
//!
//! Source: <https://pipedrive.readme.io/docs/marketplace-oauth-authorization>.

use crate::descriptor::{Availability, Capability, Category, Descriptor, planned};
use crate::field::{Field, Form};
use crate::planned::Planned;

/// Pipedrive.
pub(crate) static PIPEDRIVE: Planned = Planned(&Descriptor {
    id: "pipedrive",
    name: "Pipedrive",
    description: "Persons, activities and notes of your Pipedrive company.",
    icon: "📈",
    category: Category::Crm,
    availability: Availability::Planned,
    requires_oauth: true,
    base_url: "https://api.pipedrive.com",
    documentation: "https://pipedrive.readme.io/docs/marketplace-creating-a-proper-app",
    capabilities: &[
        planned(Capability::Contacts),
        planned(Capability::ActivityLog),
    ],
    fields: &[
        Field::setting(
            "client_id",
            "Client ID",
            "Only for an app of your own: Developer Hub → your app → OAuth & access scopes.",
            Form::Token { min: 12, max: 128 },
            "0f1e2d3c4b5a6978",
        )
        .optional(),
        Field::secret(
            "client_secret",
            "Client secret",
            "Only for an app of your own: it stands beside the client ID.",
            Form::Token { min: 16, max: 128 },
            "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c",
        )
        .optional(),
    ],
});
