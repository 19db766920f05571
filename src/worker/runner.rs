//! The loop that claims jobs and has them done until it is told to stop. How one job is done is in `attempt.rs`, how many
//! are claimed at once is decided by `pace.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, poll};
use tokio::sync::{AcquireError, Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::pace::Pace;
use super::{Kind, Work};
use crate::config::JobSettings;
use crate::domain::jobs::lease::{ClaimRequest, ClaimedJob, WorkerName};
use crate::domain::jobs::waiting::{self, Arrivals, Patience};

/// How long one wait for a job is; then the next begins.
const WAIT: Duration = Duration::from_secs(30);
/// Jobs that are done and not recorded yet, at most: they are done again if the process is killed.
const MAX_UNRECORDED_JOBS: usize = 100;
/// Jobs that are given back at once.
const MAX_GIVEN_BACK: usize = 2;
/// How long to leave the database alone when it fails.
const PAUSE: Duration = Duration::from_secs(2);

/// Workers that are to run, and what they need.
pub struct Crew {
    /// What the kinds can reach.
    pub work: Work,
    /// What they can do.
    pub kinds: Vec<Box<dyn Kind>>,
    /// How many jobs at once, and what jobs live by.
    pub settings: Arc<JobSettings>,
    /// Wakes them when a job is ordered in this process.
    pub arrivals: Arrivals,
    /// Tells them to stop claiming.
    pub shutdown: CancellationToken,
    /// How long a job that runs may take to finish after that, before it is given back.
    pub grace: Duration,
}

/// What the tasks of a crew share.
pub(super) struct Shift {
    pub(super) crew: Crew,
    /// A job holds one while it is done.
    workers: Arc<Semaphore>,
    /// A job holds one from its end until that is recorded.
    pub(super) unrecorded: Semaphore,
    /// A job that was not begun holds one while it is given back.
    pub(super) given_back: Semaphore,
    pub(super) pace: Pace,
    in_hand: AtomicUsize,
    has_room: Notify,
}

/// A job that is claimed and not done yet, until it is dropped.
pub(super) struct InHand(Arc<Shift>);

/// Who does a claimed job.
pub(super) enum Place {
    /// A worker that was free at once.
    AtWork(OwnedSemaphorePermit),
    /// The next one that becomes free after those in line before it: what was claimed first is begun first.
    InLine(BoxFuture<'static, Result<OwnedSemaphorePermit, AcquireError>>),
}

/// Works until `shutdown`; returns when every job is finished or given back.
///
/// One claim is for all workers that are free at the time, and jobs that were short lately are claimed ahead: a statement
/// for each of them would take longer than they do. For the same reason a worker is free as soon as its job is done, while
/// that is recorded.
pub async fn run(crew: Crew) {
    let mut request = match crew.request() {
        Some(request) if !crew.kinds.is_empty() => request,
        _ => return,
    };
    let shift = Arc::new(Shift::new(crew));
    let mut at_work = JoinSet::new();
    let mut is_more_waiting = false;
    while let Some(count) = shift.room(is_more_waiting).await {
        request.count = i64::try_from(count).unwrap_or(1);
        request.job_types = shift.crew.claimable().await;
        let jobs = shift.crew.claim(&request).await;
        is_more_waiting = jobs.len() >= count;
        for job in jobs {
            let (shift, in_hand) = (Arc::clone(&shift), InHand::new(&shift));
            let place = shift.place().await;
            at_work.spawn(async move { shift.work_on(&job, in_hand, place).await });
        }
        while let Some(ended) = at_work.try_join_next() {
            told_if_panicked(ended);
        }
    }
    while let Some(ended) = at_work.join_next().await {
        told_if_panicked(ended);
    }
}

fn told_if_panicked(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        // Its lease runs out, and the job is rescued.
        tracing::error!(%error, "a worker ended in a panic");
    }
}

impl Shift {
    fn new(crew: Crew) -> Self {
        Self {
            workers: Arc::new(Semaphore::new(crew.settings.concurrency)),
            unrecorded: Semaphore::new(MAX_UNRECORDED_JOBS),
            given_back: Semaphore::new(MAX_GIVEN_BACK),
            pace: Pace::default(),
            in_hand: AtomicUsize::new(0),
            has_room: Notify::new(),
            crew,
        }
    }

    async fn place(&self) -> Place {
        let mut worker = Arc::clone(&self.workers).acquire_owned().boxed();
        // The first poll is what takes a place in the line.
        match poll!(&mut worker) {
            Poll::Ready(Ok(worker)) => Place::AtWork(worker),
            _ => Place::InLine(worker),
        }
    }

    /// Waits until jobs should be claimed, and says how many: ahead only if more were waiting at the last claim. `None`
    /// when no more are to be claimed.
    async fn room(&self, is_more_waiting: bool) -> Option<usize> {
        loop {
            if self.crew.shutdown.is_cancelled() {
                return None;
            }
            let workers = self.crew.settings.concurrency;
            let wanted = match is_more_waiting {
                true => self.pace.jobs_for(workers),
                false => workers,
            };
            let room = wanted.saturating_sub(self.in_hand.load(Ordering::Acquire));
            // Of those that are claimed ahead, half are left when the next are fetched; no worker is left without one.
            let enough = (wanted / 2).clamp(1, wanted - workers + 1);
            if room >= enough {
                return Some(room);
            }
            let room = self.has_room.notified();
            self.crew.shutdown.run_until_cancelled(room).await;
        }
    }
}

impl InHand {
    fn new(shift: &Arc<Shift>) -> Self {
        shift.in_hand.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(shift))
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.in_hand.fetch_sub(1, Ordering::AcqRel);
        self.0.has_room.notify_one();
    }
}

impl Crew {
    /// Waits for jobs; none after a while, or when the database fails.
    async fn claim(&self, request: &ClaimRequest) -> Vec<ClaimedJob> {
        let patience = Patience {
            wait: WAIT,
            poll_interval: self.settings.poll_interval,
            arrivals: self.arrivals.clone(),
            shutdown: self.shutdown.clone(),
        };
        let claimed =
            waiting::claim(&self.work.db, &self.settings.policy, request, &patience).await;
        match claimed {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::warn!(%error, "no job can be claimed right now");
                self.shutdown
                    .run_until_cancelled(tokio::time::sleep(PAUSE))
                    .await;
                Vec::new()
            }
        }
    }

    /// What never changes of it; how many and which kinds is said each time.
    fn request(&self) -> Option<ClaimRequest> {
        Some(ClaimRequest {
            job_types: Vec::new(),
            count: 1,
            worker_name: WorkerName::parse(&format!("divine-whispers {}", std::process::id()))
                .ok()?,
        })
    }
}
