//! What `alter table` does to those who use the table meanwhile.

use super::walk::{Effect, Walk, name, referenced};
use super::{Hazard, LockMode};
use crate::catalog::{Catalog, Class, Facts, Key, without_last};
use crate::generate::column::check_name;
use crate::generate::text::fact;
use crate::lexer::{Kind, Lexer};

impl Walk<'_> {
    pub(super) fn alter_table(&mut self, rest: &str) -> Vec<Hazard> {
        use Effect::{Locks, Rewrites, Scans};
        use LockMode::{AccessExclusive, ShareRowExclusive, ShareUpdateExclusive};
        let (table, action) = name(rest.trim_start_matches("only "));
        let after = |start: &str| action.strip_prefix(start);
        if let Some(rest) = after("add column ") {
            let column = format!("{table}.{}", name(rest).0);
            self.on_all(table, AccessExclusive, self.of_new_column(&column))
        } else if let Some(rest) = after("alter column ") {
            let (column, change) = name(rest);
            self.of_altered_column(table, column, change)
        } else if let Some(rest) = after("add constraint ") {
            self.of_new_constraint(table, rest)
        } else if let Some(rest) = after("validate constraint ") {
            let constraint = format!("{table}.{}", name(rest).0);
            self.proved.insert(constraint);
            self.on_all(table, ShareUpdateExclusive, Scans)
        } else if let Some(rest) = after("drop constraint ") {
            let constraint = name(rest.trim_start_matches("if exists ")).0;
            let mut all = self.on_all(table, AccessExclusive, Locks);
            let facts = self
                .plan
                .found
                .get(Class::Constraint, &format!("{table}.{constraint}"));
            let definition = facts.and_then(|facts| fact(facts, "definition"));
            if let Some(other) = definition.and_then(referenced) {
                all.extend(self.on_all(other, AccessExclusive, Locks));
            }
            all
        } else if let Some(rest) = after("attach partition ") {
            let partition = name(rest).0;
            let mut all = self.on(table, ShareUpdateExclusive, Locks);
            all.extend(self.on_all(partition, AccessExclusive, Scans));
            all.extend(self.ends_of_partition(table));
            all.extend(self.default_partition(table));
            all
        } else if let Some(rest) = after("detach partition ") {
            let partition = name(rest).0;
            let mut all = self.on(table, AccessExclusive, Locks);
            all.extend(self.on(partition, AccessExclusive, Locks));
            all.extend(self.ends_of_partition(table));
            all.extend(
                self.default_partition(table)
                    .into_iter()
                    .map(|hazard| Hazard {
                        scans: false,
                        ..hazard
                    }),
            );
            all
        } else if let Some(parent) = after("inherit ").or(after("no inherit ")) {
            let mut all = self.on(table, AccessExclusive, Locks);
            all.extend(self.on(name(parent).0, ShareUpdateExclusive, Locks));
            all
        } else if action.starts_with("set logged")
            || action.starts_with("set unlogged")
            || action.starts_with("set access method ")
        {
            self.on(table, AccessExclusive, Rewrites)
        } else if action.starts_with("set (")
            || action.starts_with("reset (")
            || action.starts_with("cluster on ")
            || action.starts_with("set without cluster")
        {
            self.on(table, ShareUpdateExclusive, Locks)
        } else if action.contains("able ") && action.contains("trigger ") {
            self.on_all(table, ShareRowExclusive, Locks)
        } else {
            // Another name, row level security, a rule, the replica identity.
            self.on_all(table, AccessExclusive, Locks)
        }
    }

    /// Whether a new column makes PostgreSQL write all rows anew, or look at them.
    fn of_new_column(&self, column: &str) -> Effect {
        let Some(facts) = self.plan.wanted.get(Class::Column, column) else {
            return Effect::Locks;
        };
        let is_stored = fact(facts, "generated kind") == Some("stored");
        let fills_each = fact(facts, "default").is_some_and(may_differ_by_row);
        let is_ruled = fact(facts, "type").is_some_and(|kind| self.is_ruled_domain(kind));
        if is_stored || facts.contains_key("identity") || fills_each || is_ruled {
            Effect::Rewrites
        } else if facts.contains_key("not null") && !facts.contains_key("default") {
            Effect::Scans
        } else {
            Effect::Locks
        }
    }

    /// Whether a type is a domain with rules, which each row is held against.
    fn is_ruled_domain(&self, kind: &str) -> bool {
        let catalog = self.plan.wanted;
        let Some(facts) = catalog.get(Class::Domain, kind) else {
            return false;
        };
        let own = |key: &Key| key.class == Class::Constraint && without_last(&key.name) == kind;
        let of = fact(facts, "type");
        facts.contains_key("not null")
            || facts.contains_key("default")
            || catalog.objects().any(|(key, _)| own(key))
            || of.is_some_and(|of| self.is_ruled_domain(of))
    }

    fn of_altered_column(&self, table: &str, column: &str, change: &str) -> Vec<Hazard> {
        use LockMode::{AccessExclusive, ShareUpdateExclusive};
        let key = Key {
            class: Class::Column,
            name: format!("{table}.{column}"),
        };
        if change.starts_with("type ") {
            let empty = Facts::new();
            let of = |catalog: &Catalog| {
                let facts = catalog.get(Class::Column, &key.name).unwrap_or(&empty);
                fact(facts, "type").unwrap_or_default().to_owned()
            };
            let (old, new) = (of(self.plan.found), of(self.plan.wanted));
            let is_stored_alike = is_stored_alike(&old, &new) && !self.plan.has_retyped(&key);
            let effect = match (is_stored_alike, self.has_index(&key)) {
                (false, _) => Effect::Rewrites,
                (true, true) => Effect::Scans,
                (true, false) => Effect::Locks,
            };
            let mut all = self.on_all(table, AccessExclusive, effect);
            // The foreign keys of this column, and those to it, are made again.
            all.extend(self.other_ends(&key));
            return all;
        }
        if change.starts_with("set not null") {
            let check = format!("{table}.{}", check_name(&key));
            let is_proved = self.proved.contains(&check);
            let effect = if is_proved {
                Effect::Locks
            } else {
                Effect::Scans
            };
            return self.on_all(table, AccessExclusive, effect);
        }
        let is_light = change.starts_with("set statistics ")
            || change.starts_with("set (")
            || change.starts_with("reset (");
        match is_light {
            true => self.on_all(table, ShareUpdateExclusive, Effect::Locks),
            false => self.on_all(table, AccessExclusive, Effect::Locks),
        }
    }

    /// Whether an index or a constraint is about a column.
    fn has_index(&self, column: &Key) -> bool {
        let mut all = self.plan.found.ties.iter();
        all.any(|(key, ties)| {
            matches!(key.class, Class::Index | Class::Constraint) && ties.needs.contains(column)
        })
    }

    /// The tables at the other ends of the foreign keys of a column.
    fn other_ends(&self, column: &Key) -> Vec<Hazard> {
        let all = self.plan.found.ties.iter();
        let keys =
            all.filter(|(key, ties)| key.class == Class::Constraint && ties.needs.contains(column));
        keys.flat_map(|(key, _)| {
            let facts = self.plan.found.objects.get(key);
            let definition = facts.and_then(|facts| fact(facts, "definition"));
            let other = definition.and_then(referenced);
            other.map_or_else(Vec::new, |other| {
                let mut all = self.on_all(other, LockMode::AccessExclusive, Effect::Scans);
                let own = without_last(&key.name);
                all.extend(self.on_all(own, LockMode::AccessExclusive, Effect::Scans));
                all
            })
        })
        .collect()
    }

    fn of_new_constraint(&self, table: &str, rest: &str) -> Vec<Hazard> {
        use LockMode::{AccessExclusive, ShareRowExclusive};
        let (_, definition) = name(rest);
        let is_checked =
            !definition.ends_with("not valid") && !definition.contains(" using index ");
        let effect = if is_checked {
            Effect::Scans
        } else {
            Effect::Locks
        };
        if let Some(other) = referenced(definition) {
            let mut all = self.on_all(table, ShareRowExclusive, effect);
            // Of a table that is new, there is no row to look for.
            let effect = if all.is_empty() {
                Effect::Locks
            } else {
                effect
            };
            all.extend(self.on_all(other, ShareRowExclusive, effect));
            return all;
        }
        self.on_all(table, AccessExclusive, effect)
    }
}

