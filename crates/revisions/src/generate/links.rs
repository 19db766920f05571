//! Which parents a table has and keeps, and the type that it follows: what is changed there is changed in it as well.

use super::plan::{Plan, table};
use super::text::{fact, last};
use crate::catalog::{Catalog, Class, Key, without_last};

impl<'a> Plan<'a> {
    /// The parents of a table that pass on to it what is changed about them: those that it keeps, or is made with. PostgreSQL
    /// knows in which order it has them; those behind one that is not kept are given up and taken again.
    pub(super) fn links(&self, name: &str) -> Vec<String> {
        let new = Self::parents(self.wanted, name);
        let key = table(name);
        if self.comes(&key) {
            return new;
        }
        let old = Self::parents(self.found, name);
        // A partition with other bounds makes place for others first.
        let bound = |catalog: &'a Catalog| fact(catalog.objects.get(&key)?, "partition bound");
        if bound(self.found) != bound(self.wanted) {
            return Vec::new();
        }
        let kept = old.into_iter().zip(new);
        let kept = kept.take_while(|(old, new)| old == new && !self.goes(&table(old)));
        kept.map(|(old, _)| old).collect()
    }

    /// The objects, in `catalog`, of the parents that pass on their changes to this part of a table.
    pub(super) fn of_links(&self, catalog: &Catalog, key: &Key) -> Vec<Key> {
        let links = self.links(without_last(&key.name)).into_iter();
        let links = links.map(|parent| Key {
            class: key.class,
            name: format!("{parent}.{}", last(&key.name)),
        });
        let links = links.filter(|key| catalog.objects.contains_key(key));
        links.collect()
    }

    /// The composite type whose changes a typed table follows.
    pub(super) fn followed_type(&self, name: &str) -> Option<Key> {
        let key = table(name);
        let of = self.wanted_fact(&key, "of type")?;
        let same = self.found_fact(&key, "of type") == Some(of) && !self.goes(&key);
        same.then(|| Key {
            class: Class::CompositeType,
            name: of.to_owned(),
        })
    }

    /// What a table needs before it takes its parents: all columns on both sides, and what a partition has to have.
    pub(super) fn before_link(&self, key: &Key) -> Vec<Key> {
        let parents = Self::parents(self.wanted, &key.name);
        let is_partition = self.wanted_fact(key, "partition bound").is_some();
        let all = self.fates.keys().filter(|part| {
            let of = without_last(&part.name);
            let is_own = of == key.name;
            let is_of_parent = parents.iter().any(|parent| parent == of);
            match part.class {
                Class::Column => is_own || is_of_parent,
                Class::Constraint => is_partition && is_own,
                _ => false,
            }
        });
        let all = all.map(|part| self.carrier(part));
        all.chain(parents.iter().map(|parent| table(parent)))
            .collect()
    }

    /// The table that a table inherits from.
    pub(super) fn parents(catalog: &Catalog, table: &str) -> Vec<String> {
        let facts = catalog.get(Class::Table, table);
        let list = facts.and_then(|facts| fact(facts, "inherits"));
        let list = list.map(super::text::items).unwrap_or_default();
        list.into_iter().map(str::to_owned).collect()
    }

    /// The objects of the parents, in `catalog`, that have the same last name as this part of a table.
    pub(super) fn of_parents(catalog: &Catalog, key: &Key) -> Vec<Key> {
        let parents = Self::parents(catalog, without_last(&key.name));
        let parents = parents.into_iter().map(|parent| Key {
            class: key.class,
            name: format!("{parent}.{}", last(&key.name)),
        });
        parents
            .filter(|key| catalog.objects.contains_key(key))
            .collect()
    }
}
