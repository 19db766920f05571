//! What workers do: claim, give signs of life, complete, fail, give back.
//!
//! A claim is a lease with a token. Every change asks for job, token and a lease that has not run out, in the statement
//! that makes it: a worker that was thought dead can change nothing when it comes back.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

pub use super::output::{Output, OutputError};

use super::FailureReason;
use super::floors::Look;
use super::policy::Policy;
use crate::db::{Database, DbError};
use crate::domain::audit::Origin;
use crate::domain::ids::{JobId, UserId};
use crate::domain::text::{JobType, Text};

/// What a worker calls itself, for people.
pub type WorkerName = Text<200>;

/// Which claim of which job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job_id: JobId,
    /// Names the claim.
    pub token: Uuid,
}

/// A job that a worker has.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedJob {
    /// The claim.
    pub lease: Lease,
    /// When it ends without a heartbeat.
    pub lease_expires_at: DateTime<Utc>,
    /// Who ordered the job.
    pub user_id: UserId,
    /// Kind of the job.
    pub job_type: String,
    /// What the client gave.
    pub input: Value,
    /// How urgent it is.
    pub priority: i16,
    /// Since when it may be claimed.
    pub scheduled_at: DateTime<Utc>,
    /// Which attempt this is, from 1.
    pub attempt: i16,
    /// How many there may be.
    pub max_attempts: i16,
}

/// What is claimed, and by whom.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// Kinds that the worker can do.
    pub job_types: Vec<JobType>,
    /// At most so many.
    pub count: i64,
    /// Who it is, for people.
    pub worker_name: WorkerName,
}

/// Who acts on a lease, for refunds and the audit log.
#[derive(Debug, Clone, Default)]
pub struct Actor {
    /// The service's user; `None` is a worker of this program.
    pub user_id: Option<UserId>,
    /// Where the request came from.
    pub origin: Origin,
}

/// How a job stands after a failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AfterFailure {
    /// queued, if it is tried again; failed, if that was the end.
    pub status: String,
    /// When it may be tried again.
    pub retry_at: Option<DateTime<Utc>>,
}

/// Why a worker's word does not count. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// The lease has run out or was never there; the job is another's, or has ended.
    #[error("this claim no longer holds: leave the job alone")]
    Lost,
    /// The file of the result was not uploaded under this lease, or another one came after it.
    #[error("must be the latest file that was uploaded under this claim")]
    NoSuchFile,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// What a claim found.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// These, the most urgent first.
    Jobs(Vec<ClaimedJob>),
    /// Nothing is due.
    Nothing,
    /// Nothing where jobs usually are; elsewhere somebody may look from this time on.
    NotSure(Instant),
}

/// How thoroughly a claim looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// As the share of the time allows that full looks have: for who can come again.
    Some,
    /// Until it is sure.
    All,
}

/// Takes due jobs. Where it looks, and when it looks everywhere, at least every `interval`, is said in
/// [`floors`](super::floors).
///
/// # Errors
/// If the database fails. After [`DbError::Lost`] jobs may have been taken; they are rescued when their lease runs out.
pub async fn claim(
    db: &Database,
    policy: &Policy,
    request: &ClaimRequest,
    interval: Duration,
    care: Care,
) -> Result<Claim, DbError> {
    let floors = db.job_floors();
    let look = floors.begin(&request.job_types, interval, Instant::now());
    let found = look_for_jobs(db, policy, request, &look).await?;
    if !found.is_empty() {
        return Ok(Claim::Jobs(found));
    }
    if look.is_full() {
        return Ok(Claim::Nothing);
    }
    let full = match (floors.begin_full(&look, Instant::now()), care) {
        (Ok(full), _) => full,
        (Err(later), Care::Some) => return Ok(Claim::NotSure(later)),
        (Err(_), Care::All) => floors.begin_full_at_any_price(&look, Instant::now()),
    };
    Ok(match look_for_jobs(db, policy, request, &full).await? {
        none if none.is_empty() => Claim::Nothing,
        found => Claim::Jobs(found),
    })
}

async fn look_for_jobs(
    db: &Database,
    policy: &Policy,
    request: &ClaimRequest,
    look: &Look,
) -> Result<Vec<ClaimedJob>, DbError> {
    let (mut jobs, took) = db.claim_jobs(request, look, policy.lease).await?;
    db.job_floors().end(look, &jobs, took, Instant::now());
    jobs.sort_by_key(|job| {
        (
            std::cmp::Reverse(job.priority),
            job.scheduled_at,
            job.lease.job_id,
        )
    });
    Ok(jobs)
}

/// Extends a lease, and notes how far the worker is, in percent.
///
/// # Errors
/// If the lease is lost.
pub async fn extend(
    db: &Database,
    policy: &Policy,
    lease: Lease,
    progress_percent: Option<i16>,
) -> Result<(DateTime<Utc>, i16), LeaseError> {
    db.extend_lease(lease, policy.lease, progress_percent)
        .await?
        .ok_or(LeaseError::Lost)
}

/// Completes a job and keeps its result, in one statement, which others may share. A worker that lost the answer may ask again: the first
/// result stays.
///
/// # Errors
/// If the lease is lost, or has no such file.
pub async fn complete(
    db: &Database,
    policy: &Policy,
    lease: Lease,
    output: Output,
    actor: Actor,
) -> Result<(), LeaseError> {
    let has_file = output.file().is_some();
    if db
        .complete_job(lease, output, policy.retention, actor)
        .await?
    {
        return Ok(());
    }
    match db.job_by_last_lease(lease).await? {
        Some(standing) if standing.status == "completed" => Ok(()),
        _ if has_file && db.lease_holds(lease).await? => Err(LeaseError::NoSuchFile),
        _ => Err(LeaseError::Lost),
    }
}

/// Ends an attempt: the job waits for the next one, or, if it was the last one or `may_retry` is false, has failed and is
/// refunded in the same transaction. A worker that lost the answer may ask again.
///
/// # Errors
/// If the lease is lost.
pub async fn fail(
    db: &Database,
    policy: &Policy,
    lease: Lease,
    reason: &FailureReason,
    may_retry: bool,
    actor: &Actor,
) -> Result<AfterFailure, LeaseError> {
    if let Some(after) = db
        .fail_attempt(lease, policy, reason, may_retry, actor)
        .await?
    {
        return Ok(after);
    }
    match db.job_by_last_lease(lease).await? {
        Some(standing) if standing.status != "completed" => Ok(standing),
        _ => Err(LeaseError::Lost),
    }
}

/// Gives a job back as if it had not been claimed: the worker is told to stop.
///
/// # Errors
/// If the lease is lost.
pub async fn release(db: &Database, lease: Lease) -> Result<(), LeaseError> {
    match db.release_job(lease).await? {
        true => Ok(()),
        false => Err(LeaseError::Lost),
    }
}

/// How often a worker should give a sign of life, so that one may get lost.
pub fn heartbeat_interval(policy: &Policy) -> Duration {
    policy.lease / 3
}
