//! Watches that every request to DynamoDB names its partitions, and only such as it may name.
//!
//! It looks at what is sent, whether it is carried out or not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::TenantId;

use super::dynamodb::Access;
use super::shared::Shared;

/// What the partition keys of a table are.
#[derive(Debug, Clone, Copy)]
pub enum Partition {
    /// Tenants; only those of the call, where [`super::Cloud::only_tenants`] says which.
    Tenant,
    /// Texts of which this is true.
    Named(fn(&str) -> bool),
}

/// Which tables and indexes there are to name, and what in them. All else is a violation.
#[derive(Debug, Default)]
pub struct Rules {
    tables: BTreeMap<String, Partition>,
    indexes: BTreeMap<(String, String), Reader>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Reader {
    Anyone,
    Operator,
}

impl Rules {
    /// With a table.
    #[must_use]
    pub fn table(mut self, name: &str, partition: Partition) -> Self {
        self.tables.insert(name.to_owned(), partition);
        self
    }

    /// With an index for everybody, whose partition keys are what the table's are.
    #[must_use]
    pub fn index(self, table: &str, name: &str) -> Self {
        self.read_by(Reader::Anyone, table, name)
    }

    /// With an index across partitions, for the operator's commands only; see [`super::Cloud::as_operator`].
    #[must_use]
    pub fn operators_index(self, table: &str, name: &str) -> Self {
        self.read_by(Reader::Operator, table, name)
    }

    fn read_by(mut self, reader: Reader, table: &str, name: &str) -> Self {
        let index = (table.to_owned(), name.to_owned());
        self.indexes.insert(index, reader);
        self
    }
}

/// The rules, who is at work, and what was found.
#[derive(Debug)]
pub(super) struct Watch {
    rules: Rules,
    scopes: BTreeMap<u64, BTreeSet<String>>,
    opened: u64,
    operators: usize,
    pub(super) violations: Vec<String>,
}

impl Watch {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            scopes: BTreeMap::new(),
            opened: 0,
            operators: 0,
            violations: Vec::new(),
        }
    }

    /// Takes note of a request if it is a violation.
    pub(super) fn see(&mut self, operation: &str, named: Result<Vec<Access>, String>) {
        let found = match named {
            Err(reason) => vec![reason],
            Ok(named) => named
                .iter()
                .filter_map(|access| self.objection(access))
                .collect(),
        };
        let told = found
            .into_iter()
            .map(|reason| format!("{operation}: {reason}"));
        self.violations.extend(told);
    }

    fn objection(&self, access: &Access) -> Option<String> {
        let Access {
            table,
            index,
            partition,
        } = access;
        let Some(rule) = self.rules.tables.get(table) else {
            return Some(format!("no table to be named: {table}"));
        };
        let place = match index {
            Some(index) => format!("{table}/{index}"),
            None => table.clone(),
        };
        let reader = match index {
            None => Reader::Anyone,
            Some(index) => match self.rules.indexes.get(&(table.clone(), index.clone())) {
                Some(reader) => *reader,
                None => return Some(format!("no index to be named: {place}")),
            },
        };
        if reader == Reader::Operator && self.operators == 0 {
            return Some(format!("{place} is for operators"));
        }
        let fits = match rule {
            _ if reader == Reader::Operator => true,
            Partition::Tenant => is_tenant(partition),
            Partition::Named(is_one) => is_one(partition),
        };
        if !fits {
            return Some(format!("no partition of {place}: {partition:?}"));
        }
        let foreign = matches!(rule, Partition::Tenant)
            && self.scopes.values().any(|scope| !scope.contains(partition));
        foreign.then(|| format!("no tenant of this call: {partition:?} in {place}"))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "asks whether a text has the form; no tenant comes of it"
)]
fn is_tenant(text: &str) -> bool {
    TenantId::from_trusted_source(text).is_ok() || text == TenantId::platform().as_str()
}

/// While it lives, only these tenants may be named; see [`super::Cloud::only_tenants`].
#[must_use = "the scope ends when this is dropped"]
#[derive(Debug)]
pub struct TenantScope {
    shared: Arc<Shared>,
    number: u64,
}

impl TenantScope {
    pub(super) fn open(shared: Arc<Shared>, tenants: BTreeSet<String>) -> Self {
        let number = shared.watched(|watch| {
            watch.opened += 1;
            watch.scopes.insert(watch.opened, tenants);
            watch.opened
        });
        Self { shared, number }
    }
}

impl Drop for TenantScope {
    fn drop(&mut self) {
        self.shared
            .watched(|watch| watch.scopes.remove(&self.number));
    }
}

/// While it lives, an operator is at work; see [`super::Cloud::as_operator`].
#[must_use = "the operator's work ends when this is dropped"]
#[derive(Debug)]
pub struct OperatorScope {
    shared: Arc<Shared>,
}

impl OperatorScope {
    pub(super) fn open(shared: Arc<Shared>) -> Self {
        shared.watched(|watch| watch.operators += 1);
        Self { shared }
    }
}

impl Drop for OperatorScope {
    fn drop(&mut self) {
        self.shared.watched(|watch| watch.operators -= 1);
    }
}
