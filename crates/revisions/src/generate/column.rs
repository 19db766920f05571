//! Columns: how one is defined, and what leads from one definition to another.

use super::conversion::{depends_on_time_zone, using};
use super::lossless::loses;
use super::making::Steps;
use super::plan::{Plan, owner};
use super::text::{fact, last, lower, option_changes};
use super::{Step, comment, sequence};
use crate::catalog::{Class, Facts, Key, without_last};

/// A column as it stands in `create table` and after `add column`.
pub(super) fn definition(plan: &Plan<'_>, key: &Key, facts: &Facts) -> String {
    let mut sql = format!(
        "{} {}",
        last(&key.name),
        fact(facts, "type").unwrap_or_default()
    );
    if let Some(options) = fact(facts, "foreign options") {
        sql.push_str(&format!(" options ({options})"));
    }
    if let Some(collation) = fact(facts, "collation") {
        sql.push_str(&format!(" collate {collation}"));
    }
    if let Some(expression) = fact(facts, "generated") {
        let kind = fact(facts, "generated kind").unwrap_or("stored");
        sql.push_str(&format!(
            " generated always as ({}) {kind}",
            lower(expression)
        ));
    }
    if let Some(kind) = fact(facts, "identity") {
        let options = sequence::of_identity(plan, key);
        sql.push_str(&format!(" generated {kind} as identity{options}"));
    }
    if facts.contains_key("not null") {
        sql.push_str(" not null");
    }
    if let Some(default) = fact(facts, "default") {
        sql.push_str(&format!(" default {}", lower(default)));
    }
    sql
}

/// What is said of a column of a typed table in its `create table`, if anything.
pub(super) fn definition_in_typed(plan: &Plan<'_>, key: &Key, facts: &Facts) -> Option<String> {
    let all = definition(plan, key, facts);
    let mut plain = facts.clone();
    plain.retain(|name, _| matches!(name.as_str(), "type" | "collation"));
    let plain = definition(plan, key, &plain);
    let options = all.strip_prefix(&plain).filter(|rest| !rest.is_empty())?;
    Some(format!("{} with options{options}", last(&key.name)))
}

/// Adds a column to a table that is there; says what a column of a view is about.
pub(super) fn make(plan: &Plan<'_>, key: &Key, facts: &Facts) -> Vec<Step> {
    let mut steps = Vec::new();
    let is_of_table = owner(plan.wanted, key).is_some_and(|owner| owner.class == Class::Table);
    let from_parent = |key: &Key| plan.comes(key);
    let table = without_last(&key.name);
    if is_of_table && plan.followed_type(table).is_some() {
        let mut from_type = facts.clone();
        from_type.retain(|name, _| matches!(name.as_str(), "type" | "collation"));
        steps.extend(changes(plan, key, &from_type, facts).0);
    } else if is_of_table && !plan.of_links(plan.wanted, key).iter().any(from_parent) {
        let sql = format!(
            "alter table {table} add column {}",
            definition(plan, key, facts)
        );
        let mut step = Step::new(sql);
        let fills_itself = ["default", "generated", "identity"];
        if facts.contains_key("not null")
            && !fills_itself.iter().any(|name| facts.contains_key(*name))
        {
            step = step.warning(format!(
                "this fails if {table} has rows: the column takes no null, and nothing fills it; give it a default, or add \
                 it without `not null`, fill it, and then set that"
            ));
        }
        steps.push(step);
        steps.extend(settings(key, &Facts::new(), facts));
    }
    steps.extend(comment::of_new(plan, key));
    steps
}

