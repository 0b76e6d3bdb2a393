//! Zoho Mail: SMTP to send and IMAP to receive, with an app-specific password.
//!
//! Source: <https://www.zoho.com/mail/help/imap-access.html>, <https://www.zoho.com/mail/help/zoho-smtp.html>.

use crate::descriptor::{Availability, Capability, Category, Descriptor, planned};
use crate::field::{Field, Form};
use crate::planned::Planned;

/// Zoho Mail.
pub(crate) static ZOHO_MAIL: Planned = Planned(&Descriptor {
    id: "zoho_mail",
    name: "Zoho Mail",
    description: "Mail sent and received through your Zoho account.",
    icon: "📧",
    category: Category::Mail,
    availability: Availability::Planned,
    requires_oauth: false,
    base_url: "https://mail.zoho.com",
    documentation: "https://www.zoho.com/mail/help/imap-access.html",
    capabilities: &[
        planned(Capability::SendMail),
        planned(Capability::ReceiveMail),
        planned(Capability::Attachments),
    ],
    fields: &[
        Field::setting(
            "email_address",
            "Email address",
            "The whole address that you sign in to Zoho Mail with.",
            Form::Email,
            "support@example.com",
        )
        .also(&["email"]),
        Field::secret(
            "app_password",
            "App password",
            "Zoho Accounts → Security → App Passwords → Generate; shown once. Enter it without blanks. IMAP access must \
             be switched on in Zoho Mail → Settings → Mail Accounts.",
            Form::Token { min: 12, max: 64 },
            "a1b2c3d4e5f6",
        )
        .also(&["app_specific_password"]),
        Field::setting(
            "data_center",
            "Data centre",
            "The end of the address at which you read your mail: mail.zoho.in is in, mail.zohocloud.ca is ca.",
            Form::Choice {
                of: &["com", "eu", "in", "com.au", "jp", "ca"],
            },
            "in",
        )
        .default("com"),
        Field::setting(
            "account_kind",
            "Kind of account",
            "organisation for an address at a domain of your own, personal for one that Zoho gave you: they are served \
             by different hosts.",
            Form::Choice {
                of: &["organisation", "personal"],
            },
            "organisation",
        )
        .default("organisation"),
        Field::setting(
            "from_name",
            "Sender name",
            "What people see beside the address. The address alone is shown if left out.",
            Form::Text { max: 100 },
            "Example Support",
        )
        .optional(),
        Field::setting(
            "reply_to",
            "Reply-to address",
            "Where answers go, if not to the address that sends.",
            Form::Email,
            "help@example.com",
        )
        .optional(),
    ],
});
