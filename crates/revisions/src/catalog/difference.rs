//! Two schemas compared, and what a person is told of it. What would have to be done is not known here.

use std::collections::BTreeSet;
use std::fmt;

use super::{Catalog, Class, Facts, Key};

/// What has to change for one schema to become another. Its [`Display`](fmt::Display) is a list for people, a line for
/// each object, without a line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The changes, by class and name.
    pub changes: Vec<(Key, Change)>,
}

/// What has to change about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is missing.
    Add(Facts),
    /// It is too much.
    Remove(Facts),
    /// Some of its facts differ: name, what is, what should be.
    Alter(Vec<(String, Option<String>, Option<String>)>),
}

pub(super) fn between(found: &Catalog, wanted: &Catalog) -> Difference {
    let keys: BTreeSet<&Key> = found.objects.keys().chain(wanted.objects.keys()).collect();
    let change = |key: &&Key| match (found.objects.get(key), wanted.objects.get(key)) {
        (None, Some(facts)) => Some(Change::Add(facts.clone())),
        (Some(facts), None) => Some(Change::Remove(facts.clone())),
        (Some(found), Some(wanted)) if found != wanted => Some(Change::Alter(facts(found, wanted))),
        _ => None,
    };
    let changes = keys
        .iter()
        .filter_map(|key| Some(((*key).clone(), change(key)?)));
    Difference {
        changes: changes.collect(),
    }
}

fn facts(found: &Facts, wanted: &Facts) -> Vec<(String, Option<String>, Option<String>)> {
    let names: BTreeSet<&String> = found.keys().chain(wanted.keys()).collect();
    names
        .into_iter()
        .filter(|name| found.get(*name) != wanted.get(*name))
        .map(|name| {
            (
                name.clone(),
                found.get(name).cloned(),
                wanted.get(name).cloned(),
            )
        })
        .collect()
}

impl Difference {
    /// Whether the schemas are equal.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether a change is a part of another that is listed: the columns of a table that is missing as a whole.
    fn is_part(&self, key: &Key, change: &Change) -> bool {
        let whole = matches!(change, Change::Add(_) | Change::Remove(_));
        let belongs = matches!(
            key.class,
            Class::Column
                | Class::Constraint
                | Class::Index
                | Class::Trigger
                | Class::Rule
                | Class::Policy
                | Class::Sequence
        );
        whole
            && belongs
            && self.changes.iter().any(|(other, of)| {
                let same_way = std::mem::discriminant(of) == std::mem::discriminant(change);
                same_way
                    && is_relation(other.class)
                    && self.owner(key, change) == Some(other.name.as_str())
            })
    }

    /// The table that an object belongs to.
    fn owner<'a>(&self, key: &'a Key, change: &'a Change) -> Option<&'a str> {
        let (Change::Add(facts) | Change::Remove(facts)) = change else {
            return None;
        };
        let of_column = |fact: &str| facts.get(fact).map(|column| without_last(column));
        match key.class {
            Class::Index => facts.get("table").map(String::as_str),
            Class::Sequence => of_column("identity of").or(of_column("owned by")),
            _ => Some(without_last(&key.name)),
        }
    }
}

fn is_relation(class: Class) -> bool {
    matches!(
        class,
        Class::Table | Class::View | Class::MaterializedView | Class::Domain | Class::CompositeType
    )
}

/// `public.users` of `public.users.email`; a quoted name may have points in it.
pub(crate) fn without_last(name: &str) -> &str {
    let mut quoted = false;
    let mut last = name.len();
    for (at, character) in name.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '.' if !quoted => last = at,
            _ => {}
        }
    }
    &name[..last]
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        for (key, change) in &self.changes {
            if self.is_part(key, change) {
                continue;
            }
            match change {
                Change::Add(facts) => lines.push(format!("+ {key}{}", brief(facts))),
                Change::Remove(facts) => lines.push(format!("- {key}{}", brief(facts))),
                Change::Alter(facts) => {
                    lines.push(format!("~ {key}"));
                    for (name, found, wanted) in facts {
                        let show = |fact: &Option<String>| {
                            fact.as_deref().map_or("none".to_owned(), one_line)
                        };
                        lines.push(format!("    {name}: {} -> {}", show(found), show(wanted)));
                    }
                }
            }
        }
        f.write_str(&lines.join("\n"))
    }
}

/// What an object is, where its name does not tell.
fn brief(facts: &Facts) -> String {
    let told = facts.get("definition").or_else(|| facts.get("type"));
    told.map_or(String::new(), |told| format!(": {}", one_line(told)))
}

/// A definition on one line, not longer than a person reads.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 160;
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}
