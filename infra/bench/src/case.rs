//! What to run and what to feed it: one JSON file per executable.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::Failure;
use crate::template::Template;

/// One executable and its work.
///
/// In `command`, `seed` and the values of `env`, `${here}` is the folder of the case file, `${bin}` the folder of
/// the bench's own executable, and, when it runs, `${aws}`, `${upstream}` and `${ca}` are the two base URLs and
/// the file with the certificate authority to trust.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// What the report calls it.
    pub(crate) name: String,
    /// A Lambda `bootstrap` and its arguments.
    pub(crate) command: Vec<String>,
    /// Variables besides Lambda's own.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    /// A command that fills the stand-in before the process starts: the same variables, and `TENANTS`.
    #[serde(default)]
    pub(crate) seed: Vec<String>,
    /// Ids of KMS keys that the stand-in has.
    #[serde(default)]
    pub(crate) keys: Vec<String>,
    /// Names of queues that the stand-in has.
    #[serde(default)]
    pub(crate) queues: Vec<String>,
    /// What the `authorization` of a call to the provider must begin with; `${1}`, `${2}` … are path segments.
    #[serde(default)]
    pub(crate) authorization: Option<String>,
    /// What it is fed.
    #[serde(default)]
    pub(crate) feed: Feed,
}

/// Events for a function. Placeholders: `${id}` (unique), `${n}` (counts up), `${digits}` (`n` in ten digits),
/// `${tenant}` (`tenant-0` …), `${ts}` (seconds since the epoch).
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "kind")]
pub(crate) enum Feed {
    /// One fixed event.
    #[default]
    Plain,
    /// Batches of SQS records.
    Sqs {
        /// The body of each record.
        body: Value,
    },
    /// Signed requests through an HTTP API (payload 2.0).
    Webhook {
        /// Path of the request.
        path: String,
        /// Its body.
        body: Value,
        /// Key of the HMAC-SHA256.
        secret: String,
        /// What is signed: `${body}`, or more.
        #[serde(default = "whole_body")]
        signed: String,
        /// Name of the header that carries the signature, in lower case.
        header: String,
        /// Its value, such as `sha256=${hex}`.
        signature: String,
    },
}

fn whole_body() -> String {
    "${body}".to_owned()
}

impl Case {
    /// Reads a case file.
    ///
    /// # Errors
    /// If it cannot be read or is not a case.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let about = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|error| about(&error))?;
        let case: Self = serde_json::from_str(&text).map_err(|error| about(&error))?;
        let path = path.canonicalize()?;
        let here = path.parent().map(|folder| folder.display().to_string());
        let exe = std::env::current_exe()?;
        let bin = exe.parent().map(|folder| folder.display().to_string());
        Ok(case.filled(|name| match name {
            "here" => here.clone(),
            "bin" => bin.clone(),
            _ => None,
        }))
    }

    /// With the given placeholders replaced.
    #[must_use]
    pub(crate) fn filled(mut self, value: impl Fn(&str) -> Option<String>) -> Self {
        for text in self
            .command
            .iter_mut()
            .chain(&mut self.seed)
            .chain(self.env.values_mut())
        {
            *text = Template::new(text).fill(&value);
        }
        self
    }

    /// The path of the executable.
    pub(crate) fn executable(&self) -> &Path {
        Path::new(self.command.first().map_or("", String::as_str))
    }
}
