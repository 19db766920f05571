//! `/jobs`: ordering, looking, cancelling. What workers do is in `worker.rs`.

use axum::Json as Answer;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::document::values;
use super::error::ApiError;
use super::extract::{Json, MaybeKey, PathId, Query};
use super::identity::{InSession, SignedIn};
use super::job_files::ResultFileBody;
use super::moment;
use super::page;
use super::transaction_body::PostingBody;
use super::validate::Fields;
use super::whole;
use crate::domain::audit::Origin;
use crate::domain::ids::JobId;
use crate::domain::jobs::{self, Job, Order, PriceList, Priority, statement};
use crate::domain::points::Amount;
use crate::domain::text::JobType;

/// How far ahead a job may be ordered.
const LONGEST_AHEAD: TimeDelta = TimeDelta::days(365);
pub(super) const NO_SUCH_JOB: &str = "you have no job with this number";

/// What is ordered.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderRequest {
    /// A kind that is on offer.
    #[schema(value_type = values::JobTypeText)]
    job_type: String,
    /// What the worker gets.
    #[serde(default)]
    #[schema(value_type = values::StoredObject)]
    input: Map<String, Value>,
    /// Higher is done first; 0 without.
    #[schema(value_type = Option<values::JobPriority>)]
    #[serde(default, deserialize_with = "whole::optional")]
    priority: Option<i64>,
    /// When it may be done, within the next year; one that is over means now.
    #[serde(default, deserialize_with = "moment::optional")]
    scheduled_at: Option<DateTime<Utc>>,
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(super) struct JobBody {
    job_id: i64,
    /// The transaction that paid for it.
    txn_id: i64,
    job_type: String,
    /// `queued`, `running`, `completed`, `failed`, `cancelled` or `expired`; a later release may have more.
    status: String,
    priority: i16,
    #[schema(value_type = Object)]
    input: Value,
    progress_percent: i16,
    attempts: i16,
    max_attempts: i16,
    scheduled_at: DateTime<Utc>,
    /// When it is refunded if no worker has taken it.
    expires_at: DateTime<Utc>,
    last_error: Option<String>,
    /// Points that its end gave back.
    refunded_amount: i64,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

/// `POST /jobs`
pub(super) async fn order(
    State(app): State<App>,
    InSession(session): InSession,
    key: MaybeKey,
    origin: Origin,
    Json(request): Json<OrderRequest>,
) -> Result<PostingBody, ApiError> {
    let idempotency = key.bind("order_job", &request)?;
    let mut fields = Fields::default();
    let offer = fields.check("job_type", find_offer(&app.jobs.prices, &request.job_type));
    let begins_at = request.scheduled_at.unwrap_or_default().max(Utc::now());
    let input = offer.as_ref().map_or(Ok(()), |(job_type, _)| {
        statement::check_input(job_type, &request.input, begins_at)
    });
    let input = fields.check("input", input);
    let priority = fields.check("priority", Priority::new(request.priority.unwrap_or(0)));
    let scheduled_at =
        fields.check_optional("scheduled_at", request.scheduled_at.map(check_schedule));
    let (Some((job_type, price)), Some(()), Some(priority), Some(scheduled_at)) =
        (offer, input, priority, scheduled_at)
    else {
        return Err(fields.into_error());
    };
    let order = Order {
        user_id: session.user_id,
        session_id: Some(session.id),
        job_type,
        price,
        input: request.input,
        priority,
        scheduled_at,
    };
    let policy = &app.jobs.policy;
    let posting = jobs::order(&app.db, policy, &order, idempotency.as_ref(), &origin).await?;
    app.arrivals.announce();
    Ok(posting.into())
}

/// Which part of the list is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// How many a page has.
    #[param(inline, value_type = Option<values::Rows>)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    #[param(inline, value_type = Option<values::Cursor>)]
    cursor: Option<String>,
}

