//! Types: enumerations, domains, composite and range types.

use super::plan::{Plan, owner};
use super::text::{fact, items, last, lower, schema};
use super::{Step, comment};
use crate::catalog::{Class, Facts, Key, Ties};

/// Whether a type of this class can be made again beside its old form, to which its columns are then converted.
pub(super) fn can_be_put_aside(class: Class) -> bool {
    matches!(class, Class::Enum | Class::Domain | Class::Collation)
}

/// The name of a type that was put aside.
pub(super) fn aside(key: &Key) -> String {
    super::text::quoted(&format!("{}__old", last(&key.name).trim_matches('"')))
}

/// The class as a statement calls it.
fn kind(class: Class) -> &'static str {
    match class {
        Class::Domain => "domain",
        Class::Collation => "collation",
        _ => "type",
    }
}

pub(super) fn make(plan: &Plan<'_>, key: &Key, facts: &Facts) -> Vec<Step> {
    let name = key.name.as_str();
    let mut steps = Vec::new();
    if plan.retyped.contains(key) {
        steps.push(put_aside(key));
    }
    let sql = match key.class {
        Class::Collation => lower(fact(facts, "definition").unwrap_or_default()),
        Class::Enum => {
            let labels = fact(facts, "labels").unwrap_or_default();
            format!("create type {name} as enum ({labels})")
        }
        Class::Domain => domain(plan, key, facts),
        Class::CompositeType => {
            let attributes = fact(facts, "attributes").map(items).unwrap_or_default();
            format!(
                "create type {name} as (\n    {}\n)",
                attributes.join(",\n    ")
            )
        }
        _ => range(name, facts),
    };
    steps.push(Step::new(sql));
    if key.class == Class::Domain {
        let all = plan.wanted.objects.keys();
        let own = all.filter(|part| {
            part.class == Class::Constraint
                && plan.is_inline(part, key)
                && owner(plan.wanted, part).as_ref() == Some(key)
        });
        steps.extend(own.filter_map(|part| comment::of_new(plan, part)));
    }
    steps
}

fn domain(plan: &Plan<'_>, key: &Key, facts: &Facts) -> String {
    let mut sql = format!(
        "create domain {} as {}",
        key.name,
        fact(facts, "type").unwrap_or_default()
    );
    if let Some(collation) = fact(facts, "collation") {
        sql.push_str(&format!(" collate {collation}"));
    }
    if let Some(default) = fact(facts, "default") {
        sql.push_str(&format!(" default {}", lower(default)));
    }
    if facts.contains_key("not null") {
        sql.push_str(" not null");
    }
    for (part, facts) in &plan.wanted.objects {
        let is_own =
            part.class == Class::Constraint && owner(plan.wanted, part).as_ref() == Some(key);
        if is_own && plan.is_inline(part, key) {
            let definition = lower(fact(facts, "definition").unwrap_or_default());
            sql.push_str(&format!(
                "\n    constraint {} {definition}",
                last(&part.name)
            ));
        }
    }
    sql
}

fn range(name: &str, facts: &Facts) -> String {
    let mut parts = Vec::new();
    let all = [
        ("subtype", "subtype"),
        ("subtype_opclass", "operator class"),
        ("collation", "collation"),
        ("canonical", "canonical"),
        ("subtype_diff", "difference"),
        ("multirange_type_name", "multirange"),
    ];
    for (word, name) in all {
        parts.extend(fact(facts, name).map(|value| format!("{word} = {value}")));
    }
    format!(
        "create type {name} as range (\n    {}\n)",
        parts.join(",\n    ")
    )
}

/// Whether an enumeration only gets more labels.
pub(super) fn only_adds_labels(found: &Facts, wanted: &Facts) -> bool {
    let labels = |facts: &'_ Facts| fact(facts, "labels").unwrap_or_default().to_owned();
    let (found, wanted) = (labels(found), labels(wanted));
    let mut rest = items(&wanted).into_iter();
    items(&found)
        .into_iter()
        .all(|label| rest.any(|it| it == label))
}

/// The labels that an enumeration loses.
pub(super) fn lost_labels(found: &Facts, wanted: &Facts) -> Vec<String> {
    let wanted = fact(wanted, "labels").map(items).unwrap_or_default();
    let found = fact(found, "labels").map(items).unwrap_or_default();
    let lost = found.into_iter().filter(|label| !wanted.contains(label));
    lost.map(str::to_owned).collect()
}

/// Adds labels, each beside the one that it follows. Where the same run uses one, PostgreSQL wants it committed before.
pub(super) fn add_labels(plan: &Plan<'_>, key: &Key, found: &Facts, wanted: &Facts) -> Vec<Step> {
    let old = fact(found, "labels").map(items).unwrap_or_default();
    let new = fact(wanted, "labels").map(items).unwrap_or_default();
    let added = new.iter().filter(|label| !old.contains(label));
    let is_used = |label: &&&str| {
        let used = format!("{label}::{}", key.name);
        plan.fates().any(|(other, _)| {
            let facts = plan.wanted.objects.get(other);
            facts.is_some_and(|facts| facts.values().any(|fact| fact.contains(&used)))
        })
    };
    // All of them in one way, since each has its place after another.
    let are_used = added.clone().any(|label| is_used(&label));
    let step = |(at, label): (usize, &&str)| {
        let is_last = new[at..].iter().all(|later| !old.contains(later));
        let place = match at.checked_sub(1).and_then(|before| new.get(before)) {
            _ if is_last => String::new(),
            Some(before) => format!(" after {before}"),
            None => old
                .first()
                .map_or(String::new(), |first| format!(" before {first}")),
        };
        let name = &key.name;
        match are_used {
            // It may be repeated, as all that runs outside of a transaction.
            true => Step::new(format!(
                "alter type {name} add value if not exists {label}{place}"
            ))
            .outside(),
            false => Step::new(format!("alter type {name} add value {label}{place}")),
        }
    };
    let places = new.iter().enumerate();
    places
        .filter(|(_, label)| !old.contains(label))
        .map(step)
        .collect()
}

