//! Sequences: those that stand alone, those that belong to a column, and those of identity columns.

use super::Step;
use super::making::Steps;
use super::plan::Plan;
use super::text::{fact, last, literal, schema};
use super::types::aside;
use crate::catalog::{Class, Facts, Key, without_last};

/// Makes a sequence, and gives it its owner. That of an identity column is made with the column.
pub(super) fn make(plan: &Plan<'_>, key: &Key, facts: &Facts) -> Steps {
    if facts.contains_key("identity of") {
        return Steps::default();
    }
    let unlogged = if facts.contains_key("unlogged") {
        "unlogged "
    } else {
        ""
    };
    let kind = fact(facts, "type").unwrap_or("bigint");
    let mut sql = format!("create {unlogged}sequence {}", key.name);
    if kind != "bigint" {
        sql.push_str(&format!(" as {kind}"));
    }
    for option in options(facts, kind) {
        sql.push_str(&format!(" {option}"));
    }
    let mut later = Vec::new();
    if let Some(column) = fact(facts, "owned by") {
        later.push(owned_by(key, column));
        later.extend(go_on(plan, &super::text::column(column)));
    }
    (vec![Step::new(sql)], later)
}

pub(super) fn owned_by(key: &Key, column: &str) -> Step {
    Step::new(format!("alter sequence {} owned by {column}", key.name))
}

/// What follows `as identity`.
pub(super) fn of_identity(plan: &Plan<'_>, column: &Key) -> String {
    let all = plan.wanted.objects.iter();
    let mut sequences = all.filter(|(key, facts)| {
        key.class == Class::Sequence && fact(facts, "identity of") == Some(&column.name)
    });
    let Some((key, facts)) = sequences.next() else {
        return String::new();
    };
    let mut words = Vec::new();
    let plain = |name: &str| name.trim_matches('"').to_owned();
    let table = without_last(&column.name);
    let usual = format!("{}_{}_seq", plain(last(table)), plain(last(&column.name)));
    if plain(last(&key.name)) != usual || schema(&key.name) != schema(table) {
        words.push(format!("sequence name {}", key.name));
    }
    words.extend(options(facts, fact(facts, "type").unwrap_or("bigint")));
    match words.is_empty() {
        true => String::new(),
        false => format!(" ({})", words.join(" ")),
    }
}

/// Lets the new sequence of a column go on after the values that are there, and after those that the old sequence gave
/// away.
pub(super) fn go_on(plan: &Plan<'_>, column: &Key) -> Vec<Step> {
    let (table, name) = (without_last(&column.name), last(&column.name));
    if plan.comes(&super::plan::table(table)) || plan.comes(column) {
        return Vec::new();
    }
    // pg_get_serial_sequence takes the table as SQL has it, and the column as the catalog has it.
    let plain = name.trim_matches('"').replace("\"\"", "\"");
    let own = format!(
        "pg_get_serial_sequence({}, {})",
        literal(table),
        literal(&plain)
    );
    let mut sequences = plan.found.objects.keys();
    let old = sequences.find(|key| {
        is_taken_over(plan, key) && plan.found_fact(key, "owned by") == Some(&column.name)
    });
    let Some(old) = old else {
        let sql = format!("select setval({own}, max({name})) from {table}");
        return vec![Step::new(sql)];
    };
    let aside = format!("{}.{}", schema(&old.name), aside(old));
    // The one that gives less than the other goes down.
    let is_falling =
        fact(&plan.found.objects[old], "increment").is_some_and(|it| it.starts_with('-'));
    let further = if is_falling { "least" } else { "greatest" };
    let end = if is_falling { "min" } else { "max" };
    let sql = format!(
        "select setval({own}, {further}(last_value, (select {end}({name}) from {table})), is_called or exists (select from {table}))\n  from {aside}"
    );
    // Else the column would have two sequences, and it is not said which one is meant.
    let free = format!("alter sequence {aside} owned by none");
    let drop = format!("drop sequence {aside}");
    [free, sql, drop].map(Step::new).to_vec()
}

/// Whether a sequence goes because its column gets an identity.
pub(super) fn is_taken_over(plan: &Plan<'_>, key: &Key) -> bool {
    let of = plan.found_fact(key, "owned by").map(super::text::column);
    key.class == Class::Sequence
        && plan.goes(key)
        && of.is_some_and(|of| {
            !plan.goes(&of)
                && plan.found_fact(&of, "identity").is_none()
                && plan.wanted_fact(&of, "identity").is_some()
        })
}

