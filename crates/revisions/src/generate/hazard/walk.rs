//! The walk along the statements, which knows what each kind of them touches. What `alter table` does is in
//! `alter_table.rs`, what is done about indexes in `index.rs`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Hazard, LockMode};
use crate::catalog::{Class, Key, without_last};
use crate::generate::plan::Plan;
use crate::generate::text::{fact, items};
use crate::lexer::{Kind, Lexer, Token};

/// Looks at what follows the beginning of a statement.
type Look<W> = fn(&mut W, &str) -> Vec<Hazard>;

/// The effects of one statement on one table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Locks,
    Scans,
    Rewrites,
}

/// The walk along the steps, with what earlier ones have done.
pub(super) struct Walk<'a> {
    pub(super) plan: &'a Plan<'a>,
    /// Tables that are gone; another of the same name is new, and in nobody's use.
    pub(super) dropped: BTreeSet<String>,
    /// Checks that were validated, by which PostgreSQL knows that a column has no null.
    pub(super) proved: BTreeSet<String>,
    /// Indexes that were put aside, by the name that they have now.
    pub(super) aside: BTreeMap<String, String>,
}

impl Walk<'_> {
    /// The statements that touch what others use, by their beginning. The rest makes something new, or only what has no rows.
    const STATEMENTS: [(&'static str, Look<Self>); 29] = [
        ("alter table ", Self::alter_table),
        ("alter foreign table ", Self::alter_table),
        ("alter view ", Self::alter_view),
        ("alter materialized view ", Self::alter_view),
        ("alter domain ", Self::alter_domain),
        ("alter type ", Self::alter_type),
        ("alter policy ", Self::policy),
        (
            "create index concurrently ",
            Self::create_index_concurrently,
        ),
        (
            "create unique index concurrently ",
            Self::create_index_concurrently,
        ),
        ("create index ", Self::create_index),
        ("create unique index ", Self::create_index),
        ("create table ", Self::create_table),
        ("create trigger ", Self::create_trigger),
        ("create constraint trigger ", Self::create_trigger),
        ("create rule ", Self::create_rule),
        ("create policy ", Self::policy),
        ("create statistics ", Self::create_statistics),
        ("create publication ", Self::create_publication),
        ("drop table ", Self::drop_table),
        ("drop foreign table ", Self::drop_table),
        ("drop view ", Self::drop_view),
        ("drop materialized view ", Self::drop_view),
        ("drop index concurrently ", Self::drop_index_concurrently),
        ("drop index ", Self::drop_index),
        ("alter index ", Self::alter_index),
        ("drop trigger ", Self::policy),
        ("drop rule ", Self::policy),
        ("drop policy ", Self::policy),
        ("drop statistics ", Self::drop_statistics),
    ];

    pub(super) fn of(&mut self, sql: &str) -> Vec<Hazard> {
        let sql = sql.trim_end_matches(';');
        let mut all = match sql.strip_prefix("comment on ") {
            Some(rest) => self.comment(rest),
            None => {
                let mut looks = Self::STATEMENTS.iter();
                let found = looks.find_map(|(start, look)| Some((look, sql.strip_prefix(start)?)));
                found.map_or_else(Vec::new, |(look, rest)| look(self, rest))
            }
        };
        all.sort();
        all.dedup();
        all
    }

    /// A hazard of a relation that is there; nothing if it is new.
    pub(super) fn on(&self, relation: &str, lock: LockMode, effect: Effect) -> Vec<Hazard> {
        let is = |class| self.plan.found.get(class, relation).is_some();
        let is_there = is(Class::Table) || is(Class::MaterializedView) || is(Class::View);
        if !is_there || self.dropped.contains(relation) {
            return Vec::new();
        }
        vec![Hazard {
            relation: relation.to_owned(),
            lock,
            scans: effect == Effect::Scans,
            rewrites: effect == Effect::Rewrites,
        }]
    }

    /// The same of a table and of all that inherit from it.
    pub(super) fn on_all(&self, relation: &str, lock: LockMode, effect: Effect) -> Vec<Hazard> {
        let mut all = self.on(relation, lock, effect);
        for (key, _) in self.plan.found.objects() {
            let is_heir = key.class == Class::Table
                && Plan::parents(self.plan.found, &key.name)
                    .iter()
                    .any(|parent| parent == relation);
            if is_heir {
                all.extend(self.on_all(&key.name, lock, effect));
            }
        }
        all
    }

    /// The tables that the foreign keys of a table refer to.
    fn referenced_by(&self, table: &str) -> Vec<String> {
        let all = self.plan.found.objects();
        let own = all
            .filter(|(key, _)| key.class == Class::Constraint && without_last(&key.name) == table);
        own.filter_map(|(_, facts)| referenced(fact(facts, "definition")?))
            .map(str::to_owned)
            .collect()
    }

    fn drop_table(&mut self, table: &str) -> Vec<Hazard> {
        let mut related = vec![table.to_owned()];
        related.extend(Plan::parents(self.plan.found, table));
        let lock = LockMode::AccessExclusive;
        let all = related
            .iter()
            .flat_map(|it| self.on(it, lock, Effect::Locks));
        let mut all: Vec<Hazard> = all.collect();
        for other in self.referenced_by(table) {
            all.extend(self.on_all(&other, lock, Effect::Locks));
        }
        self.dropped.insert(table.to_owned());
        all
    }

    fn drop_view(&mut self, view: &str) -> Vec<Hazard> {
        let all = self.on(view, LockMode::AccessExclusive, Effect::Locks);
        self.dropped.insert(view.to_owned());
        all
    }

    fn alter_view(&mut self, rest: &str) -> Vec<Hazard> {
        self.on(name(rest).0, LockMode::AccessExclusive, Effect::Locks)
    }

    fn create_trigger(&mut self, rest: &str) -> Vec<Hazard> {
        let lock = LockMode::ShareRowExclusive;
        let mut all = self.on_all(table_of(rest), lock, Effect::Locks);
        // Of a constraint trigger, the table that it is about besides.
        let after = after_word(rest, "on").map_or("", |on| name(on).1);
        if let Some(other) = after.strip_prefix("from ") {
            all.extend(self.on(name(other).0, lock, Effect::Locks));
        }
        all
    }

    fn create_rule(&mut self, rest: &str) -> Vec<Hazard> {
        let on = after_word(rest, "to").map_or("", |on| name(on).0);
        self.on(on, LockMode::AccessExclusive, Effect::Locks)
    }

    /// A policy that comes, changes or goes; a trigger or a rule that goes.
    fn policy(&mut self, rest: &str) -> Vec<Hazard> {
        self.on_all(table_of(rest), LockMode::AccessExclusive, Effect::Locks)
    }

    fn create_statistics(&mut self, rest: &str) -> Vec<Hazard> {
        let mut on = rest;
        while let Some(after) = after_word(on, "from") {
            on = after;
        }
        self.on(name(on).0, LockMode::ShareUpdateExclusive, Effect::Locks)
    }

    fn drop_statistics(&mut self, statistics: &str) -> Vec<Hazard> {
        let facts = self.plan.found.get(Class::Statistics, statistics);
        let definition = facts.and_then(|facts| fact(facts, "definition"));
        self.create_statistics(definition.unwrap_or_default())
    }

    fn create_table(&mut self, rest: &str) -> Vec<Hazard> {
        use LockMode::{AccessExclusive, ShareUpdateExclusive};
        if let Some(of) = name(rest).1.strip_prefix("partition of ") {
            let parent = name(of).0;
            let mut all = self.on(parent, AccessExclusive, Effect::Locks);
            all.extend(self.default_partition(parent));
            all.extend(self.ends_of_partition(parent));
            return all;
        }
        let parents = rest.rsplit_once(" inherits (").map(|(_, list)| list);
        let parents = parents.and_then(|list| list.split(')').next());
        let parents = parents.map(items).unwrap_or_default();
        parents
            .into_iter()
            .flat_map(|parent| self.on(parent, ShareUpdateExclusive, Effect::Locks))
            .collect()
    }

    /// The tables that the foreign keys of a partitioned table refer to: a partition gets or loses these keys.
    pub(super) fn ends_of_partition(&self, parent: &str) -> Vec<Hazard> {
        let ends = self.referenced_by(parent).into_iter();
        let lock = LockMode::ShareRowExclusive;
        ends.flat_map(|end| self.on_all(&end, lock, Effect::Locks))
            .collect()
    }

    /// The default partition of a table, whose rows a new partition could take.
    pub(super) fn default_partition(&self, parent: &str) -> Vec<Hazard> {
        let all = self.plan.found.objects();
        let mut defaults = all.filter(|(key, facts)| {
            key.class == Class::Table
                && fact(facts, "partition bound") == Some("DEFAULT")
                && Plan::parents(self.plan.found, &key.name) == [parent]
        });
        defaults.next().map_or_else(Vec::new, |(key, _)| {
            self.on_all(&key.name, LockMode::AccessExclusive, Effect::Scans)
        })
    }

    fn comment(&mut self, rest: &str) -> Vec<Hazard> {
        let relation = if let Some(rest) = rest.strip_prefix("column ") {
            without_last(name(rest).0)
        } else if let Some(rest) = ["table ", "foreign table ", "view ", "materialized view "]
            .iter()
            .find_map(|start| rest.strip_prefix(start))
        {
            name(rest).0
        } else if ["constraint ", "trigger ", "rule ", "policy "]
            .iter()
            .any(|start| rest.starts_with(start))
        {
            after_word(rest, "on").map_or("", |on| name(on).0)
        } else {
            return Vec::new();
        };
        self.on(relation, LockMode::ShareUpdateExclusive, Effect::Locks)
    }

    fn create_publication(&mut self, rest: &str) -> Vec<Hazard> {
        let list = after_word(rest, "for").unwrap_or_default();
        let tables = items(list).into_iter();
        let tables = tables.filter_map(|item| item.strip_prefix("table "));
        tables
            .flat_map(|table| {
                let table = name(table.trim_start_matches("only ")).0;
                self.on_all(table, LockMode::ShareUpdateExclusive, Effect::Locks)
            })
            .collect()
    }

    /// What is changed about an attribute is changed in the tables of the type too.
    fn alter_type(&mut self, rest: &str) -> Vec<Hazard> {
        let (composite, action) = name(rest);
        let effect = match action.starts_with("alter attribute ") {
            true => Effect::Rewrites,
            false => Effect::Locks,
        };
        let all = self.plan.found.objects();
        let typed = all.filter(|(_, facts)| fact(facts, "of type") == Some(composite));
        let is_about_attributes = action.contains("attribute ");
        let tables = typed.filter(|(key, _)| is_about_attributes && key.class == Class::Table);
        tables
            .flat_map(|(key, _)| self.on_all(&key.name, LockMode::AccessExclusive, effect))
            .collect()
    }

    /// A new rule of a domain is looked for in all tables that use it.
    fn alter_domain(&mut self, rest: &str) -> Vec<Hazard> {
        let (domain, action) = name(rest);
        let looks = action.starts_with("set not null")
            || action.starts_with("validate ")
            || action.starts_with("add constraint ") && !action.ends_with("not valid");
        if !looks {
            return Vec::new();
        }
        let domain = Key {
            class: Class::Domain,
            name: domain.to_owned(),
        };
        let all = self.plan.found.ties.iter();
        let users =
            all.filter(|(key, ties)| key.class == Class::Column && ties.needs.contains(&domain));
        users
            .flat_map(|(key, _)| self.on(without_last(&key.name), LockMode::Share, Effect::Scans))
            .collect()
    }
}

/// The table of a foreign key's other end.
pub(super) fn referenced(definition: &str) -> Option<&str> {
    let at = definition.to_lowercase().find(" references ")?;
    Some(name(&definition[at + " references ".len()..]).0)
}

/// The table after the word `on`.
pub(super) fn table_of(rest: &str) -> &str {
    let on = after_word(rest, "on").unwrap_or_default();
    name(on.trim_start_matches("only ")).0
}

/// What follows a word; one within a quoted name is none.
fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let mut tokens = Lexer::new(text, 0);
    let is_it =
        |token: &Token| token.kind == Kind::Word && token.text(text).eq_ignore_ascii_case(word);
    let token = tokens.find(is_it)?;
    Some(text[token.range.end..].trim_start())
}

/// A name at the start of a text, and what follows it.
pub(super) fn name(text: &str) -> (&str, &str) {
    let mut quoted = false;
    let end = text.char_indices().find(|(_, character)| {
        if *character == '"' {
            quoted = !quoted;
        }
        !quoted && (character.is_whitespace() || matches!(character, '(' | ',' | ';'))
    });
    match end {
        Some((at, _)) => (&text[..at], text[at..].trim_start()),
        None => (text, ""),
    }
}
