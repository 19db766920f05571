//! What looks like a new name, and is written as a drop and an addition because nobody said so.

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
