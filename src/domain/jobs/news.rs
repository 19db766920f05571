//! Waiting for events of jobs: who watches which job in this process, who is to be woken, and what other processes have
//! to be told. It only says that there is something to read; the events themselves are in the database.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::ids::{JobId, UserId};
use crate::domain::seats::{Full, Limits, Seat, Seats};

/// So many jobs are named to other processes at once; PostgreSQL takes 8000 bytes. With more, all are told to look.
const MAX_NAMED_JOBS: usize = 300;

/// There are as many as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooManyWatchers {
    /// In this process.
    #[error("as many jobs are watched as this server takes")]
    InProcess,
    /// Of this user.
    #[error("you watch as many jobs at once as you may; end one of the others")]
    OfUser,
}

impl From<Full> for TooManyWatchers {
    fn from(full: Full) -> Self {
        match full {
            Full::InProcess => Self::InProcess,
            Full::OfUser => Self::OfUser,
        }
    }
}

/// Which jobs other processes are to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// These.
    Jobs(BTreeSet<JobId>),
    /// Too many to name.
    Many,
}

impl Changed {
    /// Whether there is nobody to be told of anything.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Jobs(jobs) if jobs.is_empty())
    }
}

/// Who watches which job here. Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub struct JobNews(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    watched: Mutex<Watched>,
    seats: Seats,
    next_key: AtomicU64,
    untold: Mutex<BTreeSet<JobId>>,
    has_untold: Notify,
    look: Notify,
}

type Watched = HashMap<JobId, HashMap<u64, Arc<Waiting>>>;

#[derive(Debug, Default)]
struct Waiting {
    read_up_to: AtomicI32,
    wake: Notify,
}

/// Somebody who watches a job, until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    news: JobNews,
    _seat: Seat,
    job_id: JobId,
    key: u64,
    waiting: Arc<Waiting>,
}

impl JobNews {
    /// Says that a job has a new event, which is committed: wakes who watches it here, and has it passed on.
    pub fn changed(&self, job_id: JobId) {
        self.wake(job_id);
        let mut untold = lock(&self.0.untold);
        // One more says that there were too many. Where nobody passes them on, it does not grow beyond that.
        if untold.len() <= MAX_NAMED_JOBS {
            untold.insert(job_id);
        }
        drop(untold);
        self.0.has_untold.notify_one();
    }

    /// Watches a job; begin before the first look, so that nothing that comes between the two is missed.
    ///
    /// # Errors
    /// If there are as many watchers as there may be.
    pub fn watch(
        &self,
        user_id: UserId,
        job_id: JobId,
        limits: &Limits,
    ) -> Result<Watcher, TooManyWatchers> {
        let seat = self.0.seats.take(user_id, limits)?;
        let mut watched = lock(&self.0.watched);
        let key = self.0.next_key.fetch_add(1, Ordering::Relaxed);
        let waiting = Arc::new(Waiting::default());
        let of_job = watched.entry(job_id).or_default();
        of_job.insert(key, Arc::clone(&waiting));
        Ok(Watcher {
            news: self.clone(),
            _seat: seat,
            job_id,
            key,
            waiting,
        })
    }

    /// Wakes who watches a job here.
    pub fn wake(&self, job_id: JobId) {
        if let Some(watchers) = lock(&self.0.watched).get(&job_id) {
            watchers
                .values()
                .for_each(|waiting| waiting.wake.notify_one());
        }
    }

    /// Wakes who watches a job here and has not read so many events of it.
    pub fn wake_behind(&self, job_id: JobId, event_count: i32) {
        if let Some(watchers) = lock(&self.0.watched).get(&job_id) {
            for waiting in watchers.values() {
                if waiting.read_up_to.load(Ordering::Relaxed) < event_count {
                    waiting.wake.notify_one();
                }
            }
        }
    }

    /// The jobs that are watched here.
    pub fn watched_jobs(&self) -> Vec<JobId> {
        lock(&self.0.watched).keys().copied().collect()
    }

    /// How many watch here.
    pub fn watchers(&self) -> usize {
        self.0.seats.taken()
    }

    /// Has the counts of events looked at without waiting for the next time: notices may have been missed.
    pub fn look(&self) {
        self.0.look.notify_one();
    }

    /// Waits until somebody says that notices may have been missed.
    pub async fn told_to_look(&self) {
        self.0.look.notified().await;
    }

    /// Waits until there is something to pass on.
    pub async fn has_untold(&self) {
        self.0.has_untold.notified().await;
    }

    /// What is to be passed on; the caller does it.
    pub fn take_untold(&self) -> Changed {
        let jobs = std::mem::take(&mut *lock(&self.0.untold));
        if jobs.len() > MAX_NAMED_JOBS {
            Changed::Many
        } else {
            Changed::Jobs(jobs)
        }
    }
}

impl Watcher {
    /// Waits until there may be events that this one has not read.
    pub async fn woken(&self) {
        self.waiting.wake.notified().await;
    }

    /// Notes the last event that was read.
    pub fn has_read(&self, number: i32) {
        self.waiting.read_up_to.store(number, Ordering::Relaxed);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut watched = lock(&self.news.0.watched);
        if let Some(watchers) = watched.get_mut(&self.job_id) {
            watchers.remove(&self.key);
            if watchers.is_empty() {
                watched.remove(&self.job_id);
            }
        }
    }
}

/// What is in there is whole after every step, so a panic elsewhere does not matter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
