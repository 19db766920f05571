//! One job: done by a worker under its lease, with signs of life, and what came of it recorded.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, SemaphorePermit};

use super::Failure;
use super::runner::{InHand, Place, Shift};
use crate::domain::jobs::FailureReason;
use crate::domain::jobs::lease::{self, Actor, ClaimedJob, LeaseError, Output};
use crate::domain::jobs::policy::Policy;

/// A job that was claimed ahead is given back if no worker is free after this: those before it are long all of a sudden.
const PATIENCE: Duration = Duration::from_millis(200);
/// How often it is tried to record what a job came to, and how long to leave the database alone in between. Beyond that the
/// job is done again when its lease has run out.
const RECORDINGS: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);

/// What became of a job, before anybody is told.
enum Done<'a> {
    /// It was tried, and has a place among those that are recorded.
    Tried(Result<Output, Failure>, Option<SemaphorePermit<'a>>),
    /// It was not begun, or not finished, in time.
    Unfinished,
    /// Its lease was lost meanwhile.
    Lost(LeaseError),
}

impl Shift {
    /// Does one job, and says how it ended. A lease that is lost ends the work: the job is another's by now.
    pub(super) async fn work_on(&self, job: &ClaimedJob, in_hand: InHand, place: Place) {
        let job_id = job.lease.job_id;
        let told = match self.have_done(job, in_hand, place).await {
            Done::Tried(done, _unrecorded) => self.tell_until_heard(job, &done).await,
            Done::Unfinished => self.give_back(job).await,
            Done::Lost(lost) => Err(lost),
        };
        match told {
            Ok(()) => {}
            Err(LeaseError::Lost) => tracing::warn!(%job_id, "the lease of a job was lost"),
            // Its lease runs out, and it is rescued.
            Err(error) => tracing::warn!(%job_id, %error, "how a job ended cannot be recorded"),
        }
    }

    async fn have_done(&self, job: &ClaimedJob, in_hand: InHand, place: Place) -> Done<'_> {
        let tried = async {
            let worker = match place {
                Place::AtWork(worker) => Some(worker),
                Place::InLine(line) => self.next_worker(line).await,
            };
            let Some(_worker) = worker else {
                return Done::Unfinished;
            };
            let begun = Instant::now();
            let done = self.attempt(job).await;
            self.pace.took(begun.elapsed(), done.is_ok());
            // The worker is free when it has it. It is never closed.
            Done::Tried(done, self.unrecorded.acquire().await.ok())
        };
        let done = tokio::select! {
            done = tried => done,
            lost = self.stay_alive(job) => Done::Lost(lost),
            () = self.grace_is_over() => Done::Unfinished,
        };
        drop(in_hand);
        done
    }

    /// A worker for a job that waits in line; `None` when there is none soon, or no more are to be begun.
    async fn next_worker(
        &self,
        line: impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>>,
    ) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            () = self.crew.shutdown.cancelled() => None,
            worker = line => worker.ok(),
            () = tokio::time::sleep(PATIENCE) => {
                // No more are claimed ahead for now: they would come back as well.
                self.pace.took(PATIENCE, true);
                None
            }
        }
    }

    /// A few at a time: there may be many, and requests want connections too. Others may have it at once.
    async fn give_back(&self, job: &ClaimedJob) -> Result<(), LeaseError> {
        tracing::info!(job_id = %job.lease.job_id, "a job is given back unfinished");
        // It is never closed.
        let _place = self.given_back.acquire().await.ok();
        lease::release(&self.crew.work.db, job.lease).await?;
        self.crew.arrivals.announce();
        Ok(())
    }

    async fn attempt(&self, job: &ClaimedJob) -> Result<Output, Failure> {
        let Some(kind) = self
            .crew
            .kinds
            .iter()
            .find(|kind| kind.job_type() == job.job_type)
        else {
            return Err(Failure::for_now(
                "this worker does not know the kind of job",
            ));
        };
        // A job that makes its worker panic fails like any other.
        AssertUnwindSafe(kind.run(&self.crew.work, job))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(Failure::for_now("the worker panicked")))
    }

    async fn tell_until_heard(
        &self,
        job: &ClaimedJob,
        done: &Result<Output, Failure>,
    ) -> Result<(), LeaseError> {
        if let Err(failure) = done {
            tracing::warn!(job_id = %job.lease.job_id, reason = %failure, "an attempt failed");
        }
        let mut recordings = 1;
        loop {
            match self.tell(job, done).await {
                Err(LeaseError::Database(error)) if recordings < RECORDINGS => {
                    tracing::debug!(job_id = %job.lease.job_id, %error, "how a job ended is recorded later");
                }
                told => return told,
            }
            tokio::time::sleep(PAUSE).await;
            recordings += 1;
        }
    }

    async fn tell(
        &self,
        job: &ClaimedJob,
        done: &Result<Output, Failure>,
    ) -> Result<(), LeaseError> {
        let (db, policy) = (&self.crew.work.db, self.policy());
        let actor = Actor::default();
        match done {
            Ok(output) => lease::complete(db, policy, job.lease, output.clone(), actor).await,
            Err(failure) => {
                let shown: String = failure.reason.chars().take(1000).collect();
                let reason = FailureReason::parse(&shown).or_else(|_| {
                    FailureReason::parse("the worker gave a reason that cannot be shown")
                });
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
        let policy = self.policy();
        loop {
            tokio::time::sleep(lease::heartbeat_interval(policy)).await;
            match lease::extend(&self.crew.work.db, policy, job.lease, None).await {
                Ok(_) => {}
                Err(LeaseError::Lost) => return LeaseError::Lost,
                // The next sign may get through in time.
                Err(error) => tracing::warn!(%error, "a sign of life did not get through"),
            }
        }
    }

    async fn grace_is_over(&self) {
        self.crew.shutdown.cancelled().await;
        tokio::time::sleep(self.crew.grace).await;
    }

    fn policy(&self) -> &Policy {
        &self.crew.settings.policy
    }
}
