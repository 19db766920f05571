//! How the values of a column become those of another type, and what they lose by it.

use super::plan::Plan;
use crate::catalog::Class;

/// What turns the old values into the new type, where PostgreSQL would not by itself.
pub(super) fn using(plan: &Plan<'_>, name: &str, old: &str, new: &str, retyped: bool) -> String {
    let base = |text: &str| {
        let base = text.split('(').next().unwrap_or_default().trim();
        match text.ends_with("[]") && !base.ends_with("[]") {
            true => format!("{base}[]"),
            false => base.to_owned(),
        }
    };
    // Arrays are as their items.
    let is_array = |text: &str| text.ends_with("[]");
    let same_depth = is_array(old) == is_array(new);
    let family = |text: &str| match base(text).trim_end_matches("[]") {
        "text" | "character varying" | "character" => 1,
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => 2,
        it if it.starts_with("timestamp") || it == "date" => 3,
        it if it.starts_with("bit") => 4,
        _ => 0,
    };
    if !retyped
        && (same_depth && family(old) != 0 && family(old) == family(new)
            || base(old) == base(new)
            || family(new) == 1 && !is_array(new) && !is_own(plan, old))
    {
        return String::new();
    }
    let array = if is_array(new) { "[]" } else { "" };
    if is_array(new) && !is_array(old) && is_own(plan, new) {
        return format!(" using case when {name} is not null then array[{name}::text] end::{new}");
    }
    let array = if is_array(old) { array } else { "" };
    match is_own(plan, old) || is_own(plan, new) {
        true => format!(" using {name}::text{array}::{new}"),
        false => format!(" using {name}::{new}"),
    }
}

/// Whether PostgreSQL would silently round or cut values.
pub(super) fn cuts(old: &str, new: &str, is_explicit: bool) -> bool {
    let is = |text: &str, names: &[&str]| names.iter().any(|name| text.starts_with(name));
    let scale = |text: &str| -> Option<i32> {
        let inner = text.split_once('(')?.1.split(')').next()?;
        inner
            .split_once(',')
            .map_or(Some(0), |(_, scale)| scale.trim().parse().ok())
    };
    let has_fractions = is(old, &["numeric", "real", "double"]);
    if is(new, &["smallint", "integer", "bigint"]) {
        return has_fractions
            && !(is(old, &["numeric"]) && scale(old).is_some_and(|scale| scale <= 0));
    }
    if is(new, &["numeric"]) && has_fractions {
        return match (scale(old), scale(new)) {
            (_, None) => false,
            (Some(old), Some(new)) => new < old,
            (None, Some(_)) => true,
        };
    }
    let loses_time = is(old, &["timestamp"]) && is(new, &["date", "time "]);
    let is_shorter = is(new, &["character", "bit"]) && new.contains('(') && is_explicit;
    loses_time || is_shorter || is(new, &["real"]) && is(old, &["numeric", "double"])
}

/// Whether a type belongs to the schema.
fn is_own(plan: &Plan<'_>, name: &str) -> bool {
    let name = name.trim_end_matches("[]");
    let is_type = |class| {
        plan.found
            .get(class, name)
            .or(plan.wanted.get(class, name))
            .is_some()
    };
    is_type(Class::Enum) || is_type(Class::Domain)
}
