//! What loses rows, beyond the tables and columns that squawk looks for.

use super::actions;
use crate::lint::Violation;
use crate::lint::words::Words;

pub(super) fn violations(words: &Words<'_>) -> Vec<Violation> {
    let found = [truncate(words), delete(words), attribute(words)];
    let mut found: Vec<Violation> = found.into_iter().flatten().collect();
    found.extend(cascades(words));
    found
}

/// squawk looks for those with `cascade`.
fn truncate(words: &Words<'_>) -> Option<Violation> {
    let is_it = words.is(0, "truncate") && !words.has("cascade");
    let reason = "`truncate` removes all rows, and nobody reads or writes the table meanwhile";
    Violation::new("ban-truncate", words.range.clone(), reason).filter(|_| is_it)
}

fn delete(words: &Words<'_>) -> Option<Violation> {
    let is_it = words.is(0, "delete") && words.find(0, "where").is_none();
    let reason = "`delete` without a `where` removes all rows";
    Violation::new("ban-delete-without-where", words.range.clone(), reason).filter(|_| is_it)
}

fn attribute(words: &Words<'_>) -> Option<Violation> {
    let at = words.find(0, "drop")?;
    let is_it = words.are(0, &["alter", "type"]) && words.is(at + 1, "attribute");
    let range = words.between(at, words.len());
    let reason = "the values of the attribute are lost in all rows that have the type";
    Violation::new("ban-drop-attribute", range, reason).filter(|_| is_it)
}

/// `cascade` behind a drop: of a statement of its own, or of an action of `alter table`.
fn cascades(words: &Words<'_>) -> Vec<Violation> {
    let reason = "`cascade` drops whatever depends on it, and this file does not say what that is";
    let found = |piece: &Words<'_>| {
        let at = piece.find(0, "cascade").filter(|_| piece.is(0, "drop"))?;
        Violation::new("ban-drop-cascade", piece.between(at, at + 1), reason)
    };
    let owned = words.are(0, &["drop", "owned"]).then(|| {
        let reason =
            "`drop owned` drops all that a role has, and this file does not say what that is";
        Violation::new("ban-drop-cascade", words.range.clone(), reason)
    });
    let own = match owned {
        Some(owned) => owned,
        None => found(words),
    };
    let of_actions = actions(words);
    own.into_iter()
        .chain(of_actions.iter().filter_map(found))
        .collect()
}
