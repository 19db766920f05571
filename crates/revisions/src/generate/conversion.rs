//! How the values of a column become those of another type. Whether they lose something by it is in `lossless.rs`.

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

/// Whether a conversion takes the time zone of the session, so that it depends on who runs it.
pub(super) fn depends_on_time_zone(old: &str, new: &str) -> bool {
    let has_zone = |kind: &str| kind.starts_with("timestamp") && kind.contains("with time zone");
    let is_time = |kind: &str| kind.starts_with("timestamp") || kind == "date";
    is_time(old) && is_time(new) && has_zone(old) != has_zone(new)
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
