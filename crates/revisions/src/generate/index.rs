//! Indexes: built while the table is in use, and the new one before the old one goes.

use super::Step;
use super::plan::{Fate, Plan, owner};
use super::text::{fact, lower, schema};
use super::types::aside;
use crate::catalog::{Class, Facts, Key};

/// Makes an index; nothing for one that comes with that of a partitioned table.
pub(super) fn make(plan: &Plan<'_>, key: &Key, facts: &Facts) -> Vec<Step> {
    if facts.contains_key("partition of") {
        return Vec::new();
    }
    let definition = lower(fact(facts, "definition").unwrap_or_default());
    if !is_in_use(plan, key) {
        return vec![Step::new(definition.replacen(" on only ", " on ", 1))];
    }
    let build = definition.replacen("index ", "index concurrently ", 1);
    let mut steps = vec![Step::new(build).outside()];
    if is_replaced(plan, key) {
        let aside = aside(key);
        let rename = format!("alter index {} rename to {aside}", key.name);
        steps.insert(0, Step::new(rename).outside());
        let drop = format!("drop index concurrently {}.{aside}", schema(&key.name));
        steps.push(Step::new(drop).outside());
    }
    steps
}

/// Whether the old index stays under another name until the new one is there: if nothing that it needs goes or changes.
pub(super) fn is_replaced(plan: &Plan<'_>, key: &Key) -> bool {
    let table = |facts: Option<&Facts>| facts.and_then(|facts| facts.get("table").cloned());
    let (found, wanted) = (plan.found.objects.get(key), plan.wanted.objects.get(key));
    let is_alone = |facts: Option<&Facts>| facts.is_some_and(|it| !it.contains_key("partition of"));
    let is_shaky =
        |need: &Key| plan.goes(need) || plan.is_shaken(need) || plan.retyped.contains(need);
    key.class == Class::Index
        && plan.fate(key) == Some(Fate::Remake)
        && table(found) == table(wanted)
        && is_alone(found)
        && is_alone(wanted)
        && is_in_use(plan, key)
        && !plan
            .found
            .ties
            .get(key)
            .is_some_and(|ties| ties.needs.iter().any(is_shaky))
}

/// Whether the table was there before, and is one whose indexes can be built concurrently.
fn is_in_use(plan: &Plan<'_>, key: &Key) -> bool {
    owner(plan.wanted, key).is_some_and(|owner| {
        let is_plain = plan.wanted_fact(&owner, "kind").is_none();
        owner.class == Class::Table && is_plain && !plan.comes(&owner)
    })
}