/// A page of jobs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobPage)]
pub(super) struct ListBody {
    jobs: Vec<JobBody>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// `GET /jobs`
pub(super) async fn list(
    State(app): State<App>,
    SignedIn(user): SignedIn,
    Query(query): Query<ListQuery>,
) -> Result<Answer<ListBody>, ApiError> {
    let mut fields = Fields::default();
    let rows = fields.check("limit", page::check_rows(query.limit));
    let before = fields.check_optional("cursor", query.cursor.as_deref().map(read_position));
    let (Some(rows), Some(before)) = (rows, before) else {
        return Err(fields.into_error());
    };
    let found = jobs::page(&app.db, user, before, rows).await?;
    Ok(Answer(ListBody {
        jobs: found.jobs.into_iter().map(JobBody::from).collect(),
        next_cursor: found.next.map(|id| page::write_cursor(&id.to_string())),
    }))
}

/// `GET /jobs/{job_id}`
pub(super) async fn show(
    State(app): State<App>,
    SignedIn(user): SignedIn,
    PathId(id): PathId,
) -> Result<Answer<JobBody>, ApiError> {
    let job = app.db.job_of_user(user, JobId(id)).await?;
    let job = job.ok_or(ApiError::NotFound(NO_SUCH_JOB))?;
    Ok(Answer(job.into()))
}

/// What a job produced.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobResult)]
pub(super) struct ResultBody {
    job_id: i64,
    /// As JSON.
    output: Option<Value>,
    /// As text.
    output_text: Option<String>,
    file: Option<ResultFileBody>,
    created_at: DateTime<Utc>,
    /// When it may be removed.
    expires_at: Option<DateTime<Utc>>,
}

/// `GET /jobs/{job_id}/result`
pub(super) async fn result(
    State(app): State<App>,
    SignedIn(user): SignedIn,
    PathId(id): PathId,
) -> Result<Answer<ResultBody>, ApiError> {
    let outcomes = app.db.result_of_job(user, JobId(id)).await?;
    let outcomes = outcomes.ok_or(ApiError::NotFound(NO_SUCH_JOB))?;
    match outcomes.result {
        Some(result) => Ok(Answer(ResultBody {
            job_id: id,
            output: result.output,
            output_text: result.output_text,
            file: result.file.map(|file| ResultFileBody::new(id, file)),
            created_at: result.created_at,
            expires_at: result.expires_at,
        })),
        None if outcomes.status == "completed" => Err(ApiError::ResultExpired),
        None => Err(ApiError::JobNotCompleted {
            job_status: outcomes.status,
        }),
    }
}

/// `DELETE /jobs/{job_id}`
pub(super) async fn cancel(
    State(app): State<App>,
    SignedIn(user): SignedIn,
    PathId(id): PathId,
    origin: Origin,
) -> Result<Answer<JobBody>, ApiError> {
    let job = jobs::cancel(&app.db, user, JobId(id), &origin).await?;
    Ok(Answer(job.into()))
}

fn find_offer(prices: &PriceList, name: &str) -> Result<(JobType, Amount), String> {
    let job_type = JobType::parse(name).map_err(|error| error.to_string())?;
    match prices.price(&job_type) {
        Some(price) => Ok((job_type, price)),
        None => {
            let names: Vec<&str> = prices.names().collect();
            Err(format!(
                "is not on offer; on offer are: {}",
                names.join(", ")
            ))
        }
    }
}

fn check_schedule(time: DateTime<Utc>) -> Result<DateTime<Utc>, &'static str> {
    if time >= DateTime::UNIX_EPOCH && time <= Utc::now() + LONGEST_AHEAD {
        Ok(time)
    } else {
        Err("must be a time within the next year; one that is over means now")
    }
}

/// The number of the last row of the page before.
fn read_position(cursor: &str) -> Result<JobId, &'static str> {
    let id = page::read_cursor(cursor).and_then(|text| text.parse().ok());
    id.ok_or(page::BAD_CURSOR)
}

impl From<Job> for JobBody {
    fn from(job: Job) -> Self {
        Self {
            job_id: job.id.0,
            txn_id: job.transaction_id.0,
            job_type: job.job_type,
            status: job.status,
            priority: job.priority,
            input: job.input,
            progress_percent: job.progress_percent,
            attempts: job.attempts,
            max_attempts: job.max_attempts,
            scheduled_at: job.scheduled_at,
            expires_at: job.expires_at,
            last_error: job.last_error,
            refunded_amount: job.refund_amount.unwrap_or(0),
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
        }
    }
}
