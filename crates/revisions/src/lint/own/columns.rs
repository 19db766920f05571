//! New columns whose value PostgreSQL has to write into each row, or to look at in each.

use super::actions;
use crate::lint::Violation;
use crate::lint::words::Words;

const SERIALS: [&str; 6] = [
    "serial",
    "serial2",
    "serial4",
    "serial8",
    "bigserial",
    "smallserial",
];

pub(super) fn violations(words: &Words<'_>) -> Vec<Violation> {
    let actions = actions(words);
    let added = actions.iter().filter(|action| action.is(0, "add"));
    let added = added.filter_map(|action| {
        let at = action.skip(1, &["column", "if", "not", "exists"]);
        let is_constraint = action.is_any(
            1,
            &[
                "constraint",
                "primary",
                "unique",
                "check",
                "foreign",
                "exclude",
            ],
        );
        let (_, end) = action.name(at).filter(|_| !is_constraint)?;
        Some([serial(action, end), check(action, end)])
    });
    added.flatten().flatten().collect()
}

/// `at` is behind the name of the column. squawk looks for identities, as for all that is generated.
fn serial(action: &Words<'_>, at: usize) -> Option<Violation> {
    let reason = "each row gets a number, so all rows are written anew, and nobody reads or writes the table meanwhile";
    let range = action.between(at, at + 1);
    Violation::new("adding-serial-field", range, reason).filter(|_| action.is_any(at, &SERIALS))
}

fn check(action: &Words<'_>, at: usize) -> Option<Violation> {
    let check = action.find(at, "check")?;
    let end = action.behind_brackets(check + 1);
    let reason = "the check of a new column is held against all rows, and nobody reads or writes the table meanwhile";
    Violation::new("adding-checked-field", action.between(check, end), reason)
}
