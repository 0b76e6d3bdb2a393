//! One value that a tenant gives, and what it may look like.

use domain::phone;
use schemars::JsonSchema;
use secrecy::zeroize::Zeroize;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::address;

/// One value a tenant gives.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
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
    /// Other names under which it is accepted.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schemars(default)]
    pub also: &'static [&'static str],
    /// The environment variable that holds the platform's own value, for tenants that it is granted to.
    #[serde(skip)]
    pub platform: Option<&'static str>,
}

impl Field {
    /// A required value that is not secret. `help` says where it is found.
    pub const fn setting(
        name: &'static str,
        label: &'static str,
        help: &'static str,
        form: Form,
        example: &'static str,
    ) -> Self {
        Self {
            name,
            label,
            help,
            secret: false,
            required: true,
            form,
            example,
            default: None,
            also: &[],
            platform: None,
        }
    }

    /// A required value that is sealed.
    pub const fn secret(
        name: &'static str,
        label: &'static str,
        help: &'static str,
        form: Form,
        example: &'static str,
    ) -> Self {
        let mut field = Self::setting(name, label, help, form, example);
        field.secret = true;
        field
    }

    /// It may be left out.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// What is taken when nothing is given.
    #[must_use]
    pub const fn default(mut self, value: &'static str) -> Self {
        self.required = false;
        self.default = Some(value);
        self
    }

    /// Other names under which it is accepted, in snake_case.
    #[must_use]
    pub const fn also(mut self, names: &'static [&'static str]) -> Self {
        self.also = names;
        self
    }

    /// The environment variable that holds the platform's own value.
    #[must_use]
    pub const fn platform(mut self, variable: &'static str) -> Self {
        self.platform = Some(variable);
        self
    }

    /// Whether it goes by that name, in snake_case.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.also.contains(&name)
    }
}

/// What a value may look like. All are JSON text but for flags and objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Form {
    /// 1 to `max` printable characters on one line, in any script.
    Text {
        /// Most characters.
        max: usize,
    },
    /// 5 to 32 decimal digits.
    Digits,
    /// 1 to 20 decimal digits.
    Number,
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
    /// A phone number, kept as E.164. A national Indian number (`0` and ten digits) is taken for one.
    Phone,
    /// A mail address.
    Email,
    /// One of a few words.
    Choice {
        /// The words.
        of: &'static [&'static str],
    },
    /// `true` or `false`, as JSON.
    Flag,
    /// A JSON object of texts, kept as its JSON text.
    Object,
    /// A path on the tenant's own server: `/` and visible ASCII characters, without `..`, query or fragment.
    Path,
    /// Where the tenant's own server is reached: `https://` and a host name, and no more, as [`address::origin`] reads it.
    /// The secrets of the form are sealed for it and sent nowhere else.
    Address,
}

impl Form {
    /// The value as it is kept.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence that does not repeat it.
    pub fn read(self, value: &Value) -> Result<Value, String> {
        let kept = match (self, value) {
            (Self::Flag, Value::Bool(flag)) => Some((*flag).into()),
            (Self::Object, Value::Object(object)) => texts(object).map(Value::String),
            (Self::Flag | Self::Object, _) => None,
            (_, Value::String(text)) => self.read_text(text.trim()).map(Value::String),
            _ => return Err("must be text".into()),
        };
        kept.ok_or_else(|| self.rule())
    }

    fn read_text(self, text: &str) -> Option<String> {
        if self == Self::Phone {
            return phone::E164::parse(text, Some(phone::Region::India)).map(Into::into);
        }
        self.fits(text).then(|| text.to_owned())
    }

