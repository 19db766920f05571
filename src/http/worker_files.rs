//! `PUT /worker/jobs/{job_id}/file`: how workers upload the file of a result. It is kept when they complete the job with it.

use std::convert::Infallible;

use axum::Json as Answer;
use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::App;
use super::document::values;
use super::error::ApiError;
use super::extract::PathId;
use super::identity::Permitted;
use super::validate::Fields;
use super::worker::{WorkOnJobs, read_lease};
use crate::domain::jobs::files::{FileId, FileRules};
use crate::domain::mime_type::MimeType;

/// The header with the token of the claim: the body is the file.
const LEASE_TOKEN: &str = "lease-token";
/// As people write it.
pub(super) const LEASE_TOKEN_SHOWN: &str = "Lease-Token";

/// The headers of an upload: lease, type, length.
#[derive(Debug)]
pub(super) struct UploadHeaders(HeaderMap);

impl FromRequestParts<App> for UploadHeaders {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.clone()))
    }
}

/// A file that is there, and goes again unless the job is completed with it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UploadedFile)]
pub(super) struct UploadedBody {
    job_id: i64,
    /// To complete the job with.
    #[schema(value_type = values::UploadedFileId)]
    file_id: FileId,
    size_bytes: u64,
    mime_type: String,
}

/// `PUT /worker/jobs/{job_id}/file`
pub(super) async fn upload(
    State(app): State<App>,
    _: Permitted<WorkOnJobs>,
    PathId(id): PathId,
    UploadHeaders(headers): UploadHeaders,
    body: Body,
) -> Result<Answer<UploadedBody>, ApiError> {
    let rules = &app.files.rules;
    let mut fields = Fields::default();
    let token = headers
        .get(LEASE_TOKEN)
        .and_then(|value| value.to_str().ok());
    let lease = fields.check(LEASE_TOKEN_SHOWN, read_lease(id, token.unwrap_or_default()));
    let Some(lease) = lease else {
        return Err(fields.into_error());
    };
    let mime_type = check_type(rules, &headers)?;
    check_length(rules, &headers)?;
    let mut upload = app.files.begin(lease, &mime_type).await?;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(piece) => upload.write(&piece).await?,
            Err(error) => {
                tracing::debug!(%error, "the body of an upload broke off");
                upload.discard().await;
                let idle = rules.idle_timeout;
                return Err(ApiError::BadRequest(format!(
                    "the body ended early, or nothing of it came for {idle:?}"
                )));
            }
        }
    }
    let (file_id, size_bytes) = upload.finish().await?;
    Ok(Answer(UploadedBody {
        job_id: id,
        file_id,
        size_bytes,
        mime_type: mime_type.as_str().to_owned(),
    }))
}

fn check_type(rules: &FileRules, headers: &HeaderMap) -> Result<MimeType, ApiError> {
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let mime_type = content_type.and_then(|text| MimeType::parse(text).ok());
    mime_type
        .filter(|mime_type| rules.types.contains(mime_type))
        .ok_or_else(|| ApiError::FileTypeNotAllowed {
            allowed_types: rules
                .types
                .iter()
                .map(|allowed| allowed.as_str().to_owned())
                .collect(),
        })
}

/// What is declared to be too large is refused before a byte of it is read.
fn check_length(rules: &FileRules, headers: &HeaderMap) -> Result<(), ApiError> {
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let max_bytes = rules.max_bytes;
    match length {
        Some(length) if length > max_bytes => Err(ApiError::FileTooLarge { max_bytes }),
        _ => Ok(()),
    }
}

/// Reads the `file_id` of a result.
pub(super) fn read_file_id(text: &str) -> Result<FileId, &'static str> {
    let id = Uuid::try_parse(text).map_err(|_| "must be the file_id of an upload")?;
    Ok(FileId(id))
}

/// Tells a worker whose result is too large for JSON where it fits.
pub(super) fn or_as_a_file(error: ApiError) -> ApiError {
    match error {
        ApiError::PayloadTooLarge => ApiError::ResultTooLarge,
        other => other,
    }
}
