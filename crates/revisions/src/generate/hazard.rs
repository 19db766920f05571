//! What a statement does to those who use the database meanwhile: which tables it locks and how, and whether all rows are
//! read or written anew under that lock. Told from the generated statement and the two schemas; tests compare it with the
//! locks that PostgreSQL takes.
//!
//! Source: PostgreSQL's documentation, "Explicit Locking" and the notes of `alter table`; and `AlterTableGetLockLevel` and
//! `ATPrepCmd` in its `tablecmds.c`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Step;
use super::plan::Plan;

mod alter_table;
mod index;
mod walk;

#[cfg(feature = "lint")]
pub(crate) use alter_table::may_differ_by_row;
use walk::Walk;

/// What a statement does to a table that is there, or to a view or a materialized view, while its transaction lasts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hazard {
    /// The table, with its schema.
    pub relation: String,
    /// The strongest lock that is taken on it.
    pub lock: LockMode,
    /// Whether all its rows are read under the lock.
    pub scans: bool,
    /// Whether all its rows are written anew under the lock.
    pub rewrites: bool,
}

/// PostgreSQL's locks on tables, from the weakest that is of interest. Weaker ones are in nobody's way but in that of who
/// drops the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
    /// Reads and writes go on; other changes of the table wait.
    ShareUpdateExclusive,
    /// Reads go on, writes wait.
    Share,
    /// Reads go on, writes wait, and two of them wait for each other.
    ShareRowExclusive,
    /// Everybody waits.
    AccessExclusive,
}

impl LockMode {
    /// Who has to wait; nothing if reads and writes go on.
    #[must_use]
    pub fn blocks(self) -> Option<&'static str> {
        match self {
            Self::ShareUpdateExclusive => None,
            Self::Share | Self::ShareRowExclusive => Some("nobody writes it"),
            Self::AccessExclusive => Some("nobody reads or writes it"),
        }
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ShareUpdateExclusive => "share update exclusive",
            Self::Share => "share",
            Self::ShareRowExclusive => "share row exclusive",
            Self::AccessExclusive => "access exclusive",
        })
    }
}

impl Hazard {
    /// What a person should know before the statement runs on a large table; nothing if nobody waits for long.
    #[must_use]
    pub fn danger(&self) -> Option<String> {
        let waits = self.lock.blocks()?;
        let relation = &self.relation;
        match (self.rewrites, self.scans) {
            (true, _) => Some(format!(
                "all rows of {relation} are written anew, and {waits} meanwhile"
            )),
            (false, true) => Some(format!(
                "all rows of {relation} are read, and {waits} meanwhile"
            )),
            (false, false) => None,
        }
    }
}

impl fmt::Display for Hazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.relation, self.lock)?;
        f.write_str(match (self.rewrites, self.scans) {
            (true, _) => ", rewrites it",
            (false, true) => ", scans it",
            (false, false) => "",
        })
    }
}

/// Says of each step what it does to others.
pub(super) fn mark(plan: &Plan<'_>, steps: &mut [Step]) {
    let mut walk = Walk {
        plan,
        dropped: BTreeSet::new(),
        proved: BTreeSet::new(),
        aside: BTreeMap::new(),
    };
    for step in steps {
        step.hazards = walk.of(&step.sql);
    }
}
