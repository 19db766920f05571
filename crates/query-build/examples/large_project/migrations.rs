//! The migrations: in each five, three make a table, one gives the first of them two columns more and a check, and one makes
//! an index of it concurrently and validates the check.

use crate::table::{COUNT, DUE_AT_INDEX, PRIORITY, Table};

/// How many revisions there are.
pub(crate) const REVISIONS: usize = COUNT / 3 * 5;

/// A revision: its file name without the ending, and its two scripts.
pub(crate) struct Revision {
    pub(crate) file: String,
    pub(crate) up: String,
    pub(crate) down: String,
}

/// The revision with this number.
pub(crate) fn revision(number: usize) -> Revision {
    let first = Table(number / 5 * 3);
    match number % 5 {
        3 => revision_of(number, "two_more_columns_of", first, "", grow(first)),
        4 => {
            let header = "-- transaction: none\n";
            revision_of(number, "an_index_of", first, header, settle(first))
        }
        offset => {
            let table = Table(first.0 + offset);
            let name = table.name();
            let scripts = (table.definition(false), format!("drop table {name};\n"));
            revision_of(number, "add", table, "", scripts)
        }
    }
}

fn revision_of(
    number: usize,
    what: &str,
    table: Table,
    header: &str,
    (up, down): (String, String),
) -> Revision {
    let name = table.name();
    let revises = match number.checked_sub(1) {
        Some(before) => format!("-- revises: {}\n", id(before)),
        None => String::new(),
    };
    let title = format!("-- {} {name}.\n", what.replace('_', " "));
    Revision {
        file: format!("U{}__{what}_{name}", id(number)),
        up: format!("{title}{revises}{header}\n{up}"),
        down: format!("{title}{header}\n{down}"),
    }
}

/// Days of January, hours, minutes: later ones are greater.
fn id(number: usize) -> u64 {
    let number = u64::try_from(number).unwrap_or(0);
    20_250_101_000_000 + number / 24 * 1_000_000 + number % 24 * 10_000
}

fn grow(table: Table) -> (String, String) {
    let name = table.name();
    let up = format!(
        "alter table {name} add column priority integer, add column due_at timestamptz;\n\
         alter table {name} add constraint {name}_priority_check check {PRIORITY} not valid;\n{}",
        table.later_comments()
    );
    (
        up,
        format!("alter table {name} drop column priority, drop column due_at;\n"),
    )
}

fn settle(table: Table) -> (String, String) {
    let name = table.name();
    let index = format!("{name}_due_at_idx");
    let check = format!("{name}_priority_check");
    (
        format!(
            "create index concurrently {index} on {name} {DUE_AT_INDEX};\n\
             alter table {name} validate constraint {check};\n"
        ),
        format!(
            "drop index concurrently {index};\n\
             alter table {name} drop constraint {check};\n\
             alter table {name} add constraint {check} check {PRIORITY} not valid;\n"
        ),
    )
}
