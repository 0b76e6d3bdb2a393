//! Zoho CRM: contacts, calls and notes of an organisation, by OAuth 2.0. Every data centre has hosts of its own, and an
//! account lives in one of them.
//!
//! Source: <https://www.zoho.com/crm/developer/docs/api/v8/oauth-overview.html>, with its page on data centres.

use crate::descriptor::{Availability, Capability, Category, Descriptor, planned};
use crate::field::{Field, Form};
use crate::planned::Planned;

/// Zoho CRM.
pub(crate) static ZOHO_CRM: Planned = Planned(&Descriptor {
    id: "zoho_crm",
    name: "Zoho CRM",
    description: "Contacts, calls and notes of your Zoho CRM organisation.",
    icon: "📇",
    category: Category::Crm,
    availability: Availability::Planned,
    requires_oauth: true,
    base_url: "https://www.zohoapis.com",
    documentation: "https://www.zoho.com/crm/developer/docs/api/v8/register-client.html",
    capabilities: &[
        planned(Capability::Contacts),
        planned(Capability::ActivityLog),
    ],
    fields: &[
        Field::setting(
            "data_center",
            "Data centre",
            "The end of the address at which you use Zoho CRM: crm.zoho.in is in.",
            Form::Choice {
                of: &[
                    "com", "eu", "in", "com.au", "jp", "sa", "uk", "com.cn", "ca",
                ],
            },
            "in",
        )
        .default("com"),
        Field::setting(
            "client_id",
            "Client ID",
            "Only for a client of your own: api-console.zoho.com → your client → Client Secret.",
            Form::Token { min: 16, max: 128 },
            "1000.EXAMPLEEXAMPLEEXAMPLEEXAMPLE",
        )
        .optional(),
        Field::secret(
            "client_secret",
            "Client secret",
            "Only for a client of your own: it stands beside the client ID, and may differ from one data centre to \
             another.",
            Form::Token { min: 16, max: 128 },
            "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b",
        )
        .optional(),
    ],
});
