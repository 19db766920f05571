//! Removing events of jobs that ended some time ago, look by look. A look is at so many jobs and no more, whether they have
//! ended or not: many may wait for longer than events are kept, and looking through all of them each time would be work for
//! nothing. So this process remembers where it stopped, goes on from there, and begins anew when it came to the end. No SQL
//! is here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::db::{Database, DbError};
use crate::domain::ids::JobId;

/// How much one look takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// At how many jobs it looks.
    pub looked_at_jobs: i64,
    /// Of how many of them it removes events; these are locked meanwhile.
    pub ended_jobs: i64,
    /// How many events it removes.
    pub rows: i64,
}

impl Bounds {
    /// Of a round of housekeeping. A job has a handful of events or more.
    pub const ROUND: Self = Self {
        looked_at_jobs: 1000,
        ended_jobs: 100,
        rows: 1000,
    };
}

/// A place in the order in which jobs are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// When the event was written by which the job is found.
    pub created_at: DateTime<Utc>,
    /// The job.
    pub job_id: JobId,
}

impl Place {
    /// Before all jobs.
    pub const BEGINNING: Self = Self {
        created_at: DateTime::<Utc>::UNIX_EPOCH,
        job_id: JobId(0),
    };
}

/// What one look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// How many events were removed.
    pub removed: usize,
    /// Behind which place the next look begins; none when there was nothing left to look at.
    pub reached: Option<Place>,
}

/// How far this process has looked. Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Mutex<[Option<Place>; 2]>>);

/// By which event jobs are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    /// The first one, which is removed last.
    First,
    /// The last one, of jobs that have no first one any more: the release before this one began with that.
    Last,
}

impl Progress {
    fn place(&self, by: FoundBy) -> Place {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places[by as usize].unwrap_or(Place::BEGINNING)
    }

    fn reach(&self, by: FoundBy, place: Option<Place>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)[by as usize] = place;
    }
}

/// One look for each way to find them; returns how many events were removed.
///
/// # Errors
/// If the database fails. The next look begins where this one did.
pub async fn remove(db: &Database, retention: Duration, bounds: Bounds) -> Result<usize, DbError> {
    let mut removed = 0;
    for by in [FoundBy::First, FoundBy::Last] {
        let after = db.old_events_progress().place(by);
        let looked = db
            .remove_old_job_events(by, retention, after, bounds)
            .await?;
        db.old_events_progress().reach(by, looked.reached);
        removed += looked.removed;
    }
    Ok(removed)
}
