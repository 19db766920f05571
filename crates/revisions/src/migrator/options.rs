//! How a migrator behaves, and what it tells while it works.

use std::time::Duration;

use crate::migrator::lock::Holder;
use crate::revision::Revision;

/// How a [`Migrator`](crate::Migrator) waits and retries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How long to wait until no other migrator works on the database: 60 s.
    pub migration_lock_timeout: Duration,
    /// How long a statement of a migration waits for a lock on a table before the migration is rolled back: 5 s.
    /// Zero waits for ever, as it does for PostgreSQL.
    pub lock_timeout: Duration,
    /// How often a migration is tried when it does not get its locks: 10.
    pub lock_attempts: u32,
    /// The wait before the second attempt: 200 ms. It doubles with each attempt up to 25 times that; the waits
    /// vary by half, so that several do not keep step.
    pub retry_delay: Duration,
    /// How the commands are called in messages that say what to do: `cargo db`.
    pub program: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            migration_lock_timeout: Duration::from_secs(60),
            lock_timeout: Duration::from_secs(5),
            lock_attempts: 10,
            retry_delay: Duration::from_millis(200),
            program: "cargo db".to_owned(),
        }
    }
}

impl Options {
    /// The wait after the attempt `attempt` (from 1): doubling, capped, between half and one and a half of it.
    pub(crate) fn delay_after(&self, attempt: u32) -> Duration {
        let factor = 2_u32.saturating_pow(attempt.saturating_sub(1)).min(25);
        self.retry_delay
            .saturating_mul(factor)
            .mul_f64(0.5 + fastrand::f64())
    }
}

/// What happens while a migrator works; see [`Migrator::on_event`](crate::Migrator::on_event).
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another migrator is at work, and is waited for. Told once for each holder.
    Waiting(&'a Holder),
    /// A revision is about to be applied.
    Applying(&'a Revision),
    /// A revision has been applied; in a dry run, tried: told once no further attempt follows.
    Applied(&'a Applied),
    /// A revision is about to be undone.
    Undoing(&'a Revision),
    /// A revision has been undone.
    Undone(&'a Undone),
    /// A script outside of a transaction that was interrupted goes on.
    Resuming(&'a Revision, Standing),
    /// A batch of a revision that runs until there are no rows has been committed.
    Batch(&'a Revision, &'a Batch),
    /// A revision was left out of a dry run, since it cannot run in a transaction. Told as [`Event::Applied`] is then.
    NotTried(&'a Revision),
    /// A revision did not get its locks; it is rolled back, and will be tried again.
    Retrying {
        /// The revision.
        revision: &'a Revision,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// How many there may be.
        attempts: u32,
        /// The wait before the next.
        delay: Duration,
    },
}

/// What stands of an interrupted script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standing {
    /// How many of its statements are known to have been done.
    pub done: usize,
    /// How many it has.
    pub total: usize,
    /// The line of the one with which it goes on, and which was under way; `None` if all were done.
    pub next_line: Option<usize>,
    /// Whether that one may have been done or not, since it runs in no transaction that could have noted it; else it
    /// was not.
    pub next_is_uncertain: bool,
}

/// How far a revision is that runs until there are no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batch {
    /// How many batches were committed.
    pub number: u64,
    /// How many rows they changed, all together.
    pub rows: u64,
    /// How many rows the planner expected, before the first batch.
    pub estimated_rows: Option<u64>,
    /// How long they took, all together.
    pub elapsed: Duration,
}

/// A revision that has been applied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// Its id.
    pub id: i64,
    /// What it does.
    pub message: String,
    /// Its file.
    pub path: String,
    /// How long it took, all attempts together.
    pub duration: Duration,
}

/// A revision that has been undone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Undone {
    /// Its id.
    pub id: i64,
    /// What it did.
    pub message: String,
    /// The script that undid it.
    pub path: String,
    /// How long it took, all attempts together.
    pub duration: Duration,
}

/// What a stamp changed in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stamped {
    /// The revisions that are applied now, by its word, and were not before.
    pub added: Vec<i64>,
    /// The revisions that were applied before and are not any more, by its word.
    pub removed: Vec<i64>,
    /// Where the database is now.
    pub heads: Vec<i64>,
}
