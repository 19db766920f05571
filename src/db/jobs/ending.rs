//! Failed attempts, and the ends without a result: status, refund and audit entry in one transaction.
//!
//! The job is locked first and its wallet second, by everyone. Nobody locks a job while holding a wallet: `spend` and
//! `order_job` make a job that nobody else can see yet.

mod steps;

use steps::{End, Ended, Failure, after_failure, end_locked};

use crate::db::queries::client::Params as _;
use crate::db::queries::jobs as sql;
use crate::db::{Database, DbError, Retry};
use crate::domain::audit::{Origin, Outcome};
use crate::domain::ids::{JobId, UserId};
use crate::domain::jobs::FailureReason;
use crate::domain::jobs::lease::{Actor, AfterFailure, Lease};
use crate::domain::jobs::policy::Policy;
use crate::metrics::jobs::JobChange;

/// What rescued jobs say of themselves.
const SILENT: &str = "the worker gave no sign of life";
const EXPIRED: &str = "no worker took the job in time";

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
