//! A tenant's secret values, by field name, in a type that cannot be printed.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use crate::secret::Plaintext;

/// Secret field values of one integration, such as `access_token`.
///
/// It has neither `Display` nor `Serialize`; the values wipe themselves on drop.
#[derive(Clone, Default)]
pub struct Credentials(BTreeMap<String, SecretString>);

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The opened bytes are not a record that [`Credentials::to_plaintext`] wrote.
#[derive(Debug, thiserror::Error)]
#[error("the opened credentials are not in the expected form")]
pub struct MalformedCredentials;

impl Credentials {
    /// The value of a field, if it was given.
    pub fn get(&self, field: &str) -> Option<&SecretString> {
        self.0.get(field)
    }

    /// Sets a field; a new value replaces the old one.
    pub fn set(&mut self, field: &str, value: SecretString) {
        self.0.insert(field.to_owned(), value);
    }

    /// Removes a field.
    pub fn remove(&mut self, field: &str) {
        self.0.remove(field);
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SecretString)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether the other holds the same values under those names; names that the filter refuses do not count.
    pub fn is_same(&self, other: &Self, counts: impl Fn(&str) -> bool) -> bool {
        let values = |credentials: &Self| -> BTreeMap<String, SecretString> {
            let counting = credentials.0.iter().filter(|(name, _)| counts(name));
            counting
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        };
        let (ours, theirs) = (values(self), values(other));
        ours.len() == theirs.len()
            && ours.iter().all(|(name, value)| {
                theirs
                    .get(name)
                    .is_some_and(|other| other.expose_secret() == value.expose_secret())
            })
    }

    /// The form that is sealed: per field a one-byte name length, the name, a four-byte big-endian value
    /// length, the value; fields in the order of their names.
    pub fn to_plaintext(&self) -> Plaintext {
        let size = self
            .0
            .iter()
            .map(|(name, value)| 5 + name.len() + value.expose_secret().len())
            .sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        for (name, value) in &self.0 {
            let value = value.expose_secret().as_bytes();
            bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(&name.as_bytes()[..name.len().min(255)]);
            bytes.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(value);
        }
        bytes.into()
    }

    /// Reads what [`Credentials::to_plaintext`] wrote.
    ///
    /// # Errors
    /// [`MalformedCredentials`] for anything else.
    pub fn from_plaintext(mut bytes: &[u8]) -> Result<Self, MalformedCredentials> {
        let mut fields = BTreeMap::new();
        while let Some((&length, rest)) = bytes.split_first() {
            let (name, rest) = rest
                .split_at_checked(usize::from(length))
                .ok_or(MalformedCredentials)?;
            let (length, rest) = rest.split_at_checked(4).ok_or(MalformedCredentials)?;
            let length: [u8; 4] = length.try_into().map_err(|_| MalformedCredentials)?;
            let length = u32::from_be_bytes(length) as usize;
            let (value, rest) = rest.split_at_checked(length).ok_or(MalformedCredentials)?;
            let name = std::str::from_utf8(name).map_err(|_| MalformedCredentials)?;
            let value = std::str::from_utf8(value).map_err(|_| MalformedCredentials)?;
            fields.insert(name.to_owned(), SecretString::from(value));
            bytes = rest;
        }
        Ok(Self(fields))
    }
}

impl<N: Into<String>> FromIterator<(N, SecretString)> for Credentials {
    fn from_iter<I: IntoIterator<Item = (N, SecretString)>>(fields: I) -> Self {
        Self(
            fields
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Credentials {
        [("access_token", "CANARY-token-é"), ("app_secret", "")]
            .into_iter()
            .map(|(name, value)| (name, SecretString::from(value)))
            .collect()
    }

    #[test]
    fn plaintext_and_back() {
        let plaintext = sample().to_plaintext();
        let bytes = plaintext.expose();
        let again = Credentials::from_plaintext(bytes).expect("own form");
        assert_eq!(again.to_plaintext().expose(), bytes);
        for cut in 1..bytes.len() {
            if cut != 31 {
                assert!(
                    Credentials::from_plaintext(&bytes[..cut]).is_err()
                        || cut == 1 + 12 + 4 + "CANARY-token-é".len(),
                    "{cut}"
                );
            }
        }
    }

    #[test]
    fn debug_shows_names_only() {
        let text = format!("{:?}", sample());
        assert!(
            text.contains("access_token") && !text.contains("CANARY"),
            "{text}"
        );
    }
}
