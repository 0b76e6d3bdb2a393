//! Finds secrets in bytes, in whatever encoding they got there: in tables, queues, logs, answers, core files.
//!
//! ```
//! use testing::scan::{Encoding, Scanner};
//!
//! let scanner = Scanner::new([("access_token", "EAAG-canary-0123")]);
//! let leaks = scanner.scan(b"GET /?token=EAAG%2Dcanary%2D0123");
//! assert_eq!(leaks[0].secret, "access_token");
//! assert_eq!(leaks[0].encoding, Encoding::Percent);
//! ```

mod encoding;
mod index;
mod view;
mod written;

use std::collections::BTreeMap;
use std::fmt;

use encoding::needles;
use index::Index;
use view::View;

pub use encoding::Encoding;
pub use written::written;

/// A secret shorter than this would be found by chance, so there is no looking for it.
pub const SHORTEST: usize = 8;

/// How much of a secret was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// All of it.
    Whole,
    /// Its first eight bytes.
    Beginning,
    /// Its last eight bytes.
    End,
}

/// A secret that was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Leak {
    /// The name it was given, never the value.
    pub secret: String,
    /// How much of it.
    pub part: Part,
    /// How it was written.
    pub encoding: Encoding,
    /// Offset in bytes of its beginning in the bytes, or in what they were turned into to read that encoding.
    pub at: usize,
}

impl fmt::Debug for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Part::Whole => {}
            Part::Beginning => f.write_str("beginning of ")?,
            Part::End => f.write_str("end of ")?,
        }
        write!(
            f,
            "{} as {:?} at byte {}",
            self.secret, self.encoding, self.at
        )
    }
}

/// Looks for a set of secrets.
pub struct Scanner {
    patterns: Vec<Pattern>,
    /// What to look for in which view of the bytes; the numbers are places in `patterns`.
    indexes: BTreeMap<View, Index>,
}

/// What is looked for; several needles have the same.
struct Pattern {
    secret: String,
    part: Part,
    encoding: Encoding,
}

impl Scanner {
    /// A scanner for these names and values.
    ///
    /// # Panics
    /// If a value has fewer than [`SHORTEST`] bytes.
    pub fn new<N: Into<String>, V: AsRef<[u8]>>(secrets: impl IntoIterator<Item = (N, V)>) -> Self {
        Self::of_parts(secrets, &[Part::Whole])
    }

    /// As [`Scanner::new`], and a part of a secret is a leak too: its first eight bytes, or its last.
    ///
    /// # Panics
    /// As [`Scanner::new`].
    pub fn with_ends<N: Into<String>, V: AsRef<[u8]>>(
        secrets: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self::of_parts(secrets, &[Part::Whole, Part::Beginning, Part::End])
    }

    fn of_parts<N: Into<String>, V: AsRef<[u8]>>(
        secrets: impl IntoIterator<Item = (N, V)>,
        parts: &[Part],
    ) -> Self {
        let mut scanner = Self {
            patterns: Vec::new(),
            indexes: BTreeMap::new(),
        };
        for (name, value) in secrets {
            let (name, value) = (name.into(), value.as_ref());
            assert!(
                value.len() >= SHORTEST,
                "{name} is too short to be looked for"
            );
            for part in parts {
                scanner.look_for(&name, *part, part.of(value));
            }
        }
        scanner
    }

    fn look_for(&mut self, secret: &str, part: Part, value: &[u8]) {
        for (encoding, needle) in needles(value) {
            let index = self.indexes.entry(View::showing(encoding)).or_default();
            index.add(needle, self.patterns.len());
            self.patterns.push(Pattern {
                secret: secret.to_owned(),
                part,
                encoding,
            });
        }
    }

    /// All secrets found in the bytes, each once per encoding, in the order in which they were given. Of a secret that
    /// was found whole no part is told.
    pub fn scan(&self, bytes: &[u8]) -> Vec<Leak> {
        let mut found: BTreeMap<usize, usize> = BTreeMap::new();
        for (view, index) in &self.indexes {
            index.search(&view.of(bytes), |pattern, at| {
                found.entry(pattern).or_insert(at);
            });
        }
        let mut leaks: Vec<Leak> = Vec::new();
        for (pattern, at) in found {
            let pattern = &self.patterns[pattern];
            if !leaks.iter().any(|leak| leak.tells(pattern)) {
                leaks.push(Leak {
                    secret: pattern.secret.clone(),
                    part: pattern.part,
                    encoding: pattern.encoding,
                    at,
                });
            }
        }
        leaks
    }
}

impl Leak {
    /// Whether nothing new can be said by a find of that pattern.
    fn tells(&self, found: &Pattern) -> bool {
        // What stands there as it is can be read through an encoding that leaves plain text alone.
        let plain = self.encoding == Encoding::Raw && found.encoding.keeps_plain();
        self.secret == found.secret
            && match (self.part, found.part) {
                (Part::Whole, Part::Beginning | Part::End) => true,
                (ours, theirs) => ours == theirs && (self.encoding == found.encoding || plain),
            }
    }
}

impl Part {
    fn of(self, value: &[u8]) -> &[u8] {
        match self {
            Self::Whole => value,
            Self::Beginning => &value[..SHORTEST],
            Self::End => &value[value.len() - SHORTEST..],
        }
    }
}

#[cfg(test)]
mod tests;
