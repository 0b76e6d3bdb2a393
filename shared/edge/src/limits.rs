//! What a JSON text may hold, told before anything of it is kept: depth, sizes, names given twice, numbers.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Bounds of a JSON text.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Deepest nesting.
    pub depth: usize,
    /// Most names in one object.
    pub names: usize,
    /// Most items in one array.
    pub items: usize,
    /// Most bytes of one text.
    pub text: usize,
}

/// Of the HTTP API.
pub const API: Limits = Limits {
    depth: 16,
    names: 256,
    items: 1_000,
    text: 16 * 1024,
};

/// What is wrong with a text that is JSON, and where. Nothing of it is repeated but names of fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excess {
    /// Names and places from the outside in, such as `metadata.to`; empty for the whole.
    pub place: String,
    /// The end of a sentence.
    pub says: String,
}

/// Holds a text against limits. `None` if it keeps to them, or is no JSON, which whoever reads it will find.
pub fn excess(text: &[u8], limits: Limits) -> Option<Excess> {
    let mut found = None;
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let walk = Walk {
        limits,
        depth: 0,
        place: &mut Vec::new(),
        found: &mut found,
        hasher: &RandomState::new(),
    };
    walk.deserialize(&mut deserializer).ok();
    found
}

struct Walk<'w> {
    limits: Limits,
    depth: usize,
    place: &'w mut Vec<String>,
    found: &'w mut Option<Excess>,
    hasher: &'w RandomState,
}

impl Walk<'_> {
    fn inside(&mut self) -> Walk<'_> {
        Walk {
            limits: self.limits,
            depth: self.depth + 1,
            place: self.place,
            found: self.found,
            hasher: self.hasher,
        }
    }

    fn is<E: Error>(&mut self, says: impl Into<String>) -> E {
        *self.found = Some(Excess {
            place: self.place.join("."),
            says: says.into(),
        });
        E::custom("beyond a limit")
    }

    fn check_depth<E: Error>(&mut self) -> Result<(), E> {
        let most = self.limits.depth;
        if self.depth >= most {
            return Err(self.is(format!("is nested more than {most} levels deep")));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(mut self, number: u64) -> Result<(), E> {
        match i64::try_from(number) {
            Ok(_) => Ok(()),
            Err(_) => Err(self.is("must be a smaller number")),
        }
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        let most = self.limits.text;
        if text.len() > most {
            return Err(self.is(format!("must be at most {most} bytes long")));
        }
        let unwanted =
            |byte: u8| byte == 0x7f || (byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t'));
        if text.bytes().any(unwanted) {
            return Err(self.is("must not hold control characters"));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.check_depth()?;
        let most = self.limits.items;
        let mut count = 0;
        loop {
            self.place.push(count.to_string());
            let more = items.next_element_seed(self.inside())?.is_some();
            self.place.pop();
            if !more {
                return Ok(());
            }
            count += 1;
            if count > most {
                return Err(self.is(format!("must have at most {most} items")));
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        self.check_depth()?;
        let most = self.limits.names;
        let mut names = HashSet::new();
        loop {
            let mut name = String::new();
            if fields.next_key_seed(Name(&mut name))?.is_none() {
                return Ok(());
            }
            if name.len() > LONGEST_NAME {
                return Err(self.is("has a field with too long a name"));
            }
            // Only hashes are kept: a value may stand in the place of a name.
            let is_new = names.insert(self.hasher.hash_one(&name));
            self.place.push(name);
            if !is_new {
                return Err(self.is("is given twice"));
            }
            fields.next_value_seed(self.inside())?;
            self.place.pop();
            if names.len() > most {
                return Err(self.is(format!("must have at most {most} fields")));
            }
        }
    }
}

/// Most bytes of a name.
const LONGEST_NAME: usize = 256;

/// Reads a name, as far as it can be one.
struct Name<'n>(&'n mut String);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<(), E> {
        // More than is wanted of a name shows that it is too long.
        self.0.extend(name.chars().take(LONGEST_NAME + 1));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> Option<(String, String)> {
        excess(text.as_bytes(), API).map(|excess| (excess.place, excess.says))
    }

    #[test]
    fn what_keeps_to_the_limits_passes() {
        let deep = format!("{}{}", "[".repeat(16), "]".repeat(16));
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(16 * 1024));
        let wide = format!("[{}1]", "1,".repeat(999));
        for text in [
            "{}",
            r#"{"a":{"b":1},"c":{"b":1}}"#,
            r#"{"a":"line\n\ttext"}"#,
            "[1.5, -9223372036854775808, 9223372036854775807, true, null]",
            &deep,
            &long,
            &wide,
        ] {
            assert_eq!(says(text), None, "{text:.40}");
        }
    }

    #[test]
    fn what_goes_beyond_is_told_with_its_place() {
        let deep = format!("{}{}", "[".repeat(17), "]".repeat(17));
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(16 * 1024 + 1));
        let wide = format!("{{\"a\":[{}1]}}", "1,".repeat(1000));
        let names: Vec<String> = (0..257).map(|n| format!("\"n{n}\":1")).collect();
        let many = format!("{{{}}}", names.join(","));
        for (text, place, part) in [
            (deep.as_str(), "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0", "nested"),
            (&long, "a", "at most 16384 bytes"),
            (&wide, "a", "at most 1000 items"),
            (&many, "", "at most 256 fields"),
            (r#"{"a":1,"a":2}"#, "a", "twice"),
            (r#"{"x":{"a":1,"\u0061":2}}"#, "x.a", "twice"),
            (r#"{"a":[{"b":9223372036854775808}]}"#, "a.0.b", "smaller"),
            (r#"{"a":"\u0000"}"#, "a", "control"),
        ] {
            let (found, says) = says(text).unwrap_or_else(|| panic!("{text:.40}"));
            assert_eq!(found, place, "{text:.40}");
            assert!(says.contains(part), "{says}");
        }
    }

    #[test]
    fn a_long_name_hides_nothing_behind_it() {
        let long = "k".repeat(257);
        for rest in [
            r#""a":1"#,
            r#""d":1,"d":2"#,
            r#""c":"\u0000""#,
            r#""n":9223372036854775808"#,
        ] {
            let text = format!(r#"{{"x":{{"{long}":1,{rest}}}}}"#);
            let (place, says) = says(&text).unwrap_or_else(|| panic!("{rest}"));
            assert_eq!(
                (place.as_str(), says.contains("too long a name")),
                ("x", true),
                "{rest}"
            );
        }
        assert_eq!(says(&format!(r#"{{"{}":1}}"#, "k".repeat(256))), None);
    }

    #[test]
    fn what_is_no_json_is_not_judged_here() {
        for text in ["", "{", "1e400", "{\"a\":}", "\"\u{1}\"", "nul"] {
            assert_eq!(says(text), None, "{text}");
        }
    }
}
