//! Texts with `${names}` in them.

/// A text that is filled again and again.
#[derive(Debug, Clone)]
pub(crate) struct Template(String);

impl Template {
    /// Of that text.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text with each `${name}` replaced; a name that has no value stays as it stands.
    pub(crate) fn fill(&self, value: impl Fn(&str) -> Option<String>) -> String {
        let mut filled = String::with_capacity(self.0.len() + 64);
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            filled.push_str(before);
            let (name, tail) = after.split_once('}').unwrap_or((after, ""));
            match value(name) {
                Some(value) => filled.push_str(&value),
                None => {
                    filled.push_str("${");
                    filled.push_str(name);
                    filled.push('}');
                }
            }
            rest = tail;
        }
        filled.push_str(rest);
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_and_unknown_ones_stay() {
        let value = |name: &str| (name == "n").then(|| "7".to_owned());
        let filled = Template::new("${n}/a${n}b ${other} $n {n}").fill(value);
        assert_eq!(filled, "7/a7b ${other} $n {n}");
    }
}
