//! The loop that claims jobs for those who are free and has them done, with signs of life, until it is told to stop.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{Failure, Kind, Work};
use crate::config::JobSettings;
use crate::domain::jobs::FailureReason;
use crate::domain::jobs::lease::{
    self, Actor, ClaimRequest, ClaimedJob, LeaseError, Output, WorkerName,
};
use crate::domain::jobs::waiting::{self, Arrivals, Patience};
use crate::domain::text::JobType;

/// How long one wait for a job is; then the next begins.
const WAIT: Duration = Duration::from_secs(30);
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

/// Works until `shutdown`; returns when every job is finished or given back.
///
/// One claim is for all workers that are free at the time: a statement for each of them would take longer than small jobs.
pub async fn run(crew: Crew) {
    let crew = Arc::new(crew);
    let workers = Arc::new(Semaphore::new(crew.settings.concurrency));
    let mut at_work = JoinSet::new();
    let mut request = match crew.request() {
        Some(request) if !request.job_types.is_empty() => request,
        _ => return,
    };
    while let Some(free) = crew.free_workers(&workers).await {
        request.count = i64::try_from(free.len()).unwrap_or(1);
        for (job, worker) in crew.claim(&request).await.into_iter().zip(free) {
            let crew = Arc::clone(&crew);
            at_work.spawn(async move {
                crew.work_on(&job).await;
                drop(worker);
            });
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

impl Crew {
    /// All workers that are free, at least one; `None` when no more jobs are to be claimed.
    async fn free_workers(&self, workers: &Arc<Semaphore>) -> Option<Vec<OwnedSemaphorePermit>> {
        let first = Arc::clone(workers).acquire_owned();
        let first = self.shutdown.run_until_cancelled(first).await?.ok()?;
        let others = std::iter::from_fn(|| Arc::clone(workers).try_acquire_owned().ok());
        let free = std::iter::once(first).chain(others).collect();
        (!self.shutdown.is_cancelled()).then_some(free)
    }

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

    fn request(&self) -> Option<ClaimRequest> {
        let names = self.kinds.iter().map(|kind| kind.job_type());
        Some(ClaimRequest {
            job_types: names.filter_map(|name| JobType::parse(name).ok()).collect(),
            count: 1,
            worker_name: WorkerName::parse(&format!("divine-whispers {}", std::process::id()))
                .ok()?,
        })
    }

    /// Does one job, and says how it ended. A lease that is lost ends the work: the job is another's by now.
    async fn work_on(&self, job: &ClaimedJob) {
        let job_id = job.lease.job_id;
        let told = tokio::select! {
            done = self.attempt(job) => self.tell(job, done).await,
            lost = self.stay_alive(job) => Err(lost),
            () = self.grace_is_over() => {
                tracing::info!(%job_id, "a job is given back unfinished");
                lease::release(&self.work.db, job.lease).await
            }
        };
        match told {
            Ok(()) => {}
            Err(LeaseError::Lost) => tracing::warn!(%job_id, "the lease of a job was lost"),
            // Its lease runs out, and it is rescued.
            Err(error) => tracing::warn!(%job_id, %error, "how a job ended cannot be recorded"),
        }
    }

    async fn attempt(&self, job: &ClaimedJob) -> Result<Output, Failure> {
        let Some(kind) = self
            .kinds
            .iter()
            .find(|kind| kind.job_type() == job.job_type)
        else {
            return Err(Failure::for_now(
                "this worker does not know the kind of job",
            ));
        };
        // A job that makes its worker panic fails like any other.
        AssertUnwindSafe(kind.run(&self.work, job))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(Failure::for_now("the worker panicked")))
    }

    async fn tell(
        &self,
        job: &ClaimedJob,
        done: Result<Output, Failure>,
    ) -> Result<(), LeaseError> {
        let (db, policy) = (&self.work.db, &self.settings.policy);
        let actor = Actor::default();
        match done {
            Ok(output) => lease::complete(db, policy, job.lease, &output, &actor).await,
            Err(failure) => {
                let shown: String = failure.reason.chars().take(1000).collect();
                let reason = FailureReason::parse(&shown).or_else(|_| {
                    FailureReason::parse("the worker gave a reason that cannot be shown")
                });
                tracing::warn!(job_id = %job.lease.job_id, reason = %failure, "an attempt failed");
                let Ok(reason) = reason else {
                    return Ok(());
                };
                lease::fail(db, policy, job.lease, &reason, failure.may_retry, &actor)
                    .await
                    .map(drop)
            }
        }
    }

    /// Gives signs of life; returns when the lease is lost.
    async fn stay_alive(&self, job: &ClaimedJob) -> LeaseError {
        let policy = &self.settings.policy;
        loop {
            tokio::time::sleep(lease::heartbeat_interval(policy)).await;
            match lease::extend(&self.work.db, policy, job.lease, None).await {
                Ok(_) => {}
                Err(LeaseError::Lost) => return LeaseError::Lost,
                // The next sign may get through in time.
                Err(error) => tracing::warn!(%error, "a sign of life did not get through"),
            }
        }
    }

    async fn grace_is_over(&self) {
        self.shutdown.cancelled().await;
        tokio::time::sleep(self.grace).await;
    }
}
