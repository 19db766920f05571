//! Objects that go: those that are in the way first, types and schemas last.

use std::collections::{BTreeMap, BTreeSet};

use super::comment::address;
use super::plan::{Fate, Plan, owner};
use super::text::{last, schema};
use super::{Step, order, sequence, types};
use crate::catalog::{Class, Key, without_last};

/// What has to go before anything is made.
pub(super) fn early(plan: &Plan<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    for key in &plan.defaults_dropped {
        if !plan.goes(key) {
            let (table, name) = (without_last(&key.name), last(&key.name));
            steps.push(Step::new(format!(
                "alter table {table} alter column {name} drop default"
            )));
        }
    }
    for (key, facts) in &plan.found.objects {
        let column = facts.get("owned by").map(|name| super::text::column(name));
        if key.class == Class::Sequence
            && !plan.goes(key)
            && column.is_some_and(|column| plan.goes(&column))
        {
            // It stays, so it must not go with its column.
            steps.push(sequence::owned_by(key, "none"));
        }
    }
    for (key, fate) in plan.fates() {
        let identity = |of: Option<&str>| of.is_some();
        let was = identity(plan.found_fact(key, "identity"));
        if key.class == Class::Column
            && *fate == Fate::Alter
            && was
            && !identity(plan.wanted_fact(key, "identity"))
        {
            // Before a sequence that stands alone can have the name of the one of the identity.
            let (table, name) = (without_last(&key.name), last(&key.name));
            steps.push(Step::new(format!(
                "alter table {table} alter column {name} drop identity"
            )));
        }
    }
    steps.extend(drops(plan, |key| plan.goes(key) && !is_late(plan, key)));
    steps
}

/// What can only go when nothing uses it any more.
pub(super) fn late(plan: &Plan<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = plan.retyped.iter().rev().map(types::drop_aside).collect();
    steps.extend(drops(plan, |key| plan.goes(key) && is_late(plan, key)));
    for key in &plan.retyped {
        if let (Some(found), Some(wanted)) =
            (plan.found.objects.get(key), plan.wanted.objects.get(key))
        {
            let lost = types::lost_labels(found, wanted);
            if let (false, Some(step)) = (lost.is_empty(), steps.first_mut()) {
                let what = format!(
                    "the value {} of {key}: rows that have it make this fail",
                    lost.join(", ")
                );
                step.loses_data.get_or_insert(what);
            }
        }
    }
    steps
}

/// What is made again has to be out of the way before.
fn is_late(plan: &Plan<'_>, key: &Key) -> bool {
    let is_type = matches!(
        key.class,
        Class::Enum | Class::Domain | Class::CompositeType | Class::RangeType
    );
    let is_last = is_type || matches!(key.class, Class::Schema | Class::Extension);
    is_last && plan.fate(key) == Some(Fate::Drop)
}

fn drops(plan: &Plan<'_>, going: impl Fn(&Key) -> bool) -> Vec<Step> {
    // First with the parts of a table in the table; if tables need each other, with their foreign keys apart.
    let sorted = in_order(plan, &going, false);
    let order = match sorted.is_broken {
        false => sorted.order,
        true => in_order(plan, &going, true).order,
    };
    let apart = sorted.is_broken;
    let shown = order
        .iter()
        .rev()
        .filter(|key| carrier(plan, key, apart) == **key);
    shown
        .filter(|key| going(key))
        .filter_map(|key| drop_one(plan, key))
        .collect()
}

fn in_order(plan: &Plan<'_>, going: impl Fn(&Key) -> bool, apart: bool) -> order::Sorted<Key> {
    let mut needs: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    for (key, _) in plan.fates().filter(|(key, _)| going(key)) {
        let carrier_of = carrier(plan, key, apart);
        let ties = plan.found.ties.get(key);
        let own = ties
            .into_iter()
            .flat_map(|ties| ties.needs.iter().chain(&ties.default_needs));
        let own = own.map(|need| carrier(plan, need, apart));
        needs.entry(carrier_of.clone()).or_default().extend(own);
    }
    for (key, needs) in &mut needs {
        needs.remove(key);
    }
    let all: Vec<Key> = needs.keys().cloned().collect();
    let position = |key: &Key| plan.found.ties.get(key).map_or(0, |ties| ties.position);
    order::sorted(all, &needs, |key| {
        (order::rank(key.class), position(key), key.clone())
    })
}

