//! Failed attempts, and the ends without a result: status, refund and audit entry in one transaction.
//!
//! The job is locked first and its wallet second, by everyone. Nobody locks a job while holding a wallet: `spend` and
//! `order_job` make a job that nobody else can see yet.

use chrono::{DateTime, Utc};
use deadpool_postgres::Transaction;
use futures_util::future::BoxFuture;
use serde_json::json;
use uuid::Uuid;

use crate::db::queries::client::Params as _;
use crate::db::queries::{job_events as events_sql, jobs as sql, wallets as wallets_sql};
use crate::db::{Database, DbError, Retry, audit};
use crate::domain::audit::{Entry, Origin, Outcome};
use crate::domain::ids::{JobId, UserId};
use crate::domain::jobs::FailureReason;
use crate::domain::jobs::lease::{Actor, AfterFailure, Lease};
use crate::domain::jobs::policy::{Policy, Verdict};
use crate::metrics::jobs::JobChange;

/// What rescued jobs say of themselves.
const SILENT: &str = "the worker gave no sign of life";
const EXPIRED: &str = "no worker took the job in time";

/// How a job ends, and who is named for it.
struct End<'a> {
    status: &'static str,
    error: Option<&'a str>,
    last_lease_token: Option<Uuid>,
    refund_reason: &'static str,
    action: &'static str,
    outcome: Outcome,
    actor: Option<UserId>,
    origin: &'a Origin,
}

/// A failed attempt, by the word of its worker or for the lack of one.
struct Failure<'a> {
    error: &'a str,
    last_lease_token: Option<Uuid>,
    may_retry: bool,
    actor: Actor,
}

/// What a failed attempt came to.
enum Ended {
    /// Another one follows.
    Attempt { retry_at: DateTime<Utc> },
    /// That was the last one.
    Job { refunded_amount: i64 },
}

impl Database {
    /// Ends an attempt by the word of its worker. `None` when the lease is lost.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn fail_attempt(
        &self,
        lease: Lease,
        policy: &Policy,
        reason: &FailureReason,
        may_retry: bool,
        actor: &Actor,
    ) -> Result<Option<AfterFailure>, DbError> {
        let (policy, reason, actor) = (*policy, reason.clone(), actor.clone());
        // A second attempt finds by the token what the first one did.
        self.transaction("fail_attempt", Retry::Repeatable, move |transaction| {
            let (reason, actor) = (reason.clone(), actor.clone());
            Box::pin(async move {
                let parameters = &sql::LockLeasedJobParams {
                    job_id: lease.job_id.0,
                    lease_token: lease.token,
                };
                let locked = sql::lock_leased_job()
                    .params(transaction, parameters)
                    .opt()
                    .await?;
                let failure = Failure {
                    error: reason.as_str(),
                    last_lease_token: Some(lease.token),
                    may_retry,
                    actor,
                };
                after_failure(transaction, locked, &policy, &failure).await
            })
        })
        .await
        .map(|ended| ended.map(|ended| self.told_of(lease.job_id, ended)))
    }

    /// Ends an attempt whose lease has run out. `None` when it has not, or somebody else is at it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn rescue_job(
        &self,
        id: JobId,
        policy: &Policy,
    ) -> Result<Option<AfterFailure>, DbError> {
        let policy = *policy;
        self.transaction("rescue_job", Retry::Repeatable, move |transaction| {
            Box::pin(async move {
                let locked = sql::lock_silent_job()
                    .bind(transaction, &id.0)
                    .opt()
                    .await?;
                let failure = Failure {
                    error: SILENT,
                    last_lease_token: None,
                    may_retry: true,
                    actor: Actor::default(),
                };
                after_failure(transaction, locked, &policy, &failure).await
            })
        })
        .await
        .map(|ended| {
            ended.map(|ended| {
                self.metrics.jobs().rescued();
                self.told_of(id, ended)
            })
        })
    }

    /// Ends a job that waited longer than it may; whether it did.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn expire_job(&self, id: JobId) -> Result<bool, DbError> {
        self.transaction("expire_job", Retry::Repeatable, move |transaction| {
            Box::pin(async move {
                let locked = sql::lock_expired_job()
                    .bind(transaction, &id.0)
                    .opt()
                    .await?;
                let end = End {
                    status: "expired",
                    error: Some(EXPIRED),
                    last_lease_token: None,
                    refund_reason: "The job was not done in time",
                    action: "job.expire",
                    outcome: Outcome::Failed,
                    actor: None,
                    origin: &Origin::default(),
                };
                end_locked(transaction, locked, &end).await
            })
        })
        .await
        .map(|refunded| self.told_end(id, refunded, JobChange::Expired))
    }

    /// Ends a job that waits, by the word of its owner; whether it did.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn cancel_job(
        &self,
        user_id: UserId,
        id: JobId,
        origin: &Origin,
    ) -> Result<bool, DbError> {
        let origin = origin.clone();
        // A second attempt finds the job cancelled.
        self.transaction("cancel_job", Retry::Repeatable, move |transaction| {
            let origin = origin.clone();
            Box::pin(async move {
                let parameters = &sql::LockWaitingJobParams {
                    job_id: id.0,
                    user_id: user_id.0,
                };
                let locked = sql::lock_waiting_job()
                    .params(transaction, parameters)
                    .opt()
                    .await?;
                let end = End {
                    status: "cancelled",
                    error: None,
                    last_lease_token: None,
                    refund_reason: "The job was cancelled",
                    action: "job.cancel",
                    outcome: Outcome::Success,
                    actor: Some(user_id),
                    origin: &origin,
                };
                end_locked(transaction, locked, &end).await
            })
        })
        .await
        .map(|refunded| self.told_end(id, refunded, JobChange::Cancelled))
    }

    /// Jobs whose lease has run out, at most `limit`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn silent_jobs(&self, limit: i64) -> Result<Vec<JobId>, DbError> {
        self.statement("silent_jobs", Retry::Repeatable, |client| async move {
            sql::silent_jobs().bind(&**client, &limit).all().await
        })
        .await
        .map(|ids| ids.into_iter().map(JobId).collect())
    }

    /// Jobs that wait longer than they may, at most `limit`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn expired_jobs(&self, limit: i64) -> Result<Vec<JobId>, DbError> {
        self.statement("expired_jobs", Retry::Repeatable, |client| async move {
            sql::expired_jobs().bind(&**client, &limit).all().await
        })
        .await
        .map(|ids| ids.into_iter().map(JobId).collect())
    }
}

