//! What keeps others from a table for long: by a lock of its own, by writing all rows, by doing both to several tables.

use super::actions;
use crate::lexer::Kind;
use crate::lint::relations::News;
use crate::lint::words::{Name, Words};
use crate::lint::{Script, Violation};

/// `repeats` is whether the statement runs again and again, on some rows each time.
pub(super) fn violations(words: &Words<'_>, repeats: bool) -> Vec<Violation> {
    let found = [
        lock(words),
        reindex(words),
        refresh(words),
        rewrite(words),
        update(words).filter(|_| !repeats),
    ];
    let mut found: Vec<Violation> = found.into_iter().flatten().collect();
    found.extend(actions(words).iter().filter_map(rewriting_action));
    found
}

fn lock(words: &Words<'_>) -> Option<Violation> {
    let light = [["access", "share"], ["row", "share"], ["row", "exclusive"]];
    let mode = words.find(0, "in");
    let is_light = mode.is_some_and(|at| light.iter().any(|mode| words.are(at + 1, mode)));
    let is_it = words.is(0, "lock") && !is_light;
    let reason = "others wait for the table until the transaction ends";
    Violation::new("ban-lock-table", words.range.clone(), reason).filter(|_| is_it)
}

fn reindex(words: &Words<'_>) -> Option<Violation> {
    let is_it = words.is(0, "reindex") && !words.has("concurrently");
    let reason =
        "nobody writes the table while its index is built anew, nor reads it by this index";
    Violation::new("require-concurrent-reindex", words.range.clone(), reason).filter(|_| is_it)
}

fn refresh(words: &Words<'_>) -> Option<Violation> {
    let is_it = words.is(0, "refresh") && !words.has("concurrently");
    let is_it = is_it && !words.are(words.len().saturating_sub(3), &["with", "no", "data"]);
    let reason = "nobody reads the view while it is filled anew";
    Violation::new("require-concurrent-refresh", words.range.clone(), reason).filter(|_| is_it)
}

const REWRITES: &str = "all rows are written anew, and nobody reads or writes the table meanwhile";

fn rewrite(words: &Words<'_>) -> Option<Violation> {
    let is_it = words.is(0, "cluster") || words.is(0, "vacuum") && words.has("full");
    Violation::new("ban-table-rewrite", words.range.clone(), REWRITES).filter(|_| is_it)
}

fn rewriting_action(action: &Words<'_>) -> Option<Violation> {
    let is_it = action.is(0, "set") && action.is_any(1, &["logged", "unlogged", "tablespace"])
        || action.are(0, &["set", "access", "method"]);
    let range = action.head(action.len());
    Violation::new("ban-table-rewrite", range, REWRITES).filter(|_| is_it)
}

/// Of all rows, or of those that have no value yet, which are as good as all.
fn update(words: &Words<'_>) -> Option<Violation> {
    let is_it = words.is(0, "update")
        && words
            .find(0, "where")
            .is_none_or(|at| asks_for_nulls_alone(words, at + 1));
    let reason = "all of these rows are locked until the transaction ends, and whoever changes one of them waits";
    Violation::new("require-batched-update", words.range.clone(), reason).filter(|_| is_it)
}

/// Whether a condition only says which columns are null.
fn asks_for_nulls_alone(words: &Words<'_>, from: usize) -> bool {
    let end = words.find(from, "returning").unwrap_or(words.len());
    let is_plain = |at: usize| match words.kind(at) {
        Some(Kind::Word | Kind::QuotedName) => !words.is_any(at, &["select", "in", "like"]),
        Some(Kind::Symbol) => words.is_any(at, &["(", ")", "."]),
        _ => false,
    };
    (from..end).all(is_plain) && (from..end).any(|at| words.are(at, &["is", "null"]))
}

/// The second table that a transaction locks so that nobody reads it.
pub(super) fn several(script: &Script<'_>, news: &News) -> Option<Violation> {
    let mut first: Option<&Name> = None;
    for words in &script.statements {
        if !locks_out_readers(words) {
            continue;
        }
        for name in news.in_use(words.range.start) {
            if let Some(first) = first.filter(|first| !first.may_be(name)) {
                let reason = format!(
                    "this transaction keeps everybody from {first}, and then from {name} too: whoever uses them in the other order waits for it while it waits for them, until PostgreSQL cancels one of the two"
                );
                let length = words.find(0, &name.name).unwrap_or(2) + 1;
                return Violation::new("several-table-locks", words.head(length), reason);
            }
            first = Some(name);
        }
    }
    None
}

/// Whether a statement takes an access exclusive lock on the tables that it is about.
fn locks_out_readers(words: &Words<'_>) -> bool {
    match words.text(0).to_ascii_lowercase().as_str() {
        "truncate" => true,
        "drop" => words.is(1, "table"),
        "alter" if words.is(1, "table") => actions(words).iter().any(|action| !is_light(action)),
        _ => false,
    }
}

/// What `alter table` does under a weaker lock.
fn is_light(action: &Words<'_>) -> bool {
    let is_statistics = action.find(0, "statistics").is_some();
    let is_foreign_key =
        action.find(0, "references").is_some() && action.find(0, "foreign").is_some();
    is_statistics
        || is_foreign_key
        || action.is_any(
            0,
            &[
                "validate", "attach", "cluster", "enable", "disable", "reset",
            ],
        )
        || action.are(0, &["set", "("])
        || action.are(0, &["set", "without"])
}
