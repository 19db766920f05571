//! Unique and primary keys of a table that is in use: their index is built while rows are read and written, and then
//! becomes the constraint.

use super::Step;
use super::plan::{Plan, owner};
use super::text::{last, lower};
use crate::catalog::{Class, Key, without_last};

/// The steps that make the constraint from an index. Nothing where PostgreSQL has no such way: for partitioned tables, and
/// for other constraints; nor for a primary key over columns that may still have nulls, since it would look for them under
/// the lock.
pub(super) fn by_index(plan: &Plan<'_>, key: &Key, definition: &str) -> Option<Vec<Step>> {
    let table = owner(plan.wanted, key)?;
    if plan.wanted_fact(&table, "kind").is_some() {
        return None;
    }
    let (kind, rest) = if let Some(rest) = definition.strip_prefix("UNIQUE ") {
        ("unique", rest)
    } else {
        let rest = definition.strip_prefix("PRIMARY KEY ")?;
        takes_no_null(plan, key).then_some(("primary key", rest))?
    };
    let (nulls, rest) = match rest.strip_prefix("NULLS NOT DISTINCT ") {
        Some(rest) => (" nulls not distinct", rest),
        None => ("", rest),
    };
    let (columns, timing) = match rest.find(" DEFERRABLE") {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (on, name) = (without_last(&key.name), last(&key.name));
    let (columns, timing) = (lower(columns), lower(timing));
    let index =
        format!("create unique index concurrently {name} on {on} using btree {columns}{nulls}");
    let constraint =
        format!("alter table {on} add constraint {name} {kind} using index {name}{timing}");
    Some(vec![
        Step::new(index).outside(),
        Step::new(constraint).outside(),
    ])
}

/// Whether PostgreSQL knows already that the columns of a key have no nulls.
fn takes_no_null(plan: &Plan<'_>, key: &Key) -> bool {
    let ties = plan.wanted.ties.get(key);
    let columns = ties.into_iter().flat_map(|ties| &ties.needs);
    columns
        .filter(|need| need.class == Class::Column)
        .all(|column| !plan.comes(column) && plan.found_fact(column, "not null").is_some())
}
