//! What else has to go, or to change, because of what goes and changes: views over a column that gets another type,
//! defaults that call a function that is made again.

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
                Class::Column => self.shake(key, ties),
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
                    || is_foreign_key && ties.needs.iter().any(goes_or_is_shaken)
            }
            _ => is_retyped || ties.needs.iter().any(goes_or_is_shaken),
        }
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