impl Database {
    fn told_of(&self, id: JobId, ended: Ended) -> AfterFailure {
        match ended {
            Ended::Attempt { retry_at } => {
                self.told(id, JobChange::Retrying);
                AfterFailure {
                    status: "queued".to_owned(),
                    retry_at: Some(retry_at),
                }
            }
            Ended::Job { refunded_amount } => {
                self.told_end(id, Some(refunded_amount), JobChange::Failed);
                AfterFailure {
                    status: "failed".to_owned(),
                    retry_at: None,
                }
            }
        }
    }

    /// Passes on whether there was an end.
    fn told_end(&self, id: JobId, refunded: Option<i64>, change: JobChange) -> bool {
        if refunded.is_some_and(|amount| amount > 0) {
            self.metrics.jobs().refunded();
        }
        self.told_if(refunded.is_some(), id, change)
    }
}

/// Another attempt or the end, as the policy says.
async fn after_failure(
    transaction: &Transaction<'_>,
    locked: Option<sql::LockedJob>,
    policy: &Policy,
    failure: &Failure<'_>,
) -> Result<Option<Ended>, tokio_postgres::Error> {
    let Some(job) = locked else {
        return Ok(None);
    };
    match policy.after_failure(job.attempts, job.max_attempts, failure.may_retry) {
        Verdict::Retry(delay) => {
            let parameters = &sql::RequeueJobParams {
                delay_seconds: delay.as_secs_f64(),
                last_lease_token: failure.last_lease_token,
                error: failure.error,
                job_id: job.id,
            };
            let retry_at = sql::requeue_job()
                .params(transaction, parameters)
                .one()
                .await?;
            Ok(Some(Ended::Attempt { retry_at }))
        }
        Verdict::Final => {
            let end = End {
                status: "failed",
                error: Some(failure.error),
                last_lease_token: failure.last_lease_token,
                refund_reason: "The job failed",
                action: "job.fail",
                outcome: Outcome::Failed,
                actor: failure.actor.user_id,
                origin: &failure.actor.origin,
            };
            let refunded = end_locked(transaction, Some(job), &end).await?;
            Ok(refunded.map(|refunded_amount| Ended::Job { refunded_amount }))
        }
    }
}

/// Status, refund, event and audit entry of a job that is locked; returns the points that it gave back, if there
/// was such a job.
fn end_locked<'t>(
    transaction: &'t Transaction<'_>,
    locked: Option<sql::LockedJob>,
    end: &'t End<'t>,
) -> BoxFuture<'t, Result<Option<i64>, tokio_postgres::Error>> {
    Box::pin(async move {
        let Some(job) = locked else {
            return Ok(None);
        };
        let parameters = &sql::EndJobParams {
            status: end.status,
            last_lease_token: end.last_lease_token,
            error: end.error,
            job_id: job.id,
        };
        let event_number = sql::end_job().params(transaction, parameters).one().await?;
        wallets_sql::lock_wallet_of_spend()
            .bind(transaction, &job.transaction_id)
            .one()
            .await?;
        let parameters = &sql::RefundJobParams {
            transaction_id: job.transaction_id,
            reason: end.refund_reason,
            // The system has no user of its own: it gives back in the name of the owner.
            created_by: end.actor.map_or(job.user_id, |actor| actor.0),
        };
        let refund = sql::refund_job()
            .params(transaction, parameters)
            .opt()
            .await?;
        let refunded_amount = refund.as_ref().map_or(0, |refund| refund.amount);
        let mut details = json!({"attempt": job.attempts, "refunded_amount": refunded_amount});
        if let Some(error) = end.error {
            details["error"] = json!(error);
        }
        let parameters = &events_sql::WriteJobEventParams {
            job_id: job.id,
            event_number,
            kind: end.status,
            details: &details,
        };
        events_sql::write_job_event()
            .params(transaction, parameters)
            .one()
            .await?;
        let mut entry = Entry::new(end.action, "job", end.outcome, end.origin)
            .on(job.id)
            .with("job_type", job.job_type)
            .with("attempts", job.attempts)
            .with("transaction_id", job.transaction_id)
            .with("refunded", refunded_amount);
        if let Some(refund) = &refund {
            entry = entry.with("refund_transaction_id", refund.id);
        }
        entry.actor_user_id = end.actor;
        audit::write(transaction, &entry).await?;
        Ok(Some(refunded_amount))
    })
}
