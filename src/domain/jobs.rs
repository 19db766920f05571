//! Jobs: work that points paid for. Ordering, looking and cancelling, as their owners do.
//!
//! What workers do is in [`lease`], where they begin to look for jobs in [`floors`], the files that they deliver in
//! [`files`], what happens to jobs that nobody takes care of
//! in [`rescue`], what they cost in [`prices`], when a failed attempt is repeated in [`policy`], what those see who watch
//! one in [`events`], how that is removed in [`old_events`], and what the program's own kind of job takes in [`statement`].

pub mod events;
pub mod files;
pub mod floors;
pub mod lease;
pub mod news;
pub mod old_events;
mod output;
pub mod policy;
pub mod prices;
pub mod rescue;
pub mod statement;
pub mod waiting;

use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::audit::{self, Entry, Origin, Outcome};
use super::idempotency::Idempotency;
use super::ids::{JobId, SessionId, TransactionId, UserId};
use super::points::Amount;
use super::text::{JobType, Text};
use super::transactions::{MoneyError, Posting, has_ended, posting, refusal};
use crate::db::{Database, DbError};
pub use policy::Policy;
pub use prices::PriceList;

/// Why an attempt or a job failed, for people.
pub type FailureReason = Text<1000>;

/// A job, as its owner sees it. The status is text here: a newer release may have more of them.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // The columns of the table, each described there.
pub struct Job {
    pub id: JobId,
    pub transaction_id: TransactionId,
    pub job_type: String,
    pub status: String,
    pub priority: i16,
    pub input: Value,
    pub progress_percent: i16,
    pub attempts: i16,
    pub max_attempts: i16,
    pub scheduled_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    /// Points that its end gave back.
    pub refund_amount: Option<i64>,
}

/// What a job produced.
#[derive(Debug, Clone, PartialEq)]
pub struct JobResult {
    /// As JSON.
    pub output: Option<Value>,
    /// As text.
    pub output_text: Option<String>,
    /// Size in bytes and media type of its file.
    pub file: Option<(u64, String)>,
    /// When the worker delivered it.
    pub created_at: DateTime<Utc>,
    /// When it may be removed.
    pub expires_at: Option<DateTime<Utc>>,
}

/// How a job stands, and its result if there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    /// The status of the job.
    pub status: String,
    /// What it produced; none unless it is completed, nor when the retention is over.
    pub result: Option<JobResult>,
}

/// How urgent jobs are.
pub const PRIORITIES: RangeInclusive<i16> = 0..=9;

/// How urgent a job is: 0 to 9, higher is claimed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Priority(i16);

/// A number that is no priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from {} to {}", PRIORITIES.start(), PRIORITIES.end())]
pub struct PriorityError;

impl Priority {
    /// The most urgent.
    pub const HIGHEST: Self = Self(9);

    /// Checks a number.
    ///
    /// # Errors
    /// If it is not from 0 to 9.
    pub fn new(number: i64) -> Result<Self, PriorityError> {
        match i16::try_from(number) {
            Ok(number) if PRIORITIES.contains(&number) => Ok(Self(number)),
            _ => Err(PriorityError),
        }
    }

    /// The number.
    pub const fn get(self) -> i16 {
        self.0
    }
}

/// What is ordered.
#[derive(Debug, Clone)]
pub struct Order {
    /// Who pays.
    pub user_id: UserId,
    /// The session that asks; it must not have ended.
    pub session_id: Option<SessionId>,
    /// Kind of the job.
    pub job_type: JobType,
    /// What that costs.
    pub price: Amount,
    /// What the worker gets.
    pub input: Map<String, Value>,
    /// How urgent it is.
    pub priority: Priority,
    /// When it may start; now without.
    pub scheduled_at: Option<DateTime<Utc>>,
}

/// Why a job is not cancelled. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// There is no such job of this user.
    #[error("you have no job with this number")]
    NoSuchJob,
    /// A worker has it, or it has ended.
    #[error("the job is {status}; only one that waits can be cancelled")]
    NotWaiting {
        /// How it stands.
        status: String,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Pays the price of a job and orders it, in one statement.
///
/// # Errors
/// If the balance is short or the account not active.
pub async fn order(
    db: &Database,
    policy: &Policy,
    order: &Order,
    idempotency: Option<&Idempotency>,
    origin: &Origin,
) -> Result<Posting, MoneyError> {
    let outcome =
        posting::until_consistent(|| try_order(db, policy, order, idempotency, origin)).await;
    refusal::recorded(db, outcome, || {
        Entry::new("job.order", "wallet", Outcome::Refused, origin)
            .by(order.user_id)
            .on_wallet_of(order.user_id)
            .with("amount", -order.price.get())
            .with("job_type", order.job_type.as_str())
    })
    .await
}

async fn try_order(
    db: &Database,
    policy: &Policy,
    order: &Order,
    idempotency: Option<&Idempotency>,
    origin: &Origin,
) -> Result<Posting, MoneyError> {
    let attempt = db.order_job(order, policy, idempotency, origin).await;
    posting::settle(db, attempt, order.user_id, idempotency, None, async || {
        let standing = db
            .standing(order.user_id)
            .await?
            .ok_or(MoneyError::NoSuchUser)?;
        if !standing.is_active {
            return Err(MoneyError::NotActive);
        }
        if has_ended(db, order.user_id, order.session_id).await? {
            return Err(MoneyError::SessionEnded);
        }
        Ok(MoneyError::InsufficientBalance {
            current_balance: standing.balance,
            required_amount: order.price.get(),
        })
    })
    .await
}

/// Cancels a job that waits for a worker and gives its points back, in one transaction. One that is cancelled already
/// is answered the same, and nothing is done again.
///
/// # Errors
/// If there is no such job of this user, a worker has it, or it has ended.
pub async fn cancel(
    db: &Database,
    user_id: UserId,
    id: JobId,
    origin: &Origin,
) -> Result<Job, CancelError> {
    let cancelled = db.cancel_job(user_id, id, origin).await?;
    let job = db
        .job_of_user(user_id, id)
        .await?
        .ok_or(CancelError::NoSuchJob)?;
    if cancelled || job.status == "cancelled" {
        return Ok(job);
    }
    let entry = Entry::new("job.cancel", "job", Outcome::Refused, origin)
        .by(user_id)
        .on(id)
        .with("reason", "not_waiting")
        .with("status", job.status.as_str());
    audit::record_refusal(db, &entry).await;
    Err(CancelError::NotWaiting { status: job.status })
}

/// A part of a list of jobs.
#[derive(Debug, Clone)]
pub struct Page {
    /// Newest first.
    pub jobs: Vec<Job>,
    /// The last number on this page, below which the next one begins; `None` on the last page.
    pub next: Option<JobId>,
}

/// The jobs of a user with numbers below a position, at most `rows` of them.
///
/// # Errors
/// If the database fails.
pub async fn page(
    db: &Database,
    user_id: UserId,
    before: Option<JobId>,
    rows: i64,
) -> Result<Page, DbError> {
    let before = before.unwrap_or(JobId(i64::MAX));
    // One more than asked for tells whether there is a next page.
    let mut jobs = db.jobs_of_user(user_id, before, rows + 1).await?;
    let has_more = i64::try_from(jobs.len()).is_ok_and(|found| found > rows);
    jobs.truncate(usize::try_from(rows).unwrap_or(usize::MAX));
    let next = jobs.last().filter(|_| has_more).map(|job| job.id);
    Ok(Page { jobs, next })
}
