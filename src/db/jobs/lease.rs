//! Claims and what is done under them. `None` and `false` mean that the lease is lost, and that nothing changed.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::db::queries::client::Params as _;
use crate::db::queries::jobs as sql;
use crate::db::{Database, DbError, Retry};
use crate::domain::ids::{JobId, UserId};
use crate::domain::jobs::floors::{Floors, Look};
use crate::domain::jobs::lease::{AfterFailure, ClaimRequest, ClaimedJob, Lease};
use crate::metrics::jobs::JobChange;

impl Database {
    /// Where claims of this process begin to look.
    pub fn job_floors(&self) -> &Floors {
        &self.job_floors
    }

    /// Takes due jobs where a look finds them, each under a lease of its own, in no particular order; returns as well how
    /// long the statement took.
    ///
    /// # Errors
    /// If the database fails. After [`DbError::Lost`] jobs may have been taken.
    pub async fn claim_jobs(
        &self,
        request: &ClaimRequest,
        look: &Look,
        lease: Duration,
    ) -> Result<(Vec<ClaimedJob>, Duration), DbError> {
        let (mut priorities, mut times, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for (priority, floor) in look.floors() {
            priorities.push(priority);
            times.push(floor.scheduled_at);
            ids.push(floor.id.0);
        }
        let job_types: Vec<&str> = request.job_types.iter().map(|kind| kind.as_str()).collect();
        let parameters = &sql::ClaimJobsParams {
            floor_priorities: priorities.as_slice(),
            floor_times: times.as_slice(),
            floor_ids: ids.as_slice(),
            job_types: job_types.as_slice(),
            count: request.count,
            lease_seconds: lease.as_secs_f64(),
            worker_name: request.worker_name.as_str(),
        };
        self.statement("claim_jobs", Retry::Unchanged, |client| async move {
            let begun = Instant::now();
            let rows = sql::claim_jobs()
                .params(&**client, parameters)
                .all()
                .await?;
            Ok((rows, begun.elapsed()))
        })
        .await
        .map(|(rows, took)| {
            let claimed = rows.into_iter().map(ClaimedJob::from);
            let claimed = claimed.inspect(|job| self.told(job.lease.job_id, JobChange::Running));
            (claimed.collect(), took)
        })
    }

    /// Extends a lease; returns when it ends now, and the progress.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn extend_lease(
        &self,
        lease: Lease,
        duration: Duration,
        progress_percent: Option<i16>,
    ) -> Result<Option<(DateTime<Utc>, i16)>, DbError> {
        let parameters = &sql::ExtendLeaseParams {
            lease_seconds: duration.as_secs_f64(),
            progress_percent,
            job_id: lease.job_id.0,
            lease_token: lease.token,
        };
        self.statement("extend_lease", Retry::Repeatable, |client| async move {
            sql::extend_lease()
                .params(&**client, parameters)
                .opt()
                .await
        })
        .await
        .map(|extended| {
            extended.map(|row| {
                if row.is_event {
                    self.told(lease.job_id, JobChange::Running);
                }
                (row.lease_expires_at, row.progress_percent)
            })
        })
    }

    /// Whether a worker still has its lease.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn lease_holds(&self, lease: Lease) -> Result<bool, DbError> {
        let parameters = &sql::LeaseHoldsParams {
            job_id: lease.job_id.0,
            lease_token: lease.token,
        };
        self.statement("lease_holds", Retry::Repeatable, |client| async move {
            sql::lease_holds().params(&**client, parameters).one().await
        })
        .await
    }

    /// Gives a job back as if it had not been claimed.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn release_job(&self, lease: Lease) -> Result<bool, DbError> {
        let parameters = &sql::ReleaseJobParams {
            job_id: lease.job_id.0,
            lease_token: lease.token,
        };
        self.statement("release_job", Retry::Repeatable, |client| async move {
            sql::release_job().params(&**client, parameters).opt().await
        })
        .await
        .map(|released| self.told_if(released.is_some(), lease.job_id, JobChange::Queued))
    }

    /// Counts a change that is committed, and has it told to who watches the job.
    pub(super) fn told(&self, job_id: JobId, change: JobChange) {
        self.metrics.jobs().changed(change);
        self.job_news.changed(job_id);
    }

    /// The same if there was one; passes on whether there was.
    pub(super) fn told_if(&self, has_changed: bool, job_id: JobId, change: JobChange) -> bool {
        if has_changed {
            self.told(job_id, change);
        }
        has_changed
    }

    /// How a job stands whose claim with this token ended by the word of its worker.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn job_by_last_lease(&self, lease: Lease) -> Result<Option<AfterFailure>, DbError> {
        let parameters = &sql::JobByLastLeaseParams {
            job_id: lease.job_id.0,
            lease_token: lease.token,
        };
        self.statement(
            "job_by_last_lease",
            Retry::Repeatable,
            |client| async move {
                sql::job_by_last_lease()
                    .params(&**client, parameters)
                    .opt()
                    .await
            },
        )
        .await
        .map(|found| {
            found.map(|row| AfterFailure {
                retry_at: (row.status == "queued").then_some(row.scheduled_at),
                status: row.status,
            })
        })
    }
}

impl From<sql::ClaimJobs> for ClaimedJob {
    fn from(row: sql::ClaimJobs) -> Self {
        Self {
            lease: Lease {
                job_id: JobId(row.id),
                token: row.lease_token,
            },
            lease_expires_at: row.lease_expires_at,
            user_id: UserId(row.user_id),
            job_type: row.job_type,
            input: row.input,
            priority: row.priority,
            scheduled_at: row.scheduled_at,
            attempt: row.attempts,
            max_attempts: row.max_attempts,
        }
    }
}
