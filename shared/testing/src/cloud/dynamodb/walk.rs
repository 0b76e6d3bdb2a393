//! What a query walks along: a table or one of its indexes, from a place on, in either direction.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Bound;

use super::index::{Index, Projection};
use super::key::{Key, KeyValue, Schema, key_attributes};
use super::span::Span;
use super::table::Table;
use super::value::Item;
use crate::cloud::wire::Refusal;

/// A table, seen through one of its indexes or as it is.
#[derive(Clone, Copy)]
pub(super) struct View<'t> {
    pub(super) table: &'t Table,
    pub(super) index: Option<&'t Index>,
}

/// Where a page begins: behind this item.
pub(super) struct Start {
    range: Option<KeyValue>,
    key: Key,
}

type Items<'a> = Box<dyn Iterator<Item = &'a Item> + 'a>;

impl<'t> View<'t> {
    pub(super) fn schema(self) -> &'t Schema {
        self.index.map_or(&self.table.schema, |index| &index.schema)
    }

    /// The keys that say where a page ends; for a table, its own twice.
    fn schemas(self) -> [&'t Schema; 2] {
        [&self.table.schema, self.schema()]
    }

    /// What can be read of an item here.
    pub(super) fn entry(self, item: &Item) -> Cow<'_, Item> {
        match self.index {
            Some(index) => index.entry(&self.table.schema, item),
            None => Cow::Borrowed(item),
        }
    }

    /// Whether every attribute of an item can be read here.
    pub(super) fn shows_all(self) -> bool {
        self.index
            .is_none_or(|index| index.projection == Projection::All)
    }

    /// Whether an attribute of that name can be read here.
    pub(super) fn shows(self, name: &str) -> bool {
        self.shows_all() || self.schemas().iter().any(|schema| schema.is_key(name))
    }

    /// The attributes that say where a page ends.
    pub(super) fn place(self, item: &Item) -> Item {
        key_attributes(item, self.schemas())
    }

    /// Reads where a page begins, which is within the span.
    pub(super) fn start(self, place: &Item, span: &Span) -> Result<Start, Refusal> {
        let refused = |reason: &str| {
            Err(Refusal::validation(format!(
                "The provided starting key {reason}"
            )))
        };
        let wanted: BTreeSet<&str> = self
            .schemas()
            .into_iter()
            .flat_map(Schema::attributes)
            .map(|(key, _)| key.name.as_str())
            .collect();
        if !place.keys().map(String::as_str).eq(wanted) {
            return refused("is invalid");
        }
        let key = self.table.schema.key_of(place)?;
        let (hash, range) = self.schema().key_of(place)?;
        if hash != span.hash {
            return refused("is outside query boundaries based on provided conditions");
        }
        if !span.contains(&range) {
            return refused("does not match the range key predicate");
        }
        Ok(Start { range, key })
    }

    /// The items of a span in order, found as they are asked for.
    pub(super) fn items<'a>(
        self,
        span: &'a Span,
        forward: bool,
        start: Option<&'a Start>,
    ) -> Items<'a>
    where
        't: 'a,
    {
        match self.index {
            None => self.of_table(span, forward, start),
            Some(index) => self.of_index(index, span, forward, start),
        }
    }

    fn of_table<'a>(self, span: &'a Span, forward: bool, start: Option<&'a Start>) -> Items<'a>
    where
        't: 'a,
    {
        let from = start.map(|start| Bound::Excluded(&start.range));
        let bounds = span.bounds(forward, from);
        let partition = self.table.partitions.get(&span.hash).into_iter();
        Box::new(
            partition
                .flat_map(move |partition| directed(partition.range(bounds), forward))
                .map(|(_, item)| item),
        )
    }

    fn of_index<'a>(
        self,
        index: &'a Index,
        span: &'a Span,
        forward: bool,
        start: Option<&'a Start>,
    ) -> Items<'a>
    where
        't: 'a,
    {
        let from = start.map(|start| Bound::Included(&start.range));
        let bounds = span.bounds(forward, from);
        let places = index.partitions.get(&span.hash).into_iter();
        let keys = places
            .flat_map(move |places| directed(places.range(bounds), forward))
            .flat_map(move |(range, keys)| {
                let rest = match start.filter(|start| start.range == *range) {
                    None => (Bound::Unbounded, Bound::Unbounded),
                    Some(start) if forward => (Bound::Excluded(&start.key), Bound::Unbounded),
                    Some(start) => (Bound::Unbounded, Bound::Excluded(&start.key)),
                };
                directed(keys.range(rest), forward)
            });
        Box::new(keys.filter_map(move |key| self.table.find(key)))
    }
}

fn directed<'a, I>(items: I, forward: bool) -> Box<dyn Iterator<Item = I::Item> + 'a>
where
    I: DoubleEndedIterator + 'a,
{
    if forward {
        Box::new(items)
    } else {
        Box::new(items.rev())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::condition::Condition;
    use super::super::placeholders::{Names, Placeholders, Values};
    use super::super::value::{Attribute, Number};
    use super::*;

    #[test]
    fn a_page_of_a_large_table_takes_no_longer_than_of_a_small_one() {
        let schema = |hash: &str, range| Schema {
            hash: hash.into(),
            range,
        };
        let mut table = Table::new(schema("pk", Some("sk".into())));
        table.add_index(Index::new("BySeal", schema("seal", None), Projection::All));
        let text = |text: &str| Attribute::S(text.to_owned());
        let item = |number: i64| -> Item {
            let sk = text(&format!("{number:06}"));
            [("pk", text("t")), ("sk", sk), ("seal", text("s"))]
                .into_iter()
                .chain([("number", Attribute::N(Number::from(number)))])
                .map(|(name, value)| (name.to_owned(), value))
                .collect()
        };
        for number in 0..100_000 {
            let item = item(number);
            let key = table.schema.key_of(&item).unwrap();
            table.set(key, Some(item));
        }
        let names = Names::new();
        let values: Values = [(":s".to_owned(), text("s"))].into();
        let placeholders = Placeholders::new(&names, &values);
        let condition = Condition::parse("seal = :s", &placeholders).unwrap();
        let index = table.index("BySeal").unwrap();
        let view = View {
            table: &table,
            index: Some(index),
        };
        let span = Span::of(view.schema(), &condition).unwrap();
        let began = Instant::now();
        for number in (1..100_000).step_by(50) {
            let start = view.start(&view.place(&item(number)), &span).unwrap();
            let next = view.items(&span, true, Some(&start)).next();
            assert_eq!(next, Some(&item(number + 1)).filter(|_| number < 99_999));
            let before = view.items(&span, false, Some(&start)).next();
            assert_eq!(before, Some(&item(number - 1)));
        }
        // It takes some milliseconds, and minutes if each page looks at the whole table.
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}
