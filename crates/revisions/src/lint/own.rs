//! The rules that squawk lacks, statement by statement. What is about new tables alone is sorted out afterwards, but for
//! what several statements do together.

use super::relations::News;
use super::words::Words;
use super::{Script, Violation};

mod columns;
mod data;
mod down;
mod locks;
mod settings;

/// What they find.
pub(super) fn violations(script: &Script<'_>, news: &News) -> Vec<Violation> {
    let mut violations = Vec::new();
    let repeats = script.revision.headers().repeat.is_some();
    for words in &script.statements {
        violations.extend(data::violations(words));
        violations.extend(locks::violations(words, repeats));
        violations.extend(columns::violations(words));
        violations.extend(settings::of_statement(words));
    }
    violations.extend(down::missing(script));
    violations.extend(settings::of_header(script));
    violations.extend(settings::squawks_waivers(script));
    if script.in_transaction {
        violations.extend(locks::several(script, news));
    }
    violations
}

/// The actions of an `alter table`, and of what is altered likewise.
fn actions<'a>(words: &Words<'a>) -> Vec<Words<'a>> {
    let at = words.skip(1, &["foreign", "materialized"]);
    if !words.is(0, "alter") || !words.is_any(at, &["table", "view"]) {
        return Vec::new();
    }
    let at = words.skip(at + 1, &["if", "exists", "only"]);
    match words.name(at) {
        Some((_, end)) => words.items(words.skip(end, &["*"])),
        None => Vec::new(),
    }
}
