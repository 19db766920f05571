//! Objects that stay, and are altered where they are.

use super::making::{Steps, index_name, together};
use super::plan::{Plan, owner};
use super::text::{fact, last, lower, option_changes};
use super::{Step, column, comment, sequence, table, text_search, types};
use crate::catalog::{Class, Facts, Key, without_last};

/// The steps that alter an object, and those that have to wait for others.
pub(super) fn alter(plan: &Plan<'_>, key: &Key) -> Steps {
    let old = plan.renamed.get(key);
    let found = plan.found.objects.get(old.unwrap_or(key));
    let (Some(found), Some(wanted)) = (found, plan.wanted.objects.get(key)) else {
        return Steps::default();
    };
    let name = key.name.as_str();
    let mut steps = Vec::new();
    steps.extend(old.map(|old| rename(plan, key, old)));
    let (altered, mut later) = match key.class {
        Class::Extension if found.get("schema") != wanted.get("schema") => {
            let schema = fact(wanted, "schema").unwrap_or("public");
            (
                vec![Step::new(format!(
                    "alter extension {name} set schema {schema}"
                ))],
                vec![],
            )
        }
        Class::Enum => (types::add_labels(plan, key, found, wanted), vec![]),
        Class::Domain => (types::domain_changes(key, found, wanted), vec![]),
        Class::CompositeType => (
            types::attribute_changes_in_use(plan, key, found, wanted)
                .into_iter()
                .flatten()
                .chain(types::retyped_attributes(plan, name, found, wanted))
                .collect(),
            vec![],
        ),
        Class::TextSearchConfiguration => (text_search::changes(name, found, wanted), vec![]),
        Class::Sequence => sequence::changes(plan, key, found, wanted),
        Class::Column if is_of_table(plan, key) => {
            let left = after_parents(plan, key, found, wanted);
            column::changes(plan, key, &left, wanted)
        }
        Class::Constraint => (vec![], validation(plan, key, found, wanted)),
        Class::Table => (vec![], table::link(plan, key)),
        Class::Function | Class::Procedure
            if found.get("definition") != wanted.get("definition") =>
        {
            let definition = lower(fact(wanted, "definition").unwrap_or_default());
            (vec![Step::new(definition.trim_end())], vec![])
        }
        _ => Steps::default(),
    };
    steps.extend(altered);
    let settings = settings(plan, key, found, wanted);
    match later.is_empty() || key.class == Class::Table {
        true => steps.extend(settings),
        false => later.extend(settings),
    }
    steps.extend(comment::change(plan, key, found, wanted));
    (together(steps), together(later))
}

fn is_of_table(plan: &Plan<'_>, key: &Key) -> bool {
    owner(plan.wanted, key).is_some_and(|owner| owner.class == Class::Table)
}

/// What is left of the facts of a column to be changed, when the same changes of a table that it inherits from are done.
fn after_parents(plan: &Plan<'_>, key: &Key, found: &Facts, wanted: &Facts) -> Facts {
    let mut left = found.clone();
    for parent in plan.of_links(plan.wanted, key) {
        let (Some(was), Some(is)) = (
            plan.found.objects.get(&parent),
            plan.wanted.objects.get(&parent),
        ) else {
            continue;
        };
        for name in CASCADES {
            // Also where the child had something of its own.
            if was.get(name) != is.get(name) {
                match is.get(name) {
                    Some(value) => left.insert(name.to_owned(), value.clone()),
                    None => left.remove(name),
                };
            }
        }
    }
    if plan.followed_type(without_last(&key.name)).is_some() {
        for name in ["type", "collation"] {
            match wanted.get(name) {
                Some(value) => left.insert(name.to_owned(), value.clone()),
                None => left.remove(name),
            };
        }
    }
    left
}

/// What of a column PostgreSQL changes in the children too.
pub(super) const CASCADES: [&str; 8] = [
    "type",
    "collation",
    "not null",
    "default",
    "generated",
    "generated kind",
    "storage",
    "statistics target",
];

fn rename(plan: &Plan<'_>, new: &Key, old: &Key) -> Step {
    let name = last(&new.name);
    Step::new(match new.class {
        Class::Constraint => {
            let on = without_last(&old.name);
            let kind = if plan.found.get(Class::Domain, on).is_some() {
                "domain"
            } else {
                "table"
            };
            format!(
                "alter {kind} {on} rename constraint {} to {name}",
                last(&old.name)
            )
        }
        class => format!("alter {} {} rename to {name}", class.words(), old.name),
    })
}

