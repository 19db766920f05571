//! Waiting for jobs: looking again now and then, and at once when one is ordered in this process.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::lease::{self, Care, Claim, ClaimRequest, ClaimedJob};
use super::policy::Policy;
use crate::db::{Database, DbError};

/// Tells those who wait in this process that there may be a job. Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Arrivals {
    waiting: Arc<Notify>,
    ordered: Arc<Notify>,
}

impl Arrivals {
    /// Says that a job was ordered here: wakes everybody who waits here, and has it passed on to other processes.
    pub fn announce(&self) {
        self.wake();
        self.ordered.notify_one();
    }

    /// Wakes everybody who waits here right now.
    pub fn wake(&self) {
        self.waiting.notify_waiters();
    }

    /// Waits for the next order here that has not been passed on.
    pub async fn ordered(&self) {
        self.ordered.notified().await;
    }
}

/// How somebody waits.
#[derive(Debug, Clone)]
pub struct Patience {
    /// For how long at most.
    pub wait: Duration,
    /// How long between two looks.
    pub poll_interval: Duration,
    /// What wakes early.
    pub arrivals: Arrivals,
    /// What ends the wait early.
    pub shutdown: CancellationToken,
}

/// Takes due jobs, or waits until there are some or the patience is over.
///
/// # Errors
/// If the database fails.
pub async fn claim(
    db: &Database,
    policy: &Policy,
    request: &ClaimRequest,
    patience: &Patience,
) -> Result<Vec<ClaimedJob>, DbError> {
    let end = Instant::now() + patience.wait;
    loop {
        // Listening begins before the look, so that nothing that comes between the two is missed.
        let arrival = patience.arrivals.waiting.notified();
        tokio::pin!(arrival);
        arrival.as_mut().enable();
        // The last look has to be sure; the others can be made again.
        let is_last = Instant::now() >= end || patience.shutdown.is_cancelled();
        let care = if is_last { Care::All } else { Care::Some };
        let interval = patience.poll_interval;
        let look_again_at = match lease::claim(db, policy, request, interval, care).await? {
            Claim::Jobs(jobs) => return Ok(jobs),
            Claim::Nothing => Instant::now() + interval,
            Claim::NotSure(later) => later.min(Instant::now() + interval),
        };
        if is_last {
            return Ok(Vec::new());
        }
        // Nobody leaves in the middle of a claim, which might take a job for a worker that does not hear of it.
        tokio::select! {
            () = arrival => {}
            () = tokio::time::sleep_until(end.min(look_again_at)) => {}
            () = patience.shutdown.cancelled() => return Ok(Vec::new()),
        }
    }
}
