//! The values in paths.

use domain::{AgentId, MessageId, ProviderId, TenantId, UserId};

use crate::fields::Label;
use crate::route::Parameter;

/// Each by its name in braces.
const VALUES: &[Parameter] = &[
    Parameter::new::<ProviderId>(
        "ref",
        "The id of an integration, or a provider type for the default one of that type.",
        "whatsapp",
    ),
    Parameter::new::<UserId>("user", "The id of a member of the team.", "user-17"),
    Parameter::new::<AgentId>(
        "agent_id",
        "The id of an agent.",
        "agt_00000000000000000000000000",
    ),
    Parameter::new::<MessageId>("message_id", "The id of a message.", "order-17"),
    Parameter::new::<Label<128>>(
        "number_id",
        "The id of a phone number, as it is listed.",
        "",
    ),
    Parameter::new::<ProviderId>("provider", "A provider type.", "whatsapp"),
    Parameter::new::<TenantId>(
        "tenant",
        "The caller's own tenant; any other is answered as one that does not exist.",
        "t_1",
    ),
];

/// The value of that name.
pub(crate) fn value(name: &str) -> Option<&'static Parameter> {
    VALUES.iter().find(|value| value.name == name)
}