pub(super) fn domain_changes(key: &Key, found: &Facts, wanted: &Facts) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut alter =
        |change: String| steps.push(Step::new(format!("alter domain {} {change}", key.name)));
    if found.get("default") != wanted.get("default") {
        match fact(wanted, "default") {
            Some(default) => alter(format!("set default {}", lower(default))),
            None => alter("drop default".to_owned()),
        }
    }
    match (
        found.contains_key("not null"),
        wanted.contains_key("not null"),
    ) {
        (false, true) => alter("set not null".to_owned()),
        (true, false) => alter("drop not null".to_owned()),
        _ => {}
    }
    steps
}

/// What leads from one list of attributes to another; nothing if they would stand in another order.
pub(super) fn attribute_changes(name: &str, found: &Facts, wanted: &Facts) -> Option<Vec<Step>> {
    let (found, wanted) = (attributes(found), attributes(wanted));
    let kept: Vec<&String> = found
        .iter()
        .map(|(name, _)| name)
        .filter(|name| wanted.iter().any(|(it, _)| it == *name))
        .collect();
    let first: Vec<&String> = wanted
        .iter()
        .map(|(name, _)| name)
        .take(kept.len())
        .collect();
    if kept != first {
        return None;
    }
    let mut steps = Vec::new();
    let mut alter = |change: String| steps.push(format!("alter type {name} {change} cascade"));
    for (attribute, _) in found.iter().filter(|(it, _)| !kept.contains(&it)) {
        alter(format!("drop attribute {attribute}"));
    }
    for (attribute, kind) in &wanted {
        match found.iter().find(|(it, _)| it == attribute) {
            None => alter(format!("add attribute {attribute} {kind}")),
            Some((_, old)) if old != kind => {
                alter(format!("alter attribute {attribute} type {kind}"))
            }
            Some(_) => {}
        }
    }
    Some(steps.into_iter().map(Step::new).collect())
}

/// The same, with what tables that have the type lose by it.
pub(super) fn attribute_changes_in_use(
    plan: &Plan<'_>,
    key: &Key,
    found: &Facts,
    wanted: &Facts,
) -> Option<Vec<Step>> {
    let is_used = |(user, ties): (&Key, &Ties)| {
        matches!(user.class, Class::Column | Class::Table) && ties.needs.contains(key)
    };
    let is_used = plan.found.ties.iter().any(is_used);
    let steps = attribute_changes(&key.name, found, wanted)?.into_iter();
    let mark = |step: Step| {
        let rest = step
            .sql
            .split_once(" drop attribute ")
            .map(|(_, rest)| rest);
        let name = rest
            .and_then(|rest| rest.strip_suffix(" cascade;"))
            .map(str::to_owned);
        match name.filter(|_| is_used) {
            Some(name) => step.losing(format!(
                "the values of {name} in all rows that have a {}",
                key.name
            )),
            None => step,
        }
    };
    Some(steps.map(mark).collect())
}

/// Gives attributes whose type is made again the new one.
pub(super) fn retyped_attributes(
    plan: &Plan<'_>,
    name: &str,
    found: &Facts,
    wanted: &Facts,
) -> Vec<Step> {
    let is_retyped = |kind: &str| {
        let kind = kind.trim_end_matches("[]");
        plan.retyped.iter().any(|key| key.name == kind)
    };
    let before = attributes(found);
    let both = attributes(wanted)
        .into_iter()
        .filter(|pair| before.contains(pair) && is_retyped(&pair.1));
    both.map(|(attribute, kind)| {
        Step::new(format!(
            "alter type {name} alter attribute {attribute} type {kind} cascade"
        ))
    })
    .collect()
}

/// Whether an attribute goes or gets another type.
pub(super) fn loses_attributes(plan: &Plan<'_>, key: &Key) -> bool {
    let (Some(found), Some(wanted)) = (plan.found.objects.get(key), plan.wanted.objects.get(key))
    else {
        return false;
    };
    let after = attributes(wanted);
    let stays = |pair: &(String, String)| after.contains(pair);
    !attributes(found).iter().all(stays)
        || !retyped_attributes(plan, &key.name, found, wanted).is_empty()
}

/// The names and types of attributes.
fn attributes(facts: &Facts) -> Vec<(String, String)> {
    let list = fact(facts, "attributes").map(items).unwrap_or_default();
    let pair = |item: &str| {
        // A quoted name may have a blank in it.
        let end = match item.strip_prefix('"').and_then(|rest| rest.find('"')) {
            Some(end) => end + 2,
            None => item.find(' ').unwrap_or(item.len()),
        };
        (item[..end].to_owned(), item[end..].trim().to_owned())
    };
    list.into_iter().map(pair).collect()
}

/// Gives a type another name until it can be dropped.
pub(super) fn put_aside(key: &Key) -> Step {
    let (kind, name, aside) = (kind(key.class), &key.name, aside(key));
    Step::new(format!("alter {kind} {name} rename to {aside}"))
}

/// Drops what was put aside.
pub(super) fn drop_aside(key: &Key) -> Step {
    let kind = kind(key.class);
    Step::new(format!("drop {kind} {}.{}", schema(&key.name), aside(key)))
}
