//! What has to happen to each object: what can be altered, what has to be dropped and made again, and what else has to
//! go because it needs that (`spread.rs`). How it is written is not known here.

use std::collections::{BTreeMap, BTreeSet};

use super::kinship::{can_be_altered, signature};
use super::text::{fact, last};
use super::types;
use crate::catalog::{Catalog, Class, Key, without_last};
use crate::lexer::Lexer;

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is made.
    Make,
    /// It is dropped.
    Drop,
    /// It is dropped and made again.
    Remake,
    /// It is altered where it is.
    Alter,
}

pub(super) struct Plan<'a> {
    pub(super) found: &'a Catalog,
    pub(super) wanted: &'a Catalog,
    pub(super) fates: BTreeMap<Key, Fate>,
    /// Constraints, indexes and sequences that have another name: the new one, and the old one.
    pub(super) renamed: BTreeMap<Key, Key>,
    /// Types that are put aside, made again, and dropped when no column has them any more.
    pub(super) retyped: BTreeSet<Key>,
    /// Columns whose default is dropped first.
    pub(super) defaults_dropped: BTreeSet<Key>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(found: &'a Catalog, wanted: &'a Catalog) -> Self {
        let mut plan = Self {
            found,
            wanted,
            fates: BTreeMap::new(),
            renamed: BTreeMap::new(),
            retyped: BTreeSet::new(),
            defaults_dropped: BTreeSet::new(),
        };
        let keys: BTreeSet<&Key> = found.objects.keys().chain(wanted.objects.keys()).collect();
        // What is known by its description only is left to people, as the difference that stays will tell. Default
        // privileges need nothing, and are set when all else is done.
        let is_planned = |key: &&Key| !matches!(key.class, Class::Other | Class::DefaultPrivileges);
        for key in keys.into_iter().filter(is_planned) {
            let fate = match (found.objects.get(key), wanted.objects.get(key)) {
                (None, Some(_)) => Fate::Make,
                (Some(_), None) => Fate::Drop,
                (Some(found), Some(wanted)) if found == wanted => continue,
                (Some(found), Some(wanted)) => match can_be_altered(key, found, wanted) {
                    true => Fate::Alter,
                    false if types::can_be_put_aside(key.class) => {
                        plan.retyped.insert(key.clone());
                        Fate::Make
                    }
                    false => Fate::Remake,
                },
                (None, None) => continue,
            };
            plan.fates.insert(key.clone(), fate);
        }
        plan.find_renamed();
        plan.find_contained();
        while plan.spread() {}
        plan
    }

    pub(super) fn fates(&self) -> impl Iterator<Item = (&Key, &Fate)> {
        self.fates.iter()
    }

    pub(super) fn fate(&self, key: &Key) -> Option<Fate> {
        self.fates.get(key).copied()
    }

    /// Whether it is dropped, to be made again or not.
    pub(super) fn goes(&self, key: &Key) -> bool {
        matches!(self.fate(key), Some(Fate::Drop | Fate::Remake))
    }

    /// Whether it is new, or made again.
    pub(super) fn comes(&self, key: &Key) -> bool {
        matches!(self.fate(key), Some(Fate::Make | Fate::Remake))
    }

    pub(super) fn found_fact(&self, key: &Key, name: &str) -> Option<&'a str> {
        fact(self.found.objects.get(key)?, name)
    }

    pub(super) fn wanted_fact(&self, key: &Key, name: &str) -> Option<&'a str> {
        fact(self.wanted.objects.get(key)?, name)
    }

    pub(super) fn position(&self, key: &Key) -> i32 {
        self.wanted.ties.get(key).map_or(0, |ties| ties.position)
    }

    /// What has to be there before an object can be made or altered to what is wanted.
    pub(super) fn needs_when_made(&self, key: &Key) -> impl Iterator<Item = &'a Key> {
        let ties = self.wanted.ties.get(key);
        let needs = ties.map(|ties| ties.needs.iter().chain(&ties.default_needs));
        // A sequence that belongs to a column is there before it, and gets its owner later.
        let is_sequence = key.class == Class::Sequence;
        let of_sequence = |need: &Key| matches!(need.class, Class::Column | Class::Table);
        needs
            .into_iter()
            .flatten()
            .filter(move |need| !(is_sequence && of_sequence(need)))
    }

    /// The object in whose statement another is made: the table of a new column.
    pub(super) fn carrier(&self, key: &Key) -> Key {
        match owner(self.wanted, key) {
            Some(owner) if self.is_inline(key, &owner) => owner,
            _ => key.clone(),
        }
    }

    /// Whether an object is made in the statement that makes its owner.
    pub(super) fn is_inline(&self, key: &Key, owner: &Key) -> bool {
        if !self.comes(owner) || !matches!(owner.class, Class::Table | Class::Domain) {
            return false;
        }
        match key.class {
            Class::Column => true,
            Class::Constraint => {
                let definition = self.wanted_fact(key, "definition").unwrap_or_default();
                // A check may call a function that takes a row of the table.
                let calls = self
                    .needs_when_made(key)
                    .any(|need| self.comes(need) && matches!(need.class, Class::Function));
                !definition.starts_with("FOREIGN KEY")
                    && !definition.ends_with("NOT VALID")
                    && !calls
            }
            _ => false,
        }
    }

    /// An equal constraint, index or sequence under another name is the same one.
    fn find_renamed(&mut self) {
        let with = |fate: Fate| {
            let fates = self.fates.iter().filter(move |(_, is)| **is == fate);
            fates.map(|(key, _)| key.clone()).collect::<Vec<_>>()
        };
        let (gone, mut new) = (with(Fate::Drop), with(Fate::Make));
        let mut renamed = Vec::new();
        for old in gone {
            let Some(signature) = signature(self.found, &old) else {
                continue;
            };
            let is_same =
                |key: &Key| self::signature(self.wanted, key).as_ref() == Some(&signature);
            if let Some(at) = new.iter().position(is_same) {
                renamed.push((new.remove(at), old));
            }
        }
        for (new, old) in renamed {
            self.fates.remove(&old);
            self.fates.insert(new.clone(), Fate::Alter);
            self.renamed.insert(new, old);
        }
    }

    /// A domain that arrays in tables are made of takes no new constraint; such a one is made again.
    fn find_contained(&mut self) {
        let stricter = |(key, fate): (&Key, &Fate)| match (key.class, fate) {
            (Class::Constraint, Fate::Make | Fate::Remake) => Some(Key {
                class: Class::Domain,
                name: without_last(&key.name).to_owned(),
            }),
            (Class::Domain, Fate::Alter) => {
                let is_strict = |facts: Option<&str>| facts.is_some();
                let becomes_strict = is_strict(self.wanted_fact(key, "not null"))
                    && !is_strict(self.found_fact(key, "not null"));
                becomes_strict.then(|| key.clone())
            }
            _ => None,
        };
        let is_contained = |domain: &Key| {
            let array = format!("{}[]", domain.name);
            self.found.objects.iter().any(|(key, facts)| {
                key.class == Class::Column && fact(facts, "type") == Some(&array)
            })
        };
        let domains = self.fates.iter().filter_map(stricter);
        let both = domains.filter(|domain| {
            self.found.objects.contains_key(domain) && self.wanted.objects.contains_key(domain)
        });
        let contained: Vec<Key> = both.filter(is_contained).collect();
        for domain in contained {
            self.fates.insert(domain.clone(), Fate::Make);
            self.retyped.insert(domain);
        }
    }

    /// Whether the partition key of a table has a column whose type changes.
    pub(super) fn has_shaken_key(&self, key: &Key) -> bool {
        let Some(by) = self.found_fact(key, "partition by") else {
            return false;
        };
        let tokens: Vec<&str> = Lexer::new(by, 0).map(|token| token.text(by)).collect();
        let columns = self
            .found
            .objects
            .keys()
            .filter(|part| part.class == Class::Column && without_last(&part.name) == key.name);
        let of_key = columns.filter(|part| tokens.contains(&last(&part.name)));
        of_key.into_iter().any(|part| self.is_shaken(part))
    }

    /// Whether the type of a column changes, or a composite type loses what others may use.
    pub(super) fn is_shaken(&self, key: &Key) -> bool {
        if key.class == Class::CompositeType {
            return self.fate(key) == Some(Fate::Alter) && types::loses_attributes(self, key);
        }
        if key.class != Class::Column || self.goes(key) {
            return false;
        }
        let types = (self.found_fact(key, "type"), self.wanted_fact(key, "type"));
        let collations = (
            self.found_fact(key, "collation"),
            self.wanted_fact(key, "collation"),
        );
        let is_both = types.0.is_some() && types.1.is_some();
        is_both && (types.0 != types.1 || collations.0 != collations.1 || self.has_retyped(key))
    }

    /// Whether the type of a column is made again.
    pub(super) fn has_retyped(&self, key: &Key) -> bool {
        let ties = self.found.ties.get(key);
        ties.is_some_and(|ties| ties.needs.iter().any(|need| self.retyped.contains(need)))
    }
}

/// The key of a table.
pub(super) fn table(name: &str) -> Key {
    Key {
        class: Class::Table,
        name: name.to_owned(),
    }
}

/// The relation or domain that an object is a part of, and is dropped with.
pub(super) fn owner(catalog: &Catalog, key: &Key) -> Option<Key> {
    let name = match key.class {
        Class::Index => fact(catalog.objects.get(key)?, "table")?,
        Class::Column | Class::Constraint | Class::Trigger | Class::Rule | Class::Policy => {
            without_last(&key.name)
        }
        _ => return None,
    };
    let classes = [
        Class::Table,
        Class::View,
        Class::MaterializedView,
        Class::Domain,
        Class::CompositeType,
    ];
    let mut keys = classes.into_iter().map(|class| Key {
        class,
        name: name.to_owned(),
    });
    keys.find(|key| catalog.objects.contains_key(key))
}