/// Whether a check is validated in a table, while the one that it inherits is not.
pub(super) fn is_valid_alone(plan: &Plan<'_>, key: &Key) -> bool {
    let is_valid = |key: &Key| {
        let definition = plan.wanted_fact(key, "definition").unwrap_or_default();
        !definition.ends_with("NOT VALID")
    };
    let parents = Plan::of_parents(plan.wanted, key);
    is_valid(key) && !parents.is_empty() && !parents.iter().all(is_valid)
}

fn validation(plan: &Plan<'_>, key: &Key, found: &Facts, wanted: &Facts) -> Vec<Step> {
    let is_alone = is_valid_alone(plan, key);
    let same = found.get("definition") == wanted.get("definition");
    if !is_alone && (same || wanted.contains_key("inherited")) {
        return Vec::new();
    }
    let (on, name) = (without_last(&key.name), last(&key.name));
    match is_of_table(plan, key) {
        true => vec![Step::new(format!("alter table {on} validate constraint {name}")).outside()],
        false => vec![Step::new(format!(
            "alter domain {on} validate constraint {name}"
        ))],
    }
}

/// What is set on an object that is there, whether it was just made (then `found` is empty) or not.
pub(super) fn settings(plan: &Plan<'_>, key: &Key, found: &Facts, wanted: &Facts) -> Vec<Step> {
    let is_new = plan.comes(key);
    let differs = |name: &str| found.get(name) != wanted.get(name);
    let name = key.name.as_str();
    let mut steps = Vec::new();
    match key.class {
        Class::Table => steps.extend(table::settings(key, found, wanted, is_new)),
        Class::Index | Class::Constraint => steps.extend(of_index(plan, key, found, wanted)),
        Class::View | Class::MaterializedView if !is_new => {
            let changes = option_changes(fact(found, "options"), fact(wanted, "options"));
            let alter = |change| Step::new(format!("alter {} {name} {change}", key.class.words()));
            steps.extend(changes.into_iter().map(alter));
        }
        Class::Statistics if differs("target") => {
            let target = fact(wanted, "target").unwrap_or("-1");
            steps.push(Step::new(format!(
                "alter statistics {name} set statistics {target}"
            )));
        }
        Class::Trigger | Class::Rule if differs("state") => {
            let words = match fact(wanted, "state") {
                Some("disabled") => "disable",
                Some("replica") => "enable replica",
                Some("always") => "enable always",
                _ => "enable",
            };
            let (on, name) = (without_last(name), last(name));
            let class = key.class.words();
            steps.push(Step::new(format!(
                "alter table {on} {words} {class} {name}"
            )));
        }
        Class::EventTrigger if differs("state") => {
            let words = match fact(wanted, "state") {
                Some("disabled") => "disable",
                Some("replica") => "enable replica",
                Some("always") => "enable always",
                _ => "enable",
            };
            steps.push(Step::new(format!("alter event trigger {name} {words}")));
        }
        _ => {}
    }
    steps
}

/// What is set on an index, or on the one of a constraint.
fn of_index(plan: &Plan<'_>, key: &Key, found: &Facts, wanted: &Facts) -> Vec<Step> {
    let Some(on) = owner(plan.wanted, key) else {
        return Vec::new();
    };
    let table = match on.class {
        Class::MaterializedView => format!("materialized view {}", on.name),
        _ => format!("table {}", on.name),
    };
    let has = |facts: &Facts, name: &str| facts.contains_key(name);
    let name = last(&key.name);
    let mut steps = Vec::new();
    if key.class == Class::Constraint {
        let changes = option_changes(fact(found, "options"), fact(wanted, "options"));
        let index = index_name(key);
        steps.extend(
            changes
                .into_iter()
                .map(|change| format!("alter index {index} {change}")),
        );
    }
    if has(wanted, "clustered") && !has(found, "clustered") {
        steps.push(format!("alter {table} cluster on {name}"));
    }
    // If another index took over, it is that one that says so.
    let another = |fact: &str| {
        plan.wanted.objects.iter().any(|(other, facts)| {
            has(facts, fact) && owner(plan.wanted, other).as_ref() == Some(&on)
        })
    };
    if has(found, "clustered") && !has(wanted, "clustered") && !another("clustered") {
        steps.push(format!("alter {table} set without cluster"));
    }
    if has(wanted, "replica identity") && !has(found, "replica identity") {
        steps.push(format!("alter {table} replica identity using index {name}"));
    }
    steps.into_iter().map(Step::new).collect()
}
