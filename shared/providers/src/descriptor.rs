//! What a provider asks for. One description drives validation, masking, sealing, the catalogue and the forms.

use serde::Serialize;

/// A provider's fields and abilities, as the catalogue shows them.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Descriptor {
    /// Provider type, as it stands in paths: lower-case letters, digits, `_`.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// One sentence on what it is for.
    pub description: &'static str,
    /// What to call while nothing overrides it: scheme and host.
    pub base_url: &'static str,
    /// The provider's own page on getting credentials.
    pub documentation: &'static str,
    /// What it can do.
    pub capabilities: &'static [Capability],
    /// What it asks for, in the order of a form.
    pub fields: &'static [Field],
}

/// What an integration can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Sends messages.
    Messages,
    /// Sends pre-approved templates.
    Templates,
    /// Sends media.
    Media,
    /// Tells what became of a message.
    Statuses,
    /// Has its webhook registered for it.
    WebhookRegistration,
}

/// One value a tenant gives.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Field {
    /// Name in requests and answers, snake_case.
    pub name: &'static str,
    /// Name in a form.
    pub label: &'static str,
    /// Where the value is found.
    pub help: &'static str,
    /// Sealed, and never returned.
    pub secret: bool,
    /// Must be given.
    pub required: bool,
    /// What the value may look like.
    pub form: Form,
    /// A made-up value.
    pub example: &'static str,
    /// Taken when nothing is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<&'static str>,
}

/// What a value may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Form {
    /// 5 to 32 decimal digits, kept as text.
    Digits,
    /// Visible ASCII characters.
    Token {
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: usize,
    },
    /// Hexadecimal digits.
    Hex {
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: usize,
    },
    /// A version such as `v25.0`.
    GraphVersion,
    /// Where the tenant's own server is reached: `https://`, a host name, a port if need be, and no more. The
    /// secrets of the form are sealed for it and sent nowhere else.
    Address,
}

impl Form {
    /// What is wrong with a value, as a sentence that does not repeat it.
    pub fn objection(self, value: &str) -> Option<String> {
        let (fits, says) = match self {
            Self::Digits => (
                (5..=32).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit()),
                "must be 5 to 32 digits".to_owned(),
            ),
            Self::Token { min, max } => (
                (min..=max).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic()),
                format!("must be {min} to {max} characters without spaces"),
            ),
            Self::Hex { min, max } => (
                (min..=max).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_hexdigit()),
                format!("must be {min} to {max} hexadecimal digits"),
            ),
            Self::GraphVersion => (
                value
                    .strip_prefix('v')
                    .and_then(|rest| rest.strip_suffix(".0"))
                    .is_some_and(|digits| {
                        (2..=3).contains(&digits.len())
                            && digits.bytes().all(|b| b.is_ascii_digit())
                    }),
                "must look like v25.0".to_owned(),
            ),
            Self::Address => (
                is_address(value),
                "must be https:// and a host name, such as https://chat.example.com".to_owned(),
            ),
        };
        (!fits).then_some(says)
    }
}

/// Whether the text is an HTTPS origin, spelt as a URL parser spells it: no address in digits, user, path or query
/// can hide in it.
fn is_address(value: &str) -> bool {
    let Some(host) = value.strip_prefix("https://") else {
        return false;
    };
    let Ok(url) = url::Url::parse(value) else {
        return false;
    };
    matches!(url.host(), Some(url::Host::Domain(name)) if name.contains('.'))
        && value.len() <= 255
        && url.origin().ascii_serialization() == value
        && host.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_refuse_what_does_not_fit() {
        let token = Form::Token { min: 3, max: 5 };
        for (form, value, fits) in [
            (Form::Digits, "12345", true),
            (Form::Digits, "1234", false),
            (Form::Digits, "12345x", false),
            (Form::Digits, "１２３４５", false),
            (token, "abc", true),
            (token, "a c", false),
            (token, "ab", false),
            (token, "abcdef", false),
            (token, "ab\nc", false),
            (Form::GraphVersion, "v25.0", true),
            (Form::GraphVersion, "25.0", false),
            (Form::GraphVersion, "v25.1", false),
            (Form::GraphVersion, "v25.0/../v1.0", false),
            (Form::Hex { min: 2, max: 4 }, "aF", true),
            (Form::Hex { min: 2, max: 4 }, "ag", false),
            (Form::Address, "https://chat.example.com", true),
            (Form::Address, "https://chat.example.com:8443", true),
            (Form::Address, "http://chat.example.com", false),
            (Form::Address, "https://chat.example.com/", false),
            (Form::Address, "https://chat.example.com:443", false),
            (Form::Address, "https://chat.example.com/path", false),
            (Form::Address, "https://user@chat.example.com", false),
            (Form::Address, "https://chat.example.com?x", false),
            (Form::Address, "https://CHAT.example.com", false),
            (Form::Address, "https://localhost", false),
            (Form::Address, "https://127.0.0.1", false),
            (Form::Address, "https://2130706433", false),
            (Form::Address, "https://[::1]", false),
            (Form::Address, "https://127\u{3002}0.0.1", false),
            (Form::Address, "", false),
        ] {
            assert_eq!(form.objection(value).is_none(), fits, "{form:?} {value}");
        }
    }
}