    /// Whether a text, without spaces around it, has the form.
    pub fn fits(self, text: &str) -> bool {
        let all = |of: fn(&u8) -> bool| text.as_bytes().iter().all(of);
        let long = |min: usize, max: usize| (min..=max).contains(&text.len());
        match self {
            Self::Text { max } => {
                (1..=max).contains(&text.chars().count()) && domain::text::is_label(text)
            }
            Self::Digits => long(5, 32) && all(u8::is_ascii_digit),
            Self::Number => long(1, 20) && all(u8::is_ascii_digit),
            Self::Token { min, max } => long(min, max) && all(u8::is_ascii_graphic),
            Self::Hex { min, max } => long(min, max) && all(u8::is_ascii_hexdigit),
            Self::GraphVersion => {
                let version = text.strip_prefix('v').and_then(|v| v.strip_suffix(".0"));
                version.is_some_and(|v| {
                    (2..=3).contains(&v.len()) && v.bytes().all(|b| b.is_ascii_digit())
                })
            }
            Self::Email => is_email(text),
            Self::Choice { of } => of.contains(&text),
            Self::Path => {
                long(1, 256)
                    && text.starts_with('/')
                    && all(u8::is_ascii_graphic)
                    && !text.contains(['?', '#', '\\', '%'])
                    && !text.split('/').any(|part| part == "..")
                    && !text.starts_with("//")
            }
            Self::Address => address::origin(text).is_ok(),
            Self::Phone | Self::Flag | Self::Object => false,
        }
    }

    /// What a value must be, as the end of a sentence.
    pub fn rule(self) -> String {
        match self {
            Self::Text { max } => format!("must be 1 to {max} printable characters"),
            Self::Digits => "must be 5 to 32 digits".into(),
            Self::Number => "must be 1 to 20 digits".into(),
            Self::Token { min, max } => {
                format!("must be {min} to {max} characters without spaces")
            }
            Self::Hex { min, max } => format!("must be {min} to {max} hexadecimal digits"),
            Self::GraphVersion => "must look like v25.0".into(),
            Self::Phone => {
                "must be a phone number with its country code, such as +919876543210".into()
            }
            Self::Email => "must be a mail address".into(),
            Self::Choice { of } => format!("must be one of {}", of.join(", ")),
            Self::Flag => "must be true or false".into(),
            Self::Object => "must be an object of up to 32 texts".into(),
            Self::Path => "must be a path such as /api/contacts, without query".into(),
            Self::Address => {
                "must be https:// and a host name, such as https://chat.example.com".into()
            }
        }
    }

    /// The regular expression (ECMA-262) of what fits, where there is one. Values that match it may still be refused.
    pub fn pattern(self) -> Option<String> {
        Some(match self {
            Self::Digits => "^[0-9]{5,32}$".into(),
            Self::Number => "^[0-9]{1,20}$".into(),
            Self::Token { min, max } => format!("^[!-~]{{{min},{max}}}$"),
            Self::Hex { min, max } => format!("^[0-9A-Fa-f]{{{min},{max}}}$"),
            Self::GraphVersion => r"^v[0-9]{2,3}\.0$".into(),
            // `//` at the start would name a host.
            Self::Path => r"^/([!-.0-~][!-~]{0,254})?$".into(),
            Self::Address => r"^https://[0-9a-z_-]+(\.[0-9a-z_-]+)+$".into(),
            Self::Email => r"^[!-~]{1,64}@[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)+$".into(),
            Self::Text { .. } | Self::Phone | Self::Choice { .. } | Self::Flag | Self::Object => {
                return None;
            }
        })
    }
}

/// The object as JSON text, if all it holds are texts. Written into room that is large enough from the start: a text that
/// grows leaves copies behind.
fn texts(object: &Map<String, Value>) -> Option<String> {
    const MOST_BYTES: usize = 8 * 1024;
    let sound =
        |(name, value): (&String, &Value)| domain::text::is_label(name) && value.is_string();
    if !(1..=32).contains(&object.len()) || !object.iter().all(sound) {
        return None;
    }
    let mut text = Vec::with_capacity(256 * 1024);
    serde_json::to_writer(&mut text, object).ok()?;
    let kept = (text.len() <= MOST_BYTES).then(|| String::from_utf8_lossy(&text).into_owned());
    text.zeroize();
    kept
}

