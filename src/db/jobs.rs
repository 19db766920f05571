//! The statements of `queries/jobs.sql` and `queries/job_results.sql` for those who order jobs, in the types of the
//! domain. What workers run is in [`lease`] and [`completions`], the files of results in [`files`], where these are in
//! [`storage`], how jobs end without a result in [`ending`], what happened to them in [`events`].

mod completions;
mod ending;
pub(super) mod events;
mod files;
mod lease;
mod storage;

pub(super) use self::completions::Completions;
use super::queries::client::Params as _;
use super::queries::{job_results as results_sql, jobs as sql};
use super::{Database, DbError, Retry};
use crate::domain::audit::Origin;
use crate::domain::idempotency::Idempotency;
use crate::domain::ids::{JobId, TransactionId, UserId, WalletId};
use crate::domain::jobs::{Job, JobResult, Order, Outcomes, Policy};
use crate::domain::transactions::Transaction;
use crate::metrics::jobs::JobChange;

impl Database {
    /// Debits the price and orders the job: one statement.
    ///
    /// # Errors
    /// `transactions_idempotency_key_key` when the key was used before.
    pub async fn order_job(
        &self,
        order: &Order,
        policy: &Policy,
        idempotency: Option<&Idempotency>,
        origin: &Origin,
    ) -> Result<Option<Transaction>, DbError> {
        let input = serde_json::Value::Object(order.input.clone());
        // As text: the embedded engine numbers the families of addresses in its own way.
        let ip_address = origin.ip_address.map(|address| address.to_string());
        let parameters = &sql::OrderJobParams {
            price: order.price.get(),
            user_id: order.user_id.0,
            session_id: order.session_id.map(|session| session.0),
            idempotency_key: idempotency.map(|idempotency| idempotency.key.as_str()),
            request_fingerprint: idempotency.map(|idempotency| idempotency.fingerprint.as_slice()),
            job_type: order.job_type.as_str(),
            input: &input,
            priority: order.priority.get(),
            max_attempts: policy.max_attempts,
            scheduled_at: order.scheduled_at,
            expiry_seconds: policy.expiry.as_secs_f64(),
            ip_address: ip_address.as_deref(),
            user_agent: origin.user_agent(),
            request_id: origin.request_id.as_deref(),
        };
        // A lost connection leaves open what happened; only a request that can find out tries again.
        let retry = match idempotency {
            Some(_) => Retry::Repeatable,
            None => Retry::Unchanged,
        };
        self.statement("order_job", retry, |client| async move {
            sql::order_job().params(&**client, parameters).opt().await
        })
        .await
        .inspect(|posted| self.count_order(posted.is_some()))
        .map(|posted| posted.map(Transaction::from))
    }

    /// Counts an order. Nobody watches the job yet, so nobody is told.
    pub(super) fn count_order(&self, was_posted: bool) {
        if was_posted {
            self.metrics.jobs().changed(JobChange::Queued);
        }
    }

    /// One job of a user; `None` for another's too.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn job_of_user(&self, user_id: UserId, id: JobId) -> Result<Option<Job>, DbError> {
        let parameters = &sql::JobOfUserParams {
            job_id: id.0,
            user_id: user_id.0,
        };
        self.statement("job_of_user", Retry::Repeatable, |client| async move {
            sql::job_of_user().params(&**client, parameters).opt().await
        })
        .await
        .map(|found| found.map(Job::from))
    }

    /// At most `limit` jobs of a user with numbers below a position, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn jobs_of_user(
        &self,
        user_id: UserId,
        before: JobId,
        limit: i64,
    ) -> Result<Vec<Job>, DbError> {
        let parameters = &sql::PageOfJobsParams {
            user_id: user_id.0,
            before_id: before.0,
            limit,
        };
        self.statement("page_of_jobs", Retry::Repeatable, |client| async move {
            sql::page_of_jobs()
                .params(&**client, parameters)
                .all()
                .await
        })
        .await
        .map(|rows| rows.into_iter().map(Job::from).collect())
    }

    /// How a job of a user stands, and its result if there is one that is still kept.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn result_of_job(
        &self,
        user_id: UserId,
        id: JobId,
    ) -> Result<Option<Outcomes>, DbError> {
        let parameters = &results_sql::ResultOfJobParams {
            job_id: id.0,
            user_id: user_id.0,
        };
        self.statement("result_of_job", Retry::Repeatable, |client| async move {
            results_sql::result_of_job()
                .params(&**client, parameters)
                .opt()
                .await
        })
        .await
        .map(|found| {
            found.map(|row| Outcomes {
                status: row.status,
                result: row.result_created_at.map(|created_at| JobResult {
                    output: row.output,
                    output_text: row.output_text,
                    file: row
                        .file_size_bytes
                        .map(i64::unsigned_abs)
                        .zip(row.mime_type),
                    created_at,
                    expires_at: row.expires_at,
                }),
            })
        })
    }

    /// Removes at most `limit` results whose retention is over, and marks their files; returns how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_expired_results(&self, limit: i64) -> Result<usize, DbError> {
        self.statement(
            "remove_expired_results",
            Retry::Repeatable,
            |client| async move {
                results_sql::remove_expired_results()
                    .bind(&**client, &limit)
                    .all()
                    .await
            },
        )
        .await
        .map(|removed| removed.len())
    }
}

impl From<sql::OrderJob> for Transaction {
    fn from(row: sql::OrderJob) -> Self {
        Self {
            id: TransactionId(row.id),
            wallet_id: WalletId(row.wallet_id),
            transaction_type: row.transaction_type,
            amount: row.amount,
            status: row.status,
            balance_after: row.balance_after,
            reference_id: row.reference_id,
            description: row.description,
            payment_method: row.payment_method,
            refunded_transaction_id: row.refunded_transaction_id.map(TransactionId),
            counterpart_transaction_id: row.counterpart_transaction_id.map(TransactionId),
            job_id: Some(JobId(row.job_id)),
            request_fingerprint: row.request_fingerprint,
            created_at: row.created_at,
            completed_at: row.completed_at,
        }
    }
}

impl From<sql::Job> for Job {
    fn from(row: sql::Job) -> Self {
        Self {
            id: JobId(row.id),
            transaction_id: TransactionId(row.transaction_id),
            job_type: row.job_type,
            status: row.status,
            priority: row.priority,
            input: row.input,
            progress_percent: row.progress_percent,
            attempts: row.attempts,
            max_attempts: row.max_attempts,
            scheduled_at: row.scheduled_at,
            expires_at: row.expires_at,
            last_error: row.last_error,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            refund_amount: row.refund_amount,
        }
    }
}