/// What leads from one definition to the other, and what has to come later. The comment is not looked at.
pub(super) fn changes(plan: &Plan<'_>, key: &Key, found: &Facts, wanted: &Facts) -> Steps {
    let (table, name) = (without_last(&key.name), last(&key.name));
    let alter =
        |change: String| Step::new(format!("alter table {table} alter column {name} {change}"));
    let differs = |name: &str| found.get(name) != wanted.get(name);
    let (mut steps, mut later) = Steps::default();
    let with_parent = |parent: &Key| plan.has_retyped(parent) && !plan.goes(parent);
    let is_new = plan.comes(key) || plan.comes(&super::plan::table(table));
    let retyped = !is_new
        && plan.has_retyped(key)
        && !plan.of_links(plan.wanted, key).iter().any(with_parent);
    let mut has_default = found.contains_key("default") && !plan.defaults_dropped.contains(key);
    if differs("type") || differs("collation") || retyped {
        let new = fact(wanted, "type").unwrap_or_default();
        let collation =
            fact(wanted, "collation").map_or(String::new(), |it| format!(" collate {it}"));
        let using = using(
            plan,
            name,
            fact(found, "type").unwrap_or_default(),
            new,
            retyped,
        );
        let mut step = alter(format!("type {new}{collation}{using}"));
        let old = fact(found, "type").unwrap_or_default();
        if loses(plan, old, new, !using.is_empty()) {
            let what = format!(
                "what the values of {} have more than {new} can hold",
                key.name
            );
            step = step.losing(what);
        }
        if depends_on_time_zone(old, new) {
            step = step.warning(format!(
                "the values of {} are read in the time zone of the session: set it before, if it is not to be the \
                 server's",
                key.name
            ));
        }
        steps.push(step);
    }
    if found.contains_key("generated") && !wanted.contains_key("generated") {
        steps.push(alter("drop expression".to_owned()));
    }
    if differs("default") && has_default && !wanted.contains_key("default") {
        steps.push(alter("drop default".to_owned()));
        has_default = false;
    }
    match (
        found.contains_key("not null"),
        wanted.contains_key("not null"),
    ) {
        (true, false) => steps.push(alter("drop not null".to_owned())),
        (false, true) => {
            let owner = owner(plan.wanted, key);
            let is_plain = owner.as_ref().is_some_and(|owner| {
                !plan.comes(owner) && plan.wanted_fact(owner, "kind").is_none()
            });
            if is_plain
                && !wanted.contains_key("identity")
                && !plan.comes(key)
                && !is_key(plan, key)
            {
                let check = check_name(key);
                steps.push(Step::new(format!(
                    "alter table {table} add constraint {check} check ({name} is not null) not valid"
                )));
                later.extend([
                    Step::new(format!("alter table {table} validate constraint {check}")).outside(),
                    alter("set not null".to_owned()).outside(),
                    Step::new(format!(
                        "alter table {table} drop constraint if exists {check}"
                    ))
                    .outside(),
                ]);
            } else {
                steps.push(alter("set not null".to_owned()));
            }
        }
        _ => {}
    }
    if let Some(default) = fact(wanted, "default")
        && (differs("default") || !has_default)
    {
        steps.push(alter(format!("set default {}", lower(default))));
    }
    match (fact(found, "identity"), fact(wanted, "identity")) {
        (None, Some(kind)) => {
            let options = sequence::of_identity(plan, key);
            steps.push(alter(format!("add generated {kind} as identity{options}")));
            steps.extend(sequence::go_on(plan, key));
        }
        (Some(old), Some(new)) if old != new => steps.push(alter(format!("set generated {new}"))),
        _ => {}
    }
    steps.extend(settings(key, found, wanted));
    (steps, later)
}

/// What can be set about a column that is there.
pub(super) fn settings(key: &Key, found: &Facts, wanted: &Facts) -> Vec<Step> {
    let mut changes = Vec::new();
    let mut setting = |name: &str, words: &str, default: &str| {
        if found.get(name) != wanted.get(name) {
            let value = fact(wanted, name).unwrap_or(default);
            let value = match (name, value) {
                ("storage", "p") => "plain",
                ("storage", "e") => "external",
                ("storage", "m") => "main",
                ("storage", "x") => "extended",
                ("compression", "p") => "pglz",
                ("compression", "l") => "lz4",
                (_, value) => value,
            };
            changes.push(format!("set {words} {value}"));
        }
    };
    let by_type = match fact(wanted, "type").unwrap_or_default() {
        it if it.starts_with("numeric") || it == "inet" || it == "cidr" => "main",
        _ => "extended",
    };
    setting("storage", "storage", by_type);
    setting("compression", "compression", "default");
    setting("statistics target", "statistics", "-1");
    changes.extend(option_changes(
        fact(found, "options"),
        fact(wanted, "options"),
    ));
    let (table, name) = (without_last(&key.name), last(&key.name));
    let steps = changes.into_iter();
    steps
        .map(|change| Step::new(format!("alter table {table} alter column {name} {change}")))
        .collect()
}

/// A primary key that is made in the same run sets `not null` itself.
fn is_key(plan: &Plan<'_>, key: &Key) -> bool {
    plan.fates().any(|(other, _)| {
        let definition = plan.wanted_fact(other, "definition").unwrap_or_default();
        other.class == Class::Constraint
            && plan.comes(other)
            && definition.starts_with("PRIMARY KEY")
            && plan
                .wanted
                .ties
                .get(other)
                .is_some_and(|ties| ties.needs.contains(key))
    })
}

/// The check that proves that a column has no null, for the time of the proof.
pub(super) fn check_name(key: &Key) -> String {
    let plain = |name: &str| {
        name.trim_matches('"')
            .replace(|c: char| !c.is_alphanumeric(), "_")
            .to_lowercase()
    };
    let mut name = format!(
        "{}_{}",
        plain(last(without_last(&key.name))),
        plain(last(&key.name))
    );
    // PostgreSQL's limit is 63 bytes.
    while name.len() > 50 {
        name.pop();
    }
    super::text::quoted(&format!("{name}_not_null"))
}