/// Whether a default may be another one for each row; PostgreSQL then cannot keep it once for all. A function that is not
/// known to be stable is held to be volatile.
pub(crate) fn may_differ_by_row(default: &str) -> bool {
    const STABLE: [&str; 6] = [
        "now",
        "transaction_timestamp",
        "statement_timestamp",
        "current_setting",
        "timezone",
        "current_schema",
    ];
    let tokens: Vec<_> = Lexer::new(default, 0).collect();
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text(default));
    let is_name = |at: usize| {
        let kind = tokens.get(at).map(|token| token.kind);
        matches!(kind, Some(Kind::Word | Kind::QuotedName))
    };
    (1..tokens.len()).any(|at| {
        let is_call = text(at) == "(" && is_name(at - 1);
        let before = at.checked_sub(2).map_or("", text);
        let is_stable = STABLE.contains(&text(at - 1)) && before != ".";
        // A type in a cast, `character varying(10)`, has brackets as well.
        let first = (0..at).rev().take_while(|&at| is_name(at)).last();
        let is_cast = first
            .and_then(|first| first.checked_sub(1))
            .map_or("", text)
            == "::";
        is_call && !is_cast && !is_stable
    })
}

/// Whether values of the one type are stored as those of the other, so that no row has to be written.
fn is_stored_alike(old: &str, new: &str) -> bool {
    if old.ends_with("[]") || new.ends_with("[]") {
        return old == new;
    }
    let parts = |text: &str| -> (String, Vec<i64>) {
        let (base, inner) = text.split_once('(').unwrap_or((text, ""));
        let numbers = inner.trim_end_matches(')').split(',');
        let numbers = numbers.filter_map(|number| number.trim().parse().ok());
        (base.trim().to_owned(), numbers.collect())
    };
    let ((old_base, old_limits), (new_base, new_limits)) = (parts(old), parts(new));
    let is_text = |base: &str| base == "text" || base == "character varying";
    match (old_limits.as_slice(), new_limits.as_slice()) {
        _ if old == new => true,
        (_, []) => {
            is_text(&old_base) && is_text(&new_base)
                || old_base == new_base && new_base == "numeric"
        }
        ([old], [new]) => old_base == new_base && old_base == "character varying" && new >= old,
        ([old, scale], [new, new_scale]) => {
            old_base == "numeric" && new_base == "numeric" && new >= old && scale == new_scale
        }
        _ => false,
    }
}