/// One `@`, a plain local part, a host name with a dot: what every mail service accepts, less than RFC 5321 allows.
fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else {
        return false;
    };
    let part = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.len() <= 254
        && (1..=64).contains(&local.len())
        && local
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"\"(),:;<>@[]\\".contains(&b))
        && host.contains('.')
        && host.split('.').all(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;
    use proptest::string::string_regex;
    use regex_lite::Regex;
    use serde_json::json;

    use super::*;

    const TOKEN: Form = Form::Token { min: 3, max: 5 };
    const HEX: Form = Form::Hex { min: 2, max: 4 };
    const CHOICE: Form = Form::Choice {
        of: &["eu", "com.au"],
    };

    /// Those that have a pattern.
    const PATTERNED: [Form; 8] = [
        Form::Digits,
        Form::Number,
        TOKEN,
        HEX,
        Form::GraphVersion,
        Form::Email,
        Form::Path,
        Form::Address,
    ];

    #[track_caller]
    fn assert_reads<V: Into<Value>>(form: Form, fitting: Vec<V>, others: Vec<V>) {
        for value in fitting.into_iter().map(V::into) {
            assert!(form.read(&value).is_ok(), "{form:?} {value}");
        }
        for value in others.into_iter().map(V::into) {
            assert_eq!(form.read(&value), Err(form.rule()), "{form:?} {value}");
        }
    }

    #[test]
    fn texts_are_lines_in_any_script() {
        let text = Form::Text { max: 8 };
        assert_reads(
            text,
            vec![
                "Büro 1",
                "サポート",
                "दिल्ली",
                "a",
                "👍 ok",
                "12345678",
                " inner  ",
            ],
            vec![
                "",
                "   ",
                "123456789",
                "a\nb",
                "a\u{202e}b",
                "\u{feff}a",
                "a\u{0}",
            ],
        );
        // Characters count, not bytes.
        assert!("サポートサポート".len() > 8 && text.fits("サポートサポート"));
        assert_eq!(text.read(&" Büro ".into()), Ok("Büro".into()));
    }

    #[test]
    fn digits_and_numbers_are_ascii() {
        assert_reads(
            Form::Digits,
            vec!["12345", " 12345 ", "00000"],
            vec!["1234", "12345x", "１２３４５", "-12345", "1 2345", ""],
        );
        assert_reads(
            Form::Number,
            vec!["7", "007", "12345678901234567890"],
            vec!["", "-7", "7.0", "७", "123456789012345678901", "7e1"],
        );
        // Numbers lose digits on their way through other programs.
        for number in [json!(7), json!(12345), json!(null), json!(["12345"])] {
            assert_eq!(Form::Number.read(&number), Err("must be text".into()));
        }
    }

    #[test]
    fn tokens_hexadecimal_digits_and_versions() {
        assert_reads(
            TOKEN,
            vec!["abc", "a/\"b"],
            vec!["a c", "ab", "abcdef", "ab\nc", "abé"],
        );
        assert_reads(HEX, vec!["aF", "09af"], vec!["a", "ag", "0x12f", "１２"]);
        assert_reads(
            Form::GraphVersion,
            vec!["v25.0", "v100.0"],
            vec!["25.0", "v25.1", "v25", "v2.0", "v25.0/../v1.0"],
        );
    }

    #[test]
    fn phone_numbers_are_kept_as_e164() {
        for (given, kept) in [
            ("+919876543210", "+919876543210"),
            (" +91 98765-43210 ", "+919876543210"),
            ("0091 98765 43210", "+919876543210"),
            ("01141169368", "+911141169368"),
        ] {
            assert_eq!(Form::Phone.read(&given.into()), Ok(kept.into()));
        }
        let others = vec!["9876543210", "+12", "support", "", "+919876543210 ext 5"];
        assert_reads(Form::Phone, vec![], others);
    }

    #[test]
    fn mail_addresses_are_plain() {
        let long = format!("{}@example.com", "a".repeat(64));
        let longer = format!("a{long}");
        assert_reads(
            Form::Email,
            vec![
                "support@example.com",
                "a.b+c@mail.example.co.in",
                "x@1-2.example",
                &long,
            ],
            vec![
                "",
                "support",
                "@example.com",
                "support@",
                "support@localhost",
                "a b@example.com",
                "a@b@example.com",
                "\"a\"@example.com",
                "a@example..com",
                "a@exämple.com",
                "a@[127.0.0.1]",
                "Support <a@example.com>",
                "a@example.com,b@example.com",
                "a@example.com\r\nbcc: b@example.com",
                &longer,
            ],
        );
    }

    #[test]
    fn choices_are_words_as_they_stand() {
        assert_reads(
            CHOICE,
            vec!["eu", " com.au "],
            vec!["EU", "com", "", "eu,com.au"],
        );
        assert_eq!(CHOICE.rule(), "must be one of eu, com.au");
    }

    #[test]
    fn flags_are_json_and_no_words() {
        let words = vec![
            json!("true"),
            json!("on"),
            json!(1),
            json!(0),
            json!(null),
            json!([]),
        ];
        assert_reads(Form::Flag, vec![json!(true), json!(false)], words);
    }

    #[test]
    fn objects_are_of_texts_and_kept_as_text() {
        let many = |count: usize| -> Value {
            let names = (0..count).map(|number| (format!("n{number}"), "x".into()));
            names.collect::<Map<_, _>>().into()
        };
        assert_reads(
            Form::Object,
            vec![
                json!({"api_key": "x"}),
                json!({"a": "", "ü": "\n\u{1F600}"}),
                many(32),
            ],
            vec![
                json!({}),
                json!({"a": 1}),
                json!({"a": null}),
                json!({"a": {"b": "c"}}),
                json!({"a": ["b"]}),
                json!({"": "x"}),
                json!({"a\nb": "x"}),
                many(33),
                json!({"a": "x".repeat(8 * 1024)}),
                json!("{\"a\":\"b\"}"),
                json!([]),
                json!(null),
            ],
        );
        let object = json!({"username": "zoë", "password": "\"\\\n"});
        let kept = Form::Object.read(&object).expect("it fits");
        let text = kept.as_str().expect("text");
        assert_eq!(serde_json::from_str::<Value>(text).expect("JSON"), object);
    }

    #[test]
    fn paths_stay_on_their_host() {
        let longest = format!("/{}", "a".repeat(255));
        let longer = format!("{longest}a");
        assert_reads(
            Form::Path,
            vec!["/", "/api/v1/me", "/a//b", "/..a/b..", "/@me:1", &longest],
            vec![
                "",
                "api",
                "//evil.example",
                "/a/../b",
                "/..",
                "/a?b",
                "/a#b",
                "/a\\b",
                "/a b",
                "/%2e%2e/a",
                "/ä",
                "https://evil.example/",
                &longer,
            ],
        );
        for path in ["/", "/api/v1/me", "/@evil.example", "/:8443", "/a//b"] {
            let url = url::Url::parse(&format!("https://crm.example.com{path}"));
            assert_eq!(
                url.expect("a URL").host_str(),
                Some("crm.example.com"),
                "{path}"
            );
        }
    }

    #[test]
    fn addresses_are_names_of_public_hosts() {
        assert_reads(
            Form::Address,
            vec!["https://chat.example.com", "https://a-b.c_d.example.org"],
            vec![
                "http://chat.example.com",
                "https://chat.example.com/",
                "https://chat.example.com:443",
                "https://chat.example.com:8443",
                "https://chat.example.com/path",
                "https://user@chat.example.com",
                "https://chat.example.com?x",
                "https://CHAT.example.com",
                "https://localhost",
                "https://127.0.0.1",
                "https://2130706433",
                "https://[::1]",
                "https://127\u{3002}0.0.1",
                "",
            ],
        );
    }

    #[test]
    fn a_sentence_says_what_is_wanted_and_repeats_nothing() {
        let rest = [
            CHOICE,
            Form::Text { max: 8 },
            Form::Phone,
            Form::Flag,
            Form::Object,
        ];
        for form in PATTERNED.into_iter().chain(rest) {
            let says = form
                .read(&"CANARY\u{202e}\n".into())
                .expect_err("it fits nothing");
            assert!(
                says.starts_with("must ") && !says.contains("CANARY"),
                "{says}"
            );
            assert_eq!(
                form.pattern().is_some(),
                PATTERNED.contains(&form),
                "{form:?}"
            );
        }
    }

    fn regex(form: Form) -> Regex {
        let pattern = form.pattern().expect("it has one");
        Regex::new(&pattern).expect("a regular expression")
    }

    /// What texts of one form or another are made of, and what may not be in them.
    const PIECES: &[&str] = &[
        "https://", "http://", "/", "//", ".", "..", ":", ":443", ":8443", "@", "?", "#", "%",
        "\\", "-", "_", "a", "A", "z9", "com", "example", "chat", "v", "25", "0", "1234", "x", " ",
        "\n", "ä", "０",
    ];

    /// A text that has the form, or nearly.
    fn nearly(form: Form) -> BoxedStrategy<String> {
        let pattern = form.pattern().expect("it has one");
        let inside = pattern.trim_start_matches('^').trim_end_matches('$');
        let shaped = string_regex(inside).expect("a regular expression").boxed();
        let pieced = prop::collection::vec(select(PIECES), 0..8);
        let spoilt = (shaped.clone(), any::<prop::sample::Index>(), select(PIECES));
        let spoilt = spoilt.prop_map(|(text, place, piece)| {
            let letters: Vec<char> = text.chars().collect();
            let (start, end) = letters.split_at(place.index(letters.len() + 1));
            start
                .iter()
                .copied()
                .chain(piece.chars())
                .chain(end.iter().copied())
                .collect()
        });
        prop_oneof![shaped, pieced.prop_map(|pieces| pieces.concat()), spoilt].boxed()
    }

    fn form_and_text() -> impl Strategy<Value = (Form, String)> {
        select(&PATTERNED[..]).prop_flat_map(|form| (Just(form), nearly(form)))
    }

    proptest! {
        /// Whoever fills in a form by its pattern is never kept from what would be taken.
        #[test]
        fn what_fits_matches_the_pattern((form, text) in form_and_text()) {
            if form.fits(&text) {
                prop_assert!(regex(form).is_match(&text), "{form:?} {text:?}");
            }
        }

        /// Where a form is no more than its characters, the pattern says all of it.
        #[test]
        fn what_matches_the_pattern_of_a_plain_form_fits((form, text) in form_and_text()) {
            let plain = !matches!(form, Form::Email | Form::Path | Form::Address);
            if plain && regex(form).is_match(&text) {
                prop_assert!(form.fits(&text), "{form:?} {text:?}");
            }
        }

        /// What is kept is taken again as it is.
        #[test]
        fn what_is_kept_reads_again((form, text) in form_and_text()) {
            if let Ok(kept) = form.read(&text.into()) {
                prop_assert_eq!(form.read(&kept), Ok(kept.clone()));
            }
        }

        #[test]
        fn a_path_never_leaves_its_host(text in nearly(Form::Path)) {
            if Form::Path.fits(&text) {
                let url = url::Url::parse(&format!("https://crm.example.com{text}"));
                let url = url.expect("a URL");
                prop_assert_eq!(url.host_str(), Some("crm.example.com"));
                prop_assert!(url.port().is_none() && url.query().is_none() && url.username().is_empty());
            }
        }
    }
}