/// Lets an old sequence stay under another name, until the new one knows how far it was.
pub(super) fn put_aside(key: &Key) -> Step {
    Step::new(format!(
        "alter sequence {} rename to {}",
        key.name,
        aside(key)
    ))
}

/// The options that are not the usual ones.
fn options(facts: &Facts, kind: &str) -> Vec<String> {
    let number = |name: &str| fact(facts, name).and_then(|value| value.parse::<i64>().ok());
    let increment = number("increment").unwrap_or(1);
    let (least, most) = match kind {
        "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
        "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let (minimum, maximum) = if increment > 0 {
        (1, most)
    } else {
        (least, -1)
    };
    let start = if increment > 0 {
        number("minimum")
    } else {
        number("maximum")
    };
    let usual = [
        ("increment", "increment by", Some(1)),
        ("minimum", "minvalue", Some(minimum)),
        ("maximum", "maxvalue", Some(maximum)),
        ("start", "start with", start),
        ("cache", "cache", Some(1)),
    ];
    let mut options = Vec::new();
    for (name, words, usual) in usual {
        if let Some(value) = number(name).filter(|value| Some(*value) != usual) {
            options.push(format!("{words} {value}"));
        }
    }
    if facts.contains_key("cycle") {
        options.push("cycle".to_owned());
    }
    options
}

/// What leads from one sequence to another, and its owner, which may have to be made first.
pub(super) fn changes(plan: &Plan<'_>, key: &Key, found: &Facts, wanted: &Facts) -> Steps {
    let mut words = Vec::new();
    let differs = |name: &str| found.get(name) != wanted.get(name);
    if differs("type") {
        words.push(format!("as {}", fact(wanted, "type").unwrap_or("bigint")));
    }
    let all = [
        ("increment", "increment by"),
        ("minimum", "minvalue"),
        ("maximum", "maxvalue"),
        ("start", "start with"),
        ("cache", "cache"),
    ];
    for (name, option) in all {
        if differs(name) || (differs("type") && matches!(name, "minimum" | "maximum")) {
            words.push(format!(
                "{option} {}",
                fact(wanted, name).unwrap_or_default()
            ));
        }
    }
    let mut steps = Vec::new();
    match into_bounds(key, found, wanted) {
        Some(into) => steps.extend(into),
        // Where it was is not between its new ends.
        None => words.push("restart".to_owned()),
    }
    if differs("cycle") {
        let no = if wanted.contains_key("cycle") {
            ""
        } else {
            "no "
        };
        words.push(format!("{no}cycle"));
    }
    if !words.is_empty() {
        steps.push(Step::new(format!(
            "alter sequence {} {}",
            key.name,
            words.join(" ")
        )));
    }
    if differs("unlogged") {
        let kind = if wanted.contains_key("unlogged") {
            "unlogged"
        } else {
            "logged"
        };
        steps.push(Step::new(format!("alter sequence {} set {kind}", key.name)));
    }
    let mut later = Vec::new();
    if differs("owned by") {
        match fact(wanted, "owned by") {
            Some(column) => later.push(owned_by(key, column)),
            // If that column goes, this was said before.
            None if fact(found, "owned by")
                .is_some_and(|name| plan.goes(&super::text::column(name))) => {}
            None => steps.push(owned_by(key, "none")),
        }
    }
    (steps, later)
}

/// Moves a sequence that may stand outside of its new ends to the nearer one; nothing if it has to start again.
fn into_bounds(key: &Key, found: &Facts, wanted: &Facts) -> Option<Vec<Step>> {
    let number =
        |facts: &Facts, name: &str| fact(facts, name).and_then(|value| value.parse::<i64>().ok());
    let bounds = |facts: &Facts| Some((number(facts, "minimum")?, number(facts, "maximum")?));
    let runs_down = |facts: &Facts| number(facts, "increment").is_some_and(|it| it < 0);
    let ((old_least, old_most), (least, most)) = (bounds(found)?, bounds(wanted)?);
    if runs_down(found) != runs_down(wanted) || least > old_most || most < old_least {
        return None;
    }
    let name = &key.name;
    let set = |to: i64, is_called: bool, outside: &str| {
        Step::new(format!(
            "select setval({}, {to}, {is_called}) from {name} where last_value {outside} {to}",
            literal(name)
        ))
    };
    // At its last end it has given all that it had, at its first nothing yet.
    let mut steps = Vec::new();
    if least > old_least {
        steps.push(set(least, runs_down(wanted), "<"));
    }
    if most < old_most {
        steps.push(set(most, !runs_down(wanted), ">"));
    }
    Some(steps)
}
