//! Configuration from environment variables: read once at the start, and everything that is missing or wrong is
//! told at once.

use std::str::FromStr;

/// Reads variables and collects what is amiss.
#[derive(Debug, Default)]
pub struct Env {
    amiss: Vec<String>,
}

/// What is amiss, one sentence a line.
#[derive(Debug, thiserror::Error)]
#[error("the environment is not complete:\n{}", .0.join("\n"))]
pub struct EnvError(Vec<String>);

impl Env {
    /// Reads the process's environment.
    pub fn new() -> Self {
        Self::default()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    fn read(name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    /// A variable that must be set.
    pub fn required(&mut self, name: &str) -> String {
        Self::read(name).unwrap_or_else(|| {
            self.amiss.push(format!(
                "{name} is not set; template.yaml shows what it holds"
            ));
            String::new()
        })
    }

    /// A variable that may be left out or empty.
    pub fn optional(&mut self, name: &str) -> Option<String> {
        Self::read(name)
    }

    /// A variable that has a default.
    pub fn parsed<T: FromStr>(&mut self, name: &str, default: T) -> T {
        match Self::read(name) {
            None => default,
            Some(text) => text.parse().unwrap_or_else(|_| {
                self.amiss
                    .push(format!("{name} does not have the expected form"));
                default
            }),
        }
    }

    /// A JSON variable; left out it is the type's default.
    pub fn json<T: serde::de::DeserializeOwned + Default>(&mut self, name: &str) -> T {
        match Self::read(name) {
            None => T::default(),
            Some(text) => crate::json::read(text.as_bytes()).unwrap_or_else(|error| {
                self.amiss
                    .push(format!("{name} is not the expected JSON ({error})"));
                T::default()
            }),
        }
    }

    /// The contents of a file whose path a variable may give.
    pub fn file(&mut self, name: &str) -> Option<Vec<u8>> {
        let path = Self::read(name)?;
        std::fs::read(&path)
            .inspect_err(|error| {
                self.amiss
                    .push(format!("{name}: {path} cannot be read: {error}"))
            })
            .ok()
    }

    /// `value`, if nothing was amiss.
    ///
    /// # Errors
    /// [`EnvError`] with everything that was amiss.
    pub fn finish<T>(self, value: T) -> Result<T, EnvError> {
        if self.amiss.is_empty() {
            Ok(value)
        } else {
            Err(EnvError(self.amiss))
        }
    }
}
