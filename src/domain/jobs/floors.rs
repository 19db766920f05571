//! Where the next claim begins to look: behind the last job that was claimed, in each priority. The index still has the
//! entries of those before it while an old transaction can see them queued, and a claim that begins at the beginning
//! reads them all.
//!
//! Below a floor a job may appear all the same: its order was committed late, its worker gave it back, its claim was
//! rolled back. A full look, from the beginning, finds it: when a quick one found nothing, and now and then. No SQL and
//! no statement is here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::Priority;
use super::lease::ClaimedJob;
use crate::domain::ids::JobId;
use crate::domain::text::JobType;

/// Full looks take one part of so many of the time at most.
const SHARE: u32 = 20;
/// For so many sets of job types floors are remembered; the one that was not asked for the longest is forgotten, which
/// costs a full look.
const MAX_QUEUES: usize = 100;
const PRIORITIES: usize = Priority::HIGHEST.get() as usize + 1;

/// The floors of this process. Cheap to clone; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Floors(Arc<Mutex<HashMap<JobTypes, Queue>>>);

/// A place among the jobs of one priority, in the order in which they are claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Since when the job may be claimed.
    pub scheduled_at: DateTime<Utc>,
    /// The job.
    pub id: JobId,
}

impl Position {
    /// Before all jobs.
    const BEGINNING: Self = Self {
        scheduled_at: DateTime::<Utc>::UNIX_EPOCH,
        id: JobId(0),
    };
}

/// One look for jobs: where it begins in each priority, from 0 on.
#[derive(Debug, Clone)]
pub struct Look {
    floors: [Position; PRIORITIES],
    job_types: JobTypes,
    generation: u64,
    is_full: bool,
}

impl Look {
    /// Where it begins in each priority: behind these.
    pub fn floors(&self) -> impl Iterator<Item = (i16, Position)> {
        (0..).zip(self.floors)
    }

    /// Whether it begins at the beginning everywhere.
    pub fn is_full(&self) -> bool {
        self.is_full
    }
}

/// Sorted, each once.
type JobTypes = Vec<JobType>;

/// What is known of the jobs of some types.
#[derive(Debug)]
struct Queue {
    floors: [Position; PRIORITIES],
    /// Goes up when a full look sets floors: what a look from older ones found does not count any more.
    generation: u64,
    /// How long the last full look took, and when it ended; while one is under way, when it began.
    full_look: (Duration, Instant),
    used_at: Instant,
}

impl Floors {
    /// The look that is to be made now: a full one if the last one is longer ago than `interval` and its share of the
    /// time is not used up, or if nothing is known of these types.
    pub fn begin(&self, job_types: &[JobType], interval: Duration, now: Instant) -> Look {
        let job_types = sorted(job_types);
        let mut queues = self.lock();
        let Some(queue) = queues.get_mut(&job_types) else {
            forget_one(&mut queues);
            queues.insert(job_types.clone(), Queue::new(now));
            return Look {
                floors: [Position::BEGINNING; PRIORITIES],
                job_types,
                generation: 0,
                is_full: true,
            };
        };
        queue.used_at = now;
        let is_full = now
            >= queue
                .full_look_may_begin_at()
                .max(queue.full_look.1 + interval);
        queue.look(job_types, is_full, now)
    }

    /// The full look after a quick one that found nothing.
    ///
    /// # Errors
    /// When it may be made, if its share of the time is used up.
    pub fn begin_full(&self, quick: &Look, now: Instant) -> Result<Look, Instant> {
        let may_begin_at = self
            .lock()
            .get(&quick.job_types)
            .map_or(now, Queue::full_look_may_begin_at);
        match may_begin_at <= now {
            true => Ok(self.begin_full_at_any_price(quick, now)),
            false => Err(may_begin_at),
        }
    }

    /// The same for who cannot wait.
    pub fn begin_full_at_any_price(&self, quick: &Look, now: Instant) -> Look {
        let mut queues = self.lock();
        let queue = queues
            .entry(quick.job_types.clone())
            .or_insert_with(|| Queue::new(now));
        queue.look(quick.job_types.clone(), true, now)
    }

    /// Remembers what a look found, and how long its statement took.
    pub fn end(&self, look: &Look, jobs: &[ClaimedJob], took: Duration, now: Instant) {
        let mut queues = self.lock();
        let Some(queue) = queues.get_mut(&look.job_types) else {
            return;
        };
        if look.is_full {
            queue.full_look = (took, now);
        }
        if jobs.is_empty() || look.generation != queue.generation {
            return;
        }
        let mut last = look.floors;
        for job in jobs {
            if let Some(last) = floor_of(&mut last, job.priority) {
                *last = (*last).max(Position::of(job));
            }
        }
        for (priority, floor) in queue.floors.iter_mut().enumerate() {
            let moved = last[priority] > look.floors[priority];
            // Down as well, after a full look: more may wait there, such as all that a worker gave back when it ended.
            if moved && (look.is_full || last[priority] > *floor) {
                *floor = last[priority];
            }
        }
        queue.generation += u64::from(look.is_full);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<JobTypes, Queue>> {
        // Nothing in here panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn new(now: Instant) -> Self {
        Self {
            floors: [Position::BEGINNING; PRIORITIES],
            generation: 0,
            full_look: (Duration::ZERO, now),
            used_at: now,
        }
    }

    fn look(&mut self, job_types: JobTypes, is_full: bool, now: Instant) -> Look {
        let floors = match is_full {
            true => {
                // Others who come meanwhile need not make one as well.
                self.full_look.1 = now;
                [Position::BEGINNING; PRIORITIES]
            }
            false => self.floors,
        };
        Look {
            floors,
            job_types,
            generation: self.generation,
            is_full,
        }
    }

    fn full_look_may_begin_at(&self) -> Instant {
        let (took, ended_at) = self.full_look;
        ended_at + took * SHARE
    }
}

impl Position {
    fn of(job: &ClaimedJob) -> Self {
        Self {
            scheduled_at: job.scheduled_at,
            id: job.lease.job_id,
        }
    }
}

fn floor_of(floors: &mut [Position; PRIORITIES], priority: i16) -> Option<&mut Position> {
    floors.get_mut(usize::try_from(priority).ok()?)
}

fn sorted(job_types: &[JobType]) -> JobTypes {
    let mut sorted = job_types.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}

fn forget_one(queues: &mut HashMap<JobTypes, Queue>) {
    if queues.len() < MAX_QUEUES {
        return;
    }
    let unused = queues
        .iter()
        .min_by_key(|(_, queue)| queue.used_at)
        .map(|(job_types, _)| job_types.clone());
    if let Some(unused) = unused {
        queues.remove(&unused);
    }
}
