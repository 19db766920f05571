//! What the end of an attempt or of a job takes, in the transaction of whoever has locked the job: the wallet is locked here.

use chrono::{DateTime, Utc};
use deadpool_postgres::Transaction;
use futures_util::future::BoxFuture;
use serde_json::json;
use uuid::Uuid;

use crate::db::audit;
use crate::db::queries::client::Params as _;
use crate::db::queries::{job_events as events_sql, jobs as sql, wallets as wallets_sql};
use crate::domain::audit::{Entry, Origin, Outcome};
use crate::domain::ids::UserId;
use crate::domain::jobs::lease::Actor;
use crate::domain::jobs::policy::{Policy, Verdict};

/// How a job ends, and who is named for it.
pub(super) struct End<'a> {
    pub(super) status: &'static str,
    pub(super) error: Option<&'a str>,
    pub(super) last_lease_token: Option<Uuid>,
    pub(super) refund_reason: &'static str,
    pub(super) action: &'static str,
    pub(super) outcome: Outcome,
    pub(super) actor: Option<UserId>,
    pub(super) origin: &'a Origin,
}

/// A failed attempt, by the word of its worker or for the lack of one.
pub(super) struct Failure<'a> {
    pub(super) error: &'a str,
    pub(super) last_lease_token: Option<Uuid>,
    pub(super) may_retry: bool,
    pub(super) actor: Actor,
}

/// What a failed attempt came to.
pub(super) enum Ended {
    /// Another one follows.
    Attempt { retry_at: DateTime<Utc> },
    /// That was the last one.
    Job { refunded_amount: i64 },
}

/// Another attempt or the end, as the policy says.
pub(super) async fn after_failure(
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
pub(super) fn end_locked<'t>(
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
