//! Objects that go: those that are in the way first, types and schemas last.

use std::collections::{BTreeMap, BTreeSet};

use super::comment::address;
use super::plan::{Fate, Plan, owner};
use super::text::{last, schema};
use super::{Step, index, order, sequence, table, types};
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
    let tables = plan.found.objects.keys();
    for key in tables.filter(|key| key.class == Class::Table && !plan.goes(key)) {
        steps.extend(table::unlink(plan, key).into_iter().map(Step::new));
    }
    steps.extend(drops(plan, |key| plan.goes(key) && !is_late(plan, key)));
    let in_the_way = plan.fates().filter(|(key, _)| is_in_the_way(plan, key));
    steps.extend(in_the_way.map(|(key, _)| types::put_aside(key)));
    steps
}

/// Whether a type that goes late has the name of something else that comes.
fn is_in_the_way(plan: &Plan<'_>, key: &Key) -> bool {
    let others = [
        Class::Enum,
        Class::Domain,
        Class::CompositeType,
        Class::RangeType,
        Class::Table,
        Class::View,
        Class::MaterializedView,
    ];
    let mut others = others.into_iter().map(|class| Key {
        class,
        name: key.name.clone(),
    });
    let is_type = !matches!(key.class, Class::Schema | Class::Extension);
    is_type && is_late(plan, key) && others.any(|other| plan.comes(&other))
}

/// What can only go when nothing uses it any more.
pub(super) fn late(plan: &Plan<'_>) -> Vec<Step> {
    let goes = |key: &Key| plan.retyped.contains(key) || plan.goes(key) && is_late(plan, key);
    let mut steps = drops(plan, goes);
    for key in &plan.retyped {
        if let (Some(found), Some(wanted)) =
            (plan.found.objects.get(key), plan.wanted.objects.get(key))
        {
            let lost = types::lost_labels(found, wanted);
            let drop = types::drop_aside(key);
            let step = steps.iter_mut().find(|step| step.sql == drop.sql);
            if let (false, Some(step)) = (lost.is_empty(), step) {
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
        Class::Collation | Class::Enum | Class::Domain | Class::CompositeType | Class::RangeType
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

/// Whether a constraint that came from a parent is dropped with that of the parent.
fn goes_with_parent(plan: &Plan<'_>, key: &Key) -> bool {
    let on = without_last(&key.name);
    if plan.goes(&super::plan::table(on)) {
        return true;
    }
    let is_partition = plan.found_fact(&super::plan::table(on), "partition bound");
    match is_partition {
        // The names of keys differ.
        Some(_) => !plan.links(on).is_empty(),
        None => !plan.of_links(plan.found, key).is_empty(),
    }
}

/// Whether PostgreSQL made a trigger for a partition, and drops it itself.
fn is_cloned(plan: &Plan<'_>, key: &Key) -> bool {
    let on = super::plan::table(without_last(&key.name));
    plan.found_fact(&on, "partition bound").is_some()
        && !Plan::of_parents(plan.found, key).is_empty()
}

fn drop_one(plan: &Plan<'_>, key: &Key) -> Option<Step> {
    let found = plan.found.objects.get(key)?;
    let name = key.name.as_str();
    let again = plan.fate(key) == Some(Fate::Remake);
    if plan.retyped.contains(key) || is_in_the_way(plan, key) {
        return Some(types::drop_aside(key));
    }
    let step = match key.class {
        Class::Column => {
            let owner = owner(plan.found, key)?;
            if owner.class != Class::Table {
                // The comment of a column of a view.
                return Some(Step::new(format!("comment on column {name} is null")));
            }
            // It goes with that of the table that this one inherits from.
            let links = plan.of_links(plan.found, key);
            if links.iter().any(|parent| plan.goes(parent))
                || plan.followed_type(without_last(name)).is_some()
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
        Class::Constraint if found.contains_key("inherited") && goes_with_parent(plan, key) => {
            return None;
        }
        Class::Constraint => {
            let on = without_last(name);
            let kind = if plan.found.get(Class::Domain, on).is_some() {
                "domain"
            } else {
                "table"
            };
            Step::new(format!("alter {kind} {on} drop constraint {}", last(name)))
        }
        Class::Index if index::is_replaced(plan, key) => return None,
        Class::Index if found.contains_key("partition of") => {
            let is_linked =
                owner(plan.found, key).is_some_and(|of| !plan.links(&of.name).is_empty());
            return (!is_linked).then(|| Step::new(format!("drop index {name}")));
        }
        Class::Trigger if is_cloned(plan, key) => return None,
        // That of an identity column goes when the column is no identity any more.
        Class::Sequence if found.contains_key("identity of") => return None,
        Class::Sequence => {
            // The one of the identity goes on where this one was, and then drops it.
            if sequence::is_taken_over(plan, key) {
                return Some(sequence::put_aside(key));
            }
            let step = Step::new(format!("drop sequence {name}"));
            step.losing(format!("the position of the sequence {name}"))
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
