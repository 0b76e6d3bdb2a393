//! Lists in pages.

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// Its lines.
    pub lines: Vec<T>,
    /// The position behind which the next page begins; `None` at the end.
    pub next: Option<String>,
}
