//! What a person should know before it is done: what looks like a new name, and is written as a drop and an addition
//! because nobody said so; and what an object loses that is made again.

use std::collections::BTreeMap;

use super::Step;
use super::plan::{Fate, Plan};
use super::text::last;
use crate::catalog::{Class, Facts, Key, without_last};

/// Warns at the statements that drop a column or a table of which there is a new one of the same shape.
pub(super) fn of_lookalikes(plan: &Plan<'_>, steps: &mut [Step]) {
    for (old, new) in lookalikes(plan) {
        let (start, what) = match old.class {
            Class::Column => (
                format!(
                    "alter table {} drop column {};",
                    without_last(&old.name),
                    last(&old.name)
                ),
                "column",
            ),
            _ => (format!("drop table {};", old.name), "table"),
        };
        if let Some(step) = steps.iter_mut().find(|step| step.sql == start) {
            step.warning = Some(format!(
                "if this {what} only got the name {}, write `-- renamed-from: {}` above that in the model, and generate again",
                last(&new.name),
                last(&old.name)
            ));
        }
    }
}

/// What an object that is made again loses without a word, if that is known to be anything.
pub(super) fn of_made_again(plan: &Plan<'_>, key: &Key) -> Option<String> {
    let ties = plan.found.ties.get(key)?;
    let is_compared = plan.found.scope.privileges;
    let mut lost = Vec::new();
    if ties.has_grants && !is_compared {
        lost.push("without the privileges that were granted on it; grant them again");
    }
    // An owner that counts is given it back.
    if ties.has_other_owner && plan.found_fact(key, "owner").is_none() {
        lost.push(match runs_as_owner(plan, key) {
            true => {
                "and then belongs to whoever does that, so that it runs with other rights; give it back to its owner"
            }
            false => "and then belongs to whoever does that; give it back to its owner",
        });
    }
    let lost = lost.join(", ");
    (!lost.is_empty()).then(|| format!("{key} is made again, {lost}"))
}

/// Whether an object does what it does with the rights of its owner, whoever uses it.
fn runs_as_owner(plan: &Plan<'_>, key: &Key) -> bool {
    match key.class {
        Class::Function | Class::Procedure => {
            let definition = plan.found_fact(key, "definition").unwrap_or_default();
            // The body comes after the first `AS`.
            let head = definition.split("\nAS ").next().unwrap_or_default();
            head.contains("SECURITY DEFINER")
        }
        Class::View => {
            let options = plan.found_fact(key, "options").unwrap_or_default();
            !options.contains("security_invoker=true") && !options.contains("security_invoker=on")
        }
        Class::MaterializedView => true,
        _ => false,
    }
}

fn lookalikes(plan: &Plan<'_>) -> Vec<(Key, Key)> {
    let with = |fate: Fate, class: Class| {
        let fates = plan
            .fates()
            .filter(move |(key, is)| **is == fate && key.class == class);
        fates.map(|(key, _)| key.clone()).collect::<Vec<_>>()
    };
    let mut pairs = Vec::new();
    for class in [Class::Table, Class::Column] {
        let mut new = with(Fate::Make, class);
        for old in with(Fate::Drop, class) {
            let is_alike = |new: &Key| match class {
                Class::Table => {
                    let shape = shape(plan.found, &old.name);
                    !shape.is_empty() && shape == self::shape(plan.wanted, &new.name)
                }
                _ => {
                    let same =
                        |name: &str| plan.found_fact(&old, name) == plan.wanted_fact(new, name);
                    without_last(&old.name) == without_last(&new.name)
                        && same("type")
                        && same("not null")
                }
            };
            if let Some(at) = new.iter().position(is_alike) {
                pairs.push((old, new.remove(at)));
            }
        }
    }
    pairs
}

/// The columns of a table, without what else is said of them.
fn shape(catalog: &crate::catalog::Catalog, table: &str) -> BTreeMap<String, Option<String>> {
    let all = catalog.objects.iter();
    let own = all.filter(|(key, _)| key.class == Class::Column && without_last(&key.name) == table);
    let kind = |facts: &Facts| facts.get("type").cloned();
    own.map(|(key, facts)| (last(&key.name).to_owned(), kind(facts)))
        .collect()
}
