//! Whether all values of a type can become those of another without losing anything, or being refused. What is not known to
//! lose nothing is held to lose something.
//!
//! Source: PostgreSQL's `pg_cast`, and its documentation, chapter "Data Types".

use super::plan::Plan;
use super::text::fact;
use crate::catalog::{Catalog, Class};

/// Whether a conversion may silently change what a value says. Values that PostgreSQL refuses are not lost.
pub(super) fn loses(plan: &Plan<'_>, old: &str, new: &str, is_explicit: bool) -> bool {
    let (old, new) = (plain(plan.found, old), plain(plan.wanted, new));
    let item = |kind: &str| kind.strip_suffix("[]").map(str::to_owned);
    match (item(&old), item(&new)) {
        (Some(old), Some(new)) => !keeps(plan, &Kind::of(&old), &Kind::of(&new), is_explicit),
        // An array of one, or its text.
        (None, Some(new)) => !keeps(plan, &Kind::of(&old), &Kind::of(&new), is_explicit),
        (Some(_), None) => !Kind::of(&new).is_any_text(),
        (None, None) => !keeps(plan, &Kind::of(&old), &Kind::of(&new), is_explicit),
    }
}

/// The type that a domain is made of, however deep.
fn plain(catalog: &Catalog, kind: &str) -> String {
    let (base, array) = match kind.strip_suffix("[]") {
        Some(base) => (base, "[]"),
        None => (kind, ""),
    };
    let facts = catalog.get(Class::Domain, base);
    match facts.and_then(|facts| fact(facts, "type")) {
        Some(of) => plain(catalog, of) + array,
        None => kind.to_owned(),
    }
}

/// A type, taken apart: `numeric(10,2)`, `timestamp(0) with time zone`.
struct Kind {
    base: String,
    limits: Vec<i64>,
}

impl Kind {
    fn of(text: &str) -> Self {
        let Some((before, rest)) = text.split_once('(') else {
            let (base, limits) = (text.trim().to_owned(), Vec::new());
            return Self { base, limits };
        };
        let (inner, after) = rest.split_once(')').unwrap_or((rest, ""));
        let limits = inner.split(',').filter_map(|it| it.trim().parse().ok());
        let base = format!("{} {}", before.trim(), after.trim());
        Self {
            base: base.trim().to_owned(),
            limits: limits.collect(),
        }
    }

    fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.base.as_str())
    }

    fn is_any_text(&self) -> bool {
        self.is(&["text", "character varying"]) && self.limits.is_empty()
    }

    fn scale(&self) -> Option<i64> {
        match self.limits.as_slice() {
            [_, scale] => Some(*scale),
            [_] => Some(0),
            _ => None,
        }
    }

    /// The digits of a second that are kept.
    fn precision(&self) -> i64 {
        self.limits.first().copied().unwrap_or(6)
    }
}

const INTEGERS: [&str; 3] = ["smallint", "integer", "bigint"];
const TEXTS: [&str; 3] = ["text", "character varying", "character"];

fn keeps(plan: &Plan<'_>, old: &Kind, new: &Kind, is_explicit: bool) -> bool {
    let is_enum = |kind: &Kind| {
        let is = |catalog: &Catalog| catalog.get(Class::Enum, &kind.base).is_some();
        is(plan.found) || is(plan.wanted)
    };
    if old.base == new.base && old.limits == new.limits || new.is_any_text() {
        return true;
    }
    if old.is(&TEXTS) && (new.is(&["uuid", "json", "boolean"]) || new.is(&INTEGERS) || is_enum(new))
    {
        return true;
    }
    if is_enum(old) && is_enum(new) {
        // A value that the new one does not have is refused.
        return true;
    }
    if new.is(&["character varying", "character"]) && (old.is(&TEXTS) || is_enum(old)) {
        return fits(old, new, is_explicit);
    }
    if new.is(&["bit", "bit varying"]) && old.is(&["bit", "bit varying"]) {
        return fits(old, new, is_explicit);
    }
    if new.is(&INTEGERS) {
        let is_whole = old.is(&["numeric"]) && old.scale().is_some_and(|scale| scale <= 0);
        return old.is(&INTEGERS) || old.is(&["boolean"]) || is_whole;
    }
    if new.is(&["numeric"]) {
        return match (new.scale(), old.scale()) {
            (None, _) => old.is(&INTEGERS) || old.is(&["numeric"]),
            (Some(scale), _) if old.is(&INTEGERS) => scale >= 0,
            (Some(scale), Some(before)) => old.is(&["numeric"]) && scale >= before,
            (Some(_), None) => false,
        };
    }
    if new.is(&["double precision"]) {
        return old.is(&["smallint", "integer", "real"]);
    }
    if new.is(&["real"]) {
        return old.is(&["smallint"]);
    }
    keeps_time(old, new)
        || new.is(&["inet"]) && old.is(&["cidr"])
        || new.is(&["json"]) && old.is(&["jsonb"])
}

/// Without an explicit cast, PostgreSQL refuses what is too long instead of cutting it.
fn fits(old: &Kind, new: &Kind, is_explicit: bool) -> bool {
    match (new.limits.first(), old.limits.first()) {
        (None, _) => new.base != "bit" && new.base != "character",
        (Some(new), Some(old)) if new >= old => true,
        _ => !is_explicit,
    }
}

fn keeps_time(old: &Kind, new: &Kind) -> bool {
    let is_precise = new.precision() >= old.precision();
    match old.base.as_str() {
        "date" => new.base.starts_with("timestamp"),
        // The time zone is another matter: see `conversion.rs`.
        "timestamp without time zone" => new.base.starts_with("timestamp") && is_precise,
        base if base.starts_with("time") => base == new.base && is_precise,
        "interval" => new.base == "interval" && is_precise,
        _ => false,
    }
}
