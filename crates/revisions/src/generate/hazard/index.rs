//! What making, dropping and renaming an index does to those who use its table meanwhile.

use super::walk::{Effect, Walk, name, table_of};
use super::{Hazard, LockMode};
use crate::catalog::Class;
use crate::generate::text::{fact, schema};

impl Walk<'_> {
    pub(super) fn create_index(&mut self, rest: &str) -> Vec<Hazard> {
        self.on_all(table_of(rest), LockMode::Share, Effect::Scans)
    }

    pub(super) fn create_index_concurrently(&mut self, rest: &str) -> Vec<Hazard> {
        let lock = LockMode::ShareUpdateExclusive;
        self.on(table_of(rest), lock, Effect::Scans)
    }

    pub(super) fn drop_index(&mut self, index: &str) -> Vec<Hazard> {
        let table = self.table_of_index(index);
        self.on_all(&table, LockMode::AccessExclusive, Effect::Locks)
    }

    pub(super) fn drop_index_concurrently(&mut self, index: &str) -> Vec<Hazard> {
        let table = self.table_of_index(index);
        self.on(&table, LockMode::ShareUpdateExclusive, Effect::Locks)
    }

    /// Another name or other storage parameters are in nobody's way.
    pub(super) fn alter_index(&mut self, rest: &str) -> Vec<Hazard> {
        let (index, action) = name(rest);
        if let Some(new) = action.strip_prefix("rename to ") {
            let new = format!("{}.{new}", schema(index));
            self.aside.insert(new, index.to_owned());
        }
        Vec::new()
    }

    fn table_of_index(&self, index: &str) -> String {
        let index = self.aside.get(index).map_or(index, String::as_str);
        let facts = self.plan.found.get(Class::Index, index);
        let table = facts.and_then(|facts| fact(facts, "table"));
        table.unwrap_or_default().to_owned()
    }
}
