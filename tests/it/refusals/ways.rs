//! The ways, by what is broken. A new rule of the build has a way here.

use super::way::Way;

mod headers;
mod history;
mod lints;
mod nulls;
mod plans;
mod proof;
mod queries;
mod released;
mod settings;
mod texts;

/// All of them, in the order in which the page has them.
pub(super) fn all() -> Vec<Way> {
    let ways = [
        history::ways(),
        headers::ways(),
        proof::ways(),
        lints::ways(),
        released::ways(),
        queries::ways(),
        texts::ways(),
        nulls::ways(),
        plans::ways(),
        settings::ways(),
    ];
    ways.into_iter().flatten().collect()
}

/// A revision after all that there are. It needs no header: the parent is the revision before it.
const NEW: &str = "sql/U20990101000000__new.sql";
const NEW_DOWN: &str = "sql/U20990101000000__new.down.sql";
