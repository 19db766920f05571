//! What workers send, and what they are told.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::{AllOfBuilder, AnyOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::domain::jobs::lease::ClaimedJob;
use crate::http::document::values;
use crate::http::whole;

/// What a worker can do, and how long it waits.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Claim)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ClaimBody {
    /// The kinds that the worker can do.
    #[schema(value_type = values::JobTypeList)]
    pub(super) job_types: Vec<String>,
    /// How many at most; 1 without.
    #[schema(value_type = Option<values::JobCount>)]
    #[serde(default, deserialize_with = "whole::optional")]
    pub(super) count: Option<i64>,
    /// What the worker calls itself, for people.
    #[schema(value_type = Option<values::WorkerNameText>)]
    pub(super) worker_name: Option<String>,
    /// How long to wait for a job, as long as can be without.
    #[schema(value_type = Option<values::WaitSeconds>)]
    #[serde(default, deserialize_with = "whole::optional")]
    pub(super) wait_seconds: Option<i64>,
}

/// The jobs that a worker has now; none if there were none in time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClaimedJobs)]
pub(in crate::http) struct ClaimedBody {
    pub(super) jobs: Vec<ClaimedJobBody>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClaimedJob)]
pub(in crate::http) struct ClaimedJobBody {
    pub(super) job_id: i64,
    pub(super) user_id: i64,
    pub(super) job_type: String,
    #[schema(value_type = Object)]
    pub(super) input: Value,
    pub(super) priority: i16,
    pub(super) attempt: i16,
    pub(super) max_attempts: i16,
    pub(super) lease_token: Uuid,
    pub(super) lease_expires_at: DateTime<Utc>,
}

/// A sign of life.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Heartbeat)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct HeartbeatBody {
    /// Of the claim.
    #[schema(value_type = values::LeaseToken)]
    pub(super) lease_token: String,
    #[schema(value_type = Option<values::Percent>)]
    #[serde(default, deserialize_with = "whole::optional")]
    pub(super) progress_percent: Option<i64>,
}

/// What it brought.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExtendedLease)]
pub(in crate::http) struct ExtendedBody {
    pub(super) job_id: i64,
    pub(super) lease_expires_at: DateTime<Utc>,
    pub(super) progress_percent: i16,
}

/// A result.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CompletionFields {
    /// Of the claim.
    #[schema(value_type = values::LeaseToken)]
    pub(super) lease_token: String,
    /// As JSON.
    #[schema(value_type = Option<values::StoredJson>)]
    pub(super) output: Option<Value>,
    /// As text.
    #[schema(value_type = Option<values::StoredText>)]
    pub(super) output_text: Option<String>,
    /// What the upload of a file was answered with.
    #[schema(value_type = Option<values::UploadedFileId>)]
    pub(super) file_id: Option<String>,
}

/// A result, of which there is something.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(in crate::http) struct CompleteBody(pub(super) CompletionFields);

impl PartialSchema for CompleteBody {
    fn schema() -> RefOr<Schema> {
        let given = |name: &str, schema: RefOr<Schema>| {
            ObjectBuilder::new().property(name, schema).required(name)
        };
        let not_null = [
            Type::Boolean,
            Type::Number,
            Type::String,
            Type::Array,
            Type::Object,
        ];
        let not_null = ObjectBuilder::new().schema_type(SchemaType::Array(not_null.into()));
        let something = AnyOfBuilder::new()
            .item(given("output", not_null.into()))
            .item(given("output_text", values::StoredText::schema()))
            .item(given("file_id", values::UploadedFileId::schema()))
            .build();
        let whole = AllOfBuilder::new()
            .item(Ref::from_schema_name(CompletionFields::name()))
            .item(Schema::AnyOf(something))
            .build();
        Schema::AllOf(whole).into()
    }
}

impl ToSchema for CompleteBody {
    fn name() -> Cow<'static, str> {
        "Completion".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        CompletionFields::schemas(schemas);
        schemas.push((CompletionFields::name().into(), CompletionFields::schema()));
    }
}

/// How the job stands after a worker's word.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobStanding)]
pub(in crate::http) struct StandingBody {
    pub(super) job_id: i64,
    pub(super) status: String,
    /// When it may be tried again, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) retry_at: Option<DateTime<Utc>>,
}

/// A failed attempt.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Failure)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct FailBody {
    /// Of the claim.
    #[schema(value_type = values::LeaseToken)]
    pub(super) lease_token: String,
    /// Why, for people.
    #[schema(value_type = values::FailureText)]
    pub(super) error: String,
    /// Whether another attempt may help; without it, it may.
    pub(super) retry: Option<bool>,
}

impl From<ClaimedJob> for ClaimedJobBody {
    fn from(job: ClaimedJob) -> Self {
        Self {
            job_id: job.lease.job_id.0,
            user_id: job.user_id.0,
            job_type: job.job_type,
            input: job.input,
            priority: job.priority,
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            lease_token: job.lease.token,
            lease_expires_at: job.lease_expires_at,
        }
    }
}
