//! Tables: `create table` with its columns and constraints, and what can be altered about a table as a whole.

use super::plan::{Plan, owner};
use super::text::{fact, last, lower, option_changes, options};
use super::{Step, column, comment};
use crate::catalog::{Class, Facts, Key};

pub(super) fn make(plan: &Plan<'_>, key: &Key, facts: &Facts) -> Vec<Step> {
    let name = key.name.as_str();
    let is_partition = facts.contains_key("partition bound");
    let parts = |class: Class| {
        let all = plan.wanted.parts(class, name);
        let mut all: Vec<(&Key, &Facts)> = all
            .filter(|(part, _)| owner(plan.wanted, part).as_ref() == Some(key))
            .collect();
        all.sort_by_key(|(part, _)| plan.position(part));
        all
    };
    let columns = parts(Class::Column);
    // What it has from those that it inherits from is not said again.
    let own = |part: &Key| Plan::of_parents(plan.wanted, part).is_empty();
    let is_typed = facts.contains_key("of type");
    let own = columns.iter().filter(|(part, _)| own(part));
    let mut lines: Vec<String> = own
        .filter_map(|(part, facts)| match is_typed {
            true => column::definition_in_typed(plan, part, facts),
            false => Some(column::definition(plan, part, facts)),
        })
        .collect();
    let mut constraints: Vec<(&Key, &Facts)> = parts(Class::Constraint)
        .into_iter()
        .filter(|(part, facts)| plan.is_inline(part, key) && !facts.contains_key("inherited"))
        .collect();
    constraints.sort_by_key(|(part, facts)| {
        let definition = fact(facts, "definition").unwrap_or_default();
        let rank = ["PRIMARY", "UNIQUE", "CHECK"]
            .iter()
            .position(|start| definition.starts_with(start));
        (rank.unwrap_or(3), part.name.clone())
    });
    for (part, facts) in &constraints {
        let definition = lower(fact(facts, "definition").unwrap_or_default());
        lines.push(format!("constraint {} {definition}", last(&part.name)));
    }
    let kind = match (fact(facts, "kind"), facts.contains_key("unlogged")) {
        (Some("foreign"), _) => "foreign table",
        (_, true) => "unlogged table",
        _ => "table",
    };
    let mut sql = format!("create {kind} {name}");
    let inherits = fact(facts, "inherits").unwrap_or_default();
    if is_partition {
        sql.push_str(&format!(" partition of {inherits}"));
    } else if let Some(of) = fact(facts, "of type") {
        sql.push_str(&format!(" of {of}"));
    }
    match (lines.is_empty(), is_partition) {
        (true, true) => {}
        (true, _) if is_typed => {}
        (true, false) => sql.push_str(" ()"),
        (false, _) => sql.push_str(&format!(" (\n    {}\n)", lines.join(",\n    "))),
    }
    if let Some(bound) = fact(facts, "partition bound") {
        sql.push_str(&format!(" {}", lower(bound)));
    } else if !inherits.is_empty() {
        sql.push_str(&format!(" inherits ({inherits})"));
    }
    if let Some(by) = fact(facts, "partition by") {
        sql.push_str(&format!(" partition by {}", lower(by)));
    }
    if let Some(method) = fact(facts, "access method") {
        sql.push_str(&format!(" using {method}"));
    }
    if let Some(list) = fact(facts, "options") {
        sql.push_str(&format!(" with ({})", options(list)));
    }
    if let Some(server) = fact(facts, "server") {
        sql.push_str(&format!(" server {server}"));
        if let Some(options) = fact(facts, "foreign options") {
            sql.push_str(&format!(" options ({options})"));
        }
    }
    let mut steps = vec![Step::new(sql)];
    steps.extend(comment::of_new(plan, key));
    for (part, facts) in &columns {
        if let Some(parent) = Plan::of_parents(plan.wanted, part).first()
            && let Some(inherited) = plan.wanted.objects.get(parent)
        {
            let mut inherited = inherited.clone();
            // Neither is inherited.
            inherited.remove("comment");
            inherited.remove("identity");
            if !is_partition {
                inherited.remove("statistics target");
                inherited.remove("options");
            }
            steps.extend(column::changes(plan, part, &inherited, facts).0);
        } else {
            steps.extend(column::settings(part, &Facts::new(), facts));
        }
        steps.extend(comment::of_new(plan, part));
    }
    for (part, facts) in constraints {
        steps.extend(super::altering::settings(plan, part, &Facts::new(), facts));
        steps.extend(comment::of_new(plan, part));
    }
    steps
}

/// What can be altered of a table that is there; one that was just made has no facts yet.
pub(super) fn settings(key: &Key, found: &Facts, wanted: &Facts, is_new: bool) -> Vec<Step> {
    let name = key.name.as_str();
    let has = |facts: &Facts, name: &str| facts.contains_key(name);
    let mut changes: Vec<String> = Vec::new();
    let mut flag = |name: &str, on: &str, off: &str| {
        if has(found, name) != has(wanted, name) {
            changes.push(if has(wanted, name) { on } else { off }.to_owned());
        }
    };
    if !is_new {
        flag("unlogged", "set unlogged", "set logged");
    }
    flag(
        "row level security",
        "enable row level security",
        "disable row level security",
    );
    flag(
        "forced row level security",
        "force row level security",
        "no force row level security",
    );
    if !is_new {
        changes.extend(option_changes(
            fact(found, "options"),
            fact(wanted, "options"),
        ));
        if found.get("access method") != wanted.get("access method") {
            let method = fact(wanted, "access method").unwrap_or("heap");
            changes.push(format!("set access method {method}"));
        }
    }
    let identity = (
        fact(found, "replica identity"),
        fact(wanted, "replica identity"),
    );
    // The one of an index is set with the index.
    let is_foreign = fact(wanted, "kind") == Some("foreign");
    if identity.0 != identity.1 && identity.1 != Some("index") && !is_foreign {
        changes.push(format!(
            "replica identity {}",
            identity.1.unwrap_or("default")
        ));
    }
    let steps = changes.into_iter();
    steps
        .map(|change| Step::new(format!("alter table {name} {change}")))
        .collect()
}

/// Gives up the parents that a table does not keep, before anything is changed.
pub(super) fn unlink(plan: &Plan<'_>, key: &Key) -> Vec<String> {
    let name = key.name.as_str();
    let kept = plan.links(name);
    let old = Plan::parents(plan.found, name).into_iter();
    let gone = old.filter(|parent| !kept.contains(parent));
    let is_partition = plan.found_fact(key, "partition bound").is_some();
    gone.map(|parent| match is_partition {
        true => format!("alter table {parent} detach partition {name}"),
        false => format!("alter table {name} no inherit {parent}"),
    })
    .collect()
}

/// Takes the parents that a table did not keep, after all of its columns are there; gives a partition its new bounds.
pub(super) fn link(plan: &Plan<'_>, key: &Key) -> Vec<Step> {
    let name = key.name.as_str();
    let kept = plan.links(name);
    let bound = plan.wanted_fact(key, "partition bound").map(lower);
    let all = Plan::parents(plan.wanted, name).into_iter();
    let come = all.filter(|parent| !kept.contains(parent));
    come.map(|parent| {
        Step::new(match &bound {
            Some(bound) => format!("alter table {parent} attach partition {name} {bound}"),
            None => format!("alter table {name} inherit {parent}"),
        })
    })
    .collect()
}
