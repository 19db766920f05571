//! What else has to go, or to change, because of what goes and changes: views over a column that gets another type,
//! defaults that call a function that is made again.

use super::altering::{CASCADES, is_valid_alone};
use super::plan::{Fate, Plan, owner, table};
use super::text::column;
use crate::catalog::{Class, Key, Ties};

impl Plan<'_> {
    /// One round of what follows; whether anything did.
    pub(super) fn spread(&mut self) -> bool {
        let mut changed = false;
        let found = self.found;
        for (key, ties) in &found.ties {
            if self.goes(key) || !found.objects.contains_key(key) {
                continue;
            }
            changed |= match key.class {
                Class::Domain => self.put_aside(key, ties),
                Class::Column => self.shake(key, ties) | self.follow(key),
                Class::Table => self.loses_parents(key),
                Class::Constraint => self.loses_validity(key, ties),
                Class::CompositeType => self.has_other_attributes(key, ties),
                _ => false,
            };
            if self.has_to_go(key, ties) && self.fates.get(key) != Some(&Fate::Make) {
                self.let_go(key);
                changed = true;
            }
        }
        changed
    }

    /// Whether an object cannot stay where it is.
    fn has_to_go(&self, key: &Key, ties: &Ties) -> bool {
        let goes = |need: &Key| self.goes(need);
        let goes_or_is_shaken = |need: &Key| self.goes(need) || self.is_shaken(need);
        let is_retyped = ties.needs.iter().any(|need| self.retyped.contains(need));
        match key.class {
            Class::Schema
            | Class::Extension
            | Class::Collation
            | Class::Enum
            | Class::Domain
            | Class::CompositeType
            | Class::RangeType => false,
            // That of an identity column goes with the column; another one only loses its owner.
            Class::Sequence => {
                let of = self.found_fact(key, "identity of").map(column);
                of.is_some_and(|of| self.goes(&of))
            }
            Class::Table => {
                let mut parents = Self::parents(self.found, &key.name).into_iter();
                let is_partition = self.found_fact(key, "partition bound").is_some();
                is_partition && parents.any(|parent| self.goes(&table(&parent)))
                    || self.has_shaken_key(key)
                    || self.found_fact(key, "of type").is_some() && ties.needs.iter().any(goes)
            }
            Class::Column => {
                let of = owner(self.found, key);
                let is_generated = self.found_fact(key, "generated").is_some();
                let needs = || ties.default_needs.iter().chain(&ties.needs);
                of.is_some_and(|of| self.goes(&of))
                    || is_generated
                        && needs().any(|need| {
                            need.class != Class::Table
                                && (goes_or_is_shaken(need) || self.retyped.contains(need))
                        })
            }
            // PostgreSQL makes them again itself when a column gets another type, except for foreign keys, whose
            // other end may get its new type later.
            Class::Index | Class::Constraint | Class::Statistics => {
                let definition = self.found_fact(key, "definition").unwrap_or_default();
                let is_foreign_key = definition.starts_with("FOREIGN KEY");
                is_retyped
                    || ties.needs.iter().any(goes)
                    || ties
                        .needs
                        .iter()
                        .any(|need| need.class == Class::CompositeType && self.is_shaken(need))
                    // What PostgreSQL makes again loses its target.
                    || key.class == Class::Statistics
                        && self.found_fact(key, "target").is_some()
                        && ties.needs.iter().any(goes_or_is_shaken)
                    || is_foreign_key && ties.needs.iter().any(goes_or_is_shaken)
            }
            _ => is_retyped || ties.needs.iter().any(goes_or_is_shaken),
        }
    }

    /// A table that has to take its parents again is altered.
    fn loses_parents(&mut self, key: &Key) -> bool {
        let parents = Self::parents(self.found, &key.name);
        let stays = self.fate(key).is_none() && self.links(&key.name) != parents;
        if stays {
            self.fates.insert(key.clone(), Fate::Alter);
        }
        stays
    }

    /// A check that PostgreSQL makes again as the one that it inherits is, which is not validated.
    fn loses_validity(&mut self, key: &Key, ties: &Ties) -> bool {
        let is_shaken = ties.needs.iter().any(|need| self.is_shaken(need));
        let loses = is_shaken && self.fate(key).is_none() && is_valid_alone(self, key);
        if loses {
            self.fates.insert(key.clone(), Fate::Alter);
        }
        loses
    }

    /// A composite type with an attribute whose type is made again is altered.
    fn has_other_attributes(&mut self, key: &Key, ties: &Ties) -> bool {
        let is_retyped = ties.needs.iter().any(|need| self.retyped.contains(need));
        let stays = is_retyped && self.fate(key).is_none();
        if stays {
            self.fates.insert(key.clone(), Fate::Alter);
        }
        stays
    }

    /// A column that stays as it is has to be looked at when one that it comes from does not.
    fn follow(&mut self, key: &Key) -> bool {
        let parents = self.of_links(self.found, key);
        let mut changed = false;
        for parent in parents {
            let (was, is) = (
                self.found.objects.get(&parent),
                self.wanted.objects.get(&parent),
            );
            let differs = |name: &&str| {
                was.and_then(|facts| facts.get(*name)) != is.and_then(|facts| facts.get(*name))
            };
            if self.defaults_dropped.contains(&parent)
                && self.found_fact(key, "default").is_some()
                && self.found_fact(key, "generated").is_none()
            {
                changed |= self.defaults_dropped.insert(key.clone());
            }
            let cascades = CASCADES.iter().any(differs) || self.defaults_dropped.contains(key);
            if is.is_some() && cascades && !self.fates.contains_key(key) {
                self.fates.insert(key.clone(), Fate::Alter);
                changed = true;
            }
        }
        changed
    }

    fn let_go(&mut self, key: &Key) {
        let is_wanted = self.wanted.objects.contains_key(key);
        let fate = if is_wanted { Fate::Remake } else { Fate::Drop };
        // What got another name goes with its old one, and is made with its new one.
        let renamed = self.renamed.iter().find(|(_, old)| *old == key);
        if let Some(new) = renamed.map(|(new, _)| new.clone()) {
            self.renamed.remove(&new);
            self.fates.insert(new, Fate::Make);
        }
        self.fates.insert(key.clone(), fate);
    }

    /// A domain over a type that is made again is made again as well.
    fn put_aside(&mut self, key: &Key, ties: &Ties) -> bool {
        let is_retyped = ties.needs.iter().any(|need| self.retyped.contains(need));
        let is_wanted = self.wanted.objects.contains_key(key);
        if !is_retyped || !is_wanted || !self.retyped.insert(key.clone()) {
            return false;
        }
        self.fates.insert(key.clone(), Fate::Make);
        true
    }

    /// A column stays, but its default may be in the way, or its type be made again.
    fn shake(&mut self, key: &Key, ties: &Ties) -> bool {
        if self.found_fact(key, "generated").is_some() {
            return false;
        }
        let is_retyped = ties.needs.iter().any(|need| self.retyped.contains(need));
        let mut needs = ties.default_needs.iter();
        let is_in_the_way = needs.any(|need| self.goes(need) || self.retyped.contains(need))
            || self.is_shaken(key)
            || is_retyped;
        let drops = is_in_the_way && self.found_fact(key, "default").is_some();
        let mut changed = drops && self.defaults_dropped.insert(key.clone());
        if (drops || is_retyped) && !self.fates.contains_key(key) {
            self.fates.insert(key.clone(), Fate::Alter);
            changed = true;
        }
        changed
    }
}