fn is_foreign_key(plan: &Plan<'_>, key: &Key) -> bool {
    let definition = plan.found_fact(key, "definition").unwrap_or_default();
    key.class == Class::Constraint && definition.starts_with("FOREIGN KEY")
}

/// The object with which another is dropped: the table of a column.
fn carrier(plan: &Plan<'_>, key: &Key, apart: bool) -> Key {
    if apart && is_foreign_key(plan, key) {
        return key.clone();
    }
    if key.class == Class::Sequence {
        // With its column, and that perhaps with its table.
        let of = plan
            .found_fact(key, "identity of")
            .or(plan.found_fact(key, "owned by"));
        let column = of
            .map(super::text::column)
            .filter(|column| plan.goes(column));
        return column.map_or_else(|| key.clone(), |column| carrier(plan, &column, apart));
    }
    match owner(plan.found, key) {
        Some(owner) if plan.goes(&owner) => owner,
        _ => key.clone(),
    }
}

fn drop_one(plan: &Plan<'_>, key: &Key) -> Option<Step> {
    let found = plan.found.objects.get(key)?;
    let name = key.name.as_str();
    let again = plan.fate(key) == Some(Fate::Remake);
    let step = match key.class {
        Class::Column => {
            let owner = owner(plan.found, key)?;
            if owner.class != Class::Table {
                // The comment of a column of a view.
                return Some(Step::new(format!("comment on column {name} is null")));
            }
            // It goes with that of the table that this one inherits from.
            if Plan::of_parents(plan.found, key)
                .iter()
                .any(|parent| plan.goes(parent))
            {
                return None;
            }
            let sql = format!(
                "alter table {} drop column {}",
                without_last(name),
                last(name)
            );
            let step = Step::new(sql);
            match found.contains_key("generated") {
                true => step,
                false => step.losing(format!("the values of the column {name}")),
            }
        }
        Class::Constraint if found.contains_key("inherited") => return None,
        Class::Constraint => {
            let on = without_last(name);
            let kind = if plan.found.get(Class::Domain, on).is_some() {
                "domain"
            } else {
                "table"
            };
            Step::new(format!("alter {kind} {on} drop constraint {}", last(name)))
        }
        Class::Index if found.contains_key("partition of") => return None,
        Class::Trigger if !Plan::of_parents(plan.found, key).is_empty() => return None,
        // That of an identity column goes when the column is no identity any more.
        Class::Sequence if found.contains_key("identity of") => return None,
        Class::Sequence => {
            let step = Step::new(format!("drop sequence {name}"));
            let of = plan.found_fact(key, "owned by").map(super::text::column);
            // The one of the identity goes on where this one was.
            match of.is_some_and(|of| plan.wanted_fact(&of, "identity").is_some()) {
                true => step,
                false => step.losing(format!("the position of the sequence {name}")),
            }
        }
        Class::Table => {
            let step = Step::new(format!("drop {}", address(plan.found, key)));
            let rows = format!("the rows of the table {name}");
            match again {
                true => step.losing(format!(
                    "{rows}, which has to be made again for this change"
                )),
                false => step.losing(rows),
            }
        }
        Class::Schema if schema(name) == "public" => Step::new("drop schema public"),
        _ => Step::new(format!("drop {}", address(plan.found, key))),
    };
    let ties = plan.found.ties.get(key);
    let grants_again = plan.found.scope.privileges;
    if again && !grants_again && ties.is_some_and(|ties| ties.has_grants) {
        let warning = format!(
            "{key} is made again, without the privileges that were granted on it; grant them again"
        );
        return Some(step.warning(warning));
    }
    Some(step)
}
