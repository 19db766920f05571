//! What happens to jobs that nobody takes care of: workers that died, waits that were too long, results whose time is
//! over. Any number of servers may do this at once: a row that one of them holds is skipped by the others.

use super::old_events::{self, Bounds};
use super::policy::Policy;
use crate::db::{Database, DbError};
use crate::domain::ids::JobId;

/// How many rows of each kind one round takes at most.
pub const BATCH_ROWS: i64 = 100;

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Round {
    /// Jobs that wait for another attempt, because their worker went silent.
    pub requeued: usize,
    /// Jobs that failed and were refunded, because their worker went silent in the last attempt.
    pub failed: usize,
    /// Jobs that were refunded because they waited too long.
    pub expired: usize,
    /// Results that were removed.
    pub removed_results: usize,
    /// Events that were removed.
    pub removed_events: usize,
    /// Whether there may be more to do right now.
    pub has_more: bool,
}

impl Round {
    /// Whether anything was done.
    pub fn did_something(&self) -> bool {
        self.requeued + self.failed + self.expired + self.removed_results + self.removed_events > 0
    }
}

/// One round, in a transaction for each job, so that one that cannot be helped does not hold up the others.
///
/// # Errors
/// If the database cannot be asked; what was done until then stays.
pub async fn round(db: &Database, policy: &Policy) -> Result<Round, DbError> {
    let mut round = Round::default();
    let silent = db.silent_jobs(BATCH_ROWS).await?;
    let waiting = db.expired_jobs(BATCH_ROWS).await?;
    round.has_more = is_full(&silent) || is_full(&waiting);
    for id in silent {
        match logged(id, db.rescue_job(id, policy).await)? {
            Some(after) if after.status == "queued" => round.requeued += 1,
            Some(_) => round.failed += 1,
            None => {}
        }
    }
    for id in waiting {
        if logged(id, db.expire_job(id).await.map(|done| done.then_some(())))?.is_some() {
            round.expired += 1;
        }
    }
    round.removed_results = db.remove_expired_results(BATCH_ROWS).await?;
    round.has_more |= round.removed_results as i64 == BATCH_ROWS;
    round.removed_events = old_events::remove(db, policy.event_retention, Bounds::ROUND).await?;
    // Few rows may be those of many jobs.
    round.has_more |= round.removed_events > 0;
    Ok(round)
}

fn is_full(found: &[JobId]) -> bool {
    found.len() as i64 == BATCH_ROWS
}

/// A job that a rule of the database holds back is somebody's to look at, and the next one is not to wait for that.
fn logged<T>(id: JobId, result: Result<Option<T>, DbError>) -> Result<Option<T>, DbError> {
    match result {
        Err(
            error @ (DbError::Constraint { .. } | DbError::Value { .. } | DbError::Timeout { .. }),
        ) => {
            tracing::error!(job_id = %id, %error, "a job cannot be rescued or expired");
            Ok(None)
        }
        other => other,
    }
}
