//! Salesforce: contacts and activities of an org, by OAuth 2.0.
//!
//! Source: <https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_web_server_flow.htm>.

use crate::descriptor::{Availability, Capability, Category, Descriptor, planned};
use crate::field::{Field, Form};
use crate::planned::Planned;

/// Salesforce.
pub(crate) static SALESFORCE: Planned = Planned(&Descriptor {
    id: "salesforce",
    name: "Salesforce",
    description: "Contacts, leads and activities of your Salesforce org.",
    icon: "⛅",
    category: Category::Crm,
    availability: Availability::Planned,
    requires_oauth: true,
    base_url: "https://login.salesforce.com",
    documentation: "https://help.salesforce.com/s/articleView?id=sf.connected_app_create_api_integration.htm",
    capabilities: &[
        planned(Capability::Contacts),
        planned(Capability::ActivityLog),
    ],
    fields: &[
        Field::setting(
            "environment",
            "Environment",
            "Choose sandbox if you sign in at test.salesforce.com, else production.",
            Form::Choice {
                of: &["production", "sandbox"],
            },
            "production",
        )
        .default("production"),
        Field::setting(
            "sync_object",
            "Kind of record",
            "Where people are kept: as contacts of accounts, or as leads.",
            Form::Choice {
                of: &["contact", "lead"],
            },
            "contact",
        )
        .default("contact"),
        Field::setting(
            "client_id",
            "Consumer key",
            "Only for an app of your own: Setup → App Manager → your app → Manage Consumer Details.",
            Form::Token { min: 16, max: 256 },
            "3MVG9exampleexampleexampleexample",
        )
        .optional(),
        Field::secret(
            "client_secret",
            "Consumer secret",
            "Only for an app of your own: it stands beside the consumer key.",
            Form::Token { min: 16, max: 256 },
            "0F1E2D3C4B5A69788796A5B4C3D2E1F0",
        )
        .optional(),
    ],
});
