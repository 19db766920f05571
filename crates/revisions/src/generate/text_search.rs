//! Configurations of text search: which dictionaries look at which kind of word.

use std::collections::BTreeMap;

use super::Step;
use super::text::{fact, items};
use crate::catalog::Facts;

pub(super) fn make(name: &str, facts: &Facts) -> Vec<Step> {
    let parser = fact(facts, "parser").unwrap_or_default();
    let sql = format!("create text search configuration {name} (parser = {parser})");
    let mut steps = vec![Step::new(sql)];
    steps.extend(changes(name, &Facts::new(), facts));
    steps
}

/// What leads from the mappings of one to those of another.
pub(super) fn changes(name: &str, found: &Facts, wanted: &Facts) -> Vec<Step> {
    let (found, wanted) = (mappings(found), mappings(wanted));
    let alter =
        |change: String| Step::new(format!("alter text search configuration {name} {change}"));
    let mut steps = Vec::new();
    let gone: Vec<&str> = found
        .keys()
        .filter(|kind| !wanted.contains_key(*kind))
        .copied()
        .collect();
    if !gone.is_empty() {
        steps.push(alter(format!("drop mapping for {}", gone.join(", "))));
    }
    // Those with the same dictionaries in one statement.
    let mut added: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (kind, dictionaries) in &wanted {
        let verb = match found.get(kind) {
            None => "add",
            Some(found) if found != dictionaries => "alter",
            Some(_) => continue,
        };
        added.entry((verb, dictionaries)).or_default().push(kind);
    }
    for ((verb, dictionaries), kinds) in added {
        let kinds = kinds.join(", ");
        steps.push(alter(format!(
            "{verb} mapping for {kinds} with {dictionaries}"
        )));
    }
    steps
}

/// The kinds of words, each with its dictionaries.
fn mappings(facts: &Facts) -> BTreeMap<&str, &str> {
    let all = fact(facts, "mappings").map(items).unwrap_or_default();
    let pairs = all.into_iter().filter_map(|item| item.split_once(" ("));
    pairs
        .map(|(kind, dictionaries)| (kind, dictionaries.trim_end_matches(')')))
        .collect()
}
