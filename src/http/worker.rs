//! `/worker/jobs`: how workers in any language take jobs and deliver results.

mod bodies;

use std::time::Duration;

use axum::Json as Answer;
use axum::extract::State;
use uuid::Uuid;

use self::bodies::{
    ClaimBody, ClaimedBody, ClaimedJobBody, CompleteBody, ExtendedBody, FailBody, HeartbeatBody,
    StandingBody,
};
use super::error::ApiError;
use super::extract::{Json, PathId};
use super::identity::{Permitted, Required};
use super::validate::Fields;
use super::{App, worker_files};
use crate::domain::audit::Origin;
use crate::domain::ids::JobId;
use crate::domain::jobs::FailureReason;
use crate::domain::jobs::lease::{self, Actor, ClaimRequest, Lease, Output, WorkerName};
use crate::domain::jobs::waiting::{self, Patience};
use crate::domain::permissions::Permission;
use crate::domain::text::JobType;

/// How long a claim may wait for a job.
pub(super) const LONGEST_WAIT_SECONDS: i64 = 30;
/// How many jobs one claim may take.
pub(super) const MAX_CLAIMED_JOBS: i64 = 20;
/// How many kinds of jobs one claim may ask for.
pub(super) const MAX_JOB_TYPES: usize = 100;

/// Takes [`Permission::WorkOnJobs`].
#[derive(Debug, Clone, Copy)]
pub(super) struct WorkOnJobs;

impl Required for WorkOnJobs {
    const PERMISSION: Permission = Permission::WorkOnJobs;
}

/// `POST /worker/jobs/claim`
pub(super) async fn claim(
    State(app): State<App>,
    permitted: Permitted<WorkOnJobs>,
    Json(body): Json<ClaimBody>,
) -> Result<Answer<ClaimedBody>, ApiError> {
    let mut fields = Fields::default();
    let job_types = fields.check("job_types", check_job_types(&body.job_types));
    let count = fields.check(
        "count",
        within(body.count.unwrap_or(1), 1, MAX_CLAIMED_JOBS),
    );
    let name = body
        .worker_name
        .unwrap_or_else(|| format!("service {}", permitted.user));
    let worker_name = fields.check("worker_name", WorkerName::parse(&name));
    let wait = body.wait_seconds.unwrap_or(LONGEST_WAIT_SECONDS);
    let wait = fields.check("wait_seconds", within(wait, 0, LONGEST_WAIT_SECONDS));
    let (Some(job_types), Some(count), Some(worker_name), Some(wait)) =
        (job_types, count, worker_name, wait)
    else {
        return Err(fields.into_error());
    };
    let request = ClaimRequest {
        job_types,
        count,
        worker_name,
    };
    let patience = Patience {
        wait: Duration::from_secs(wait.unsigned_abs()).min(app.jobs.claim_wait),
        poll_interval: app.jobs.poll_interval,
        arrivals: app.arrivals.clone(),
        shutdown: app.shutdown.clone(),
    };
    let jobs = waiting::claim(&app.db, &app.jobs.policy, &request, &patience).await?;
    Ok(Answer(ClaimedBody {
        jobs: jobs.into_iter().map(ClaimedJobBody::from).collect(),
    }))
}

/// `POST /worker/jobs/{job_id}/heartbeat`
pub(super) async fn heartbeat(
    State(app): State<App>,
    _: Permitted<WorkOnJobs>,
    PathId(id): PathId,
    Json(body): Json<HeartbeatBody>,
) -> Result<Answer<ExtendedBody>, ApiError> {
    let mut fields = Fields::default();
    let lease = fields.check("lease_token", read_lease(id, &body.lease_token));
    let progress = fields.check_optional(
        "progress_percent",
        body.progress_percent.map(|percent| within(percent, 0, 100)),
    );
    let (Some(lease), Some(progress)) = (lease, progress) else {
        return Err(fields.into_error());
    };
    let progress = progress.and_then(|percent| i16::try_from(percent).ok());
    let (lease_expires_at, progress_percent) =
        lease::extend(&app.db, &app.jobs.policy, lease, progress).await?;
    Ok(Answer(ExtendedBody {
        job_id: id,
        lease_expires_at,
        progress_percent,
    }))
}

/// `POST /worker/jobs/{job_id}/complete`
pub(super) async fn complete(
    State(app): State<App>,
    permitted: Permitted<WorkOnJobs>,
    PathId(id): PathId,
    origin: Origin,
    body: Result<Json<CompleteBody>, ApiError>,
) -> Result<Answer<StandingBody>, ApiError> {
    let Json(CompleteBody(body)) = body.map_err(worker_files::or_as_a_file)?;
    let mut fields = Fields::default();
    let lease = fields.check("lease_token", read_lease(id, &body.lease_token));
    let file_id = body.file_id.as_deref().map(worker_files::read_file_id);
    let file_id = fields.check_optional("file_id", file_id);
    let output = Output::with_file(body.output, body.output_text, file_id.flatten());
    let field = output
        .as_ref()
        .err()
        .map_or("output", |error| error.field());
    let output = fields.check(field, output);
    let (Some(lease), Some(_), Some(output)) = (lease, file_id, output) else {
        return Err(fields.into_error());
    };
    let actor = Actor {
        user_id: Some(permitted.user),
        origin,
    };
    lease::complete(&app.db, &app.jobs.policy, lease, output, actor).await?;
    Ok(Answer(StandingBody {
        job_id: id,
        status: "completed".to_owned(),
        retry_at: None,
    }))
}

/// `POST /worker/jobs/{job_id}/fail`
pub(super) async fn fail(
    State(app): State<App>,
    permitted: Permitted<WorkOnJobs>,
    PathId(id): PathId,
    origin: Origin,
    Json(body): Json<FailBody>,
) -> Result<Answer<StandingBody>, ApiError> {
    let mut fields = Fields::default();
    let lease = fields.check("lease_token", read_lease(id, &body.lease_token));
    let reason = fields.check("error", FailureReason::parse(&body.error));
    let (Some(lease), Some(reason)) = (lease, reason) else {
        return Err(fields.into_error());
    };
    let actor = Actor {
        user_id: Some(permitted.user),
        origin,
    };
    let may_retry = body.retry.unwrap_or(true);
    let policy = &app.jobs.policy;
    let after = lease::fail(&app.db, policy, lease, &reason, may_retry, &actor).await?;
    Ok(Answer(StandingBody {
        job_id: id,
        status: after.status,
        retry_at: after.retry_at,
    }))
}

fn check_job_types(names: &[String]) -> Result<Vec<JobType>, String> {
    if names.is_empty() || names.len() > MAX_JOB_TYPES {
        return Err(format!("must name 1 to {MAX_JOB_TYPES} kinds of jobs"));
    }
    let job_types = names.iter().map(|name| JobType::parse(name));
    job_types
        .collect::<Result<_, _>>()
        .map_err(|error| format!("each {error}"))
}

fn within(number: i64, least: i64, most: i64) -> Result<i64, String> {
    if (least..=most).contains(&number) {
        Ok(number)
    } else {
        Err(format!("must be a whole number from {least} to {most}"))
    }
}

pub(super) fn read_lease(job_id: i64, token: &str) -> Result<Lease, &'static str> {
    let token = Uuid::try_parse(token).map_err(|_| "must be the lease_token of a claim")?;
    Ok(Lease {
        job_id: JobId(job_id),
        token,
    })
}
