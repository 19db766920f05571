//! `GET /jobs/{job_id}/file`: the file of a result, whole or in part, for the owner of the job.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use futures_util::StreamExt as _;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::byte_range::Wanted;
use super::document::FilePart;
use super::error::ApiError;
use super::extract::PathId;
use super::identity::SignedIn;
use crate::domain::ids::JobId;
use crate::domain::jobs::files::{self, StoredFile};

/// What a result tells of its file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResultFile)]
pub(super) struct ResultFileBody {
    mime_type: String,
    /// Its size.
    size_bytes: u64,
    /// Where to get it.
    path: String,
}

impl ResultFileBody {
    pub fn new(job_id: i64, (size_bytes, mime_type): (u64, String)) -> Self {
        Self {
            mime_type,
            size_bytes,
            path: format!("/api/v1/jobs/{job_id}/file"),
        }
    }
}

/// `GET /jobs/{job_id}/file`, and `HEAD`
pub(super) async fn download(
    State(app): State<App>,
    SignedIn(user): SignedIn,
    PathId(id): PathId,
    FileConditions { method, headers }: FileConditions,
) -> Result<FilePart, ApiError> {
    let file = files::of_job(&app.db, user, JobId(id)).await?;
    // No other file ever has the same number, and no file is written twice: as strong as a validator can be.
    let tag = format!("\"{}\"", file.id.0);
    if is_known(&headers, &tag) {
        let known = described(StatusCode::NOT_MODIFIED, &file, &tag, None, Body::empty());
        return Ok(FilePart(known));
    }
    let range = match wanted(&method, &headers, &tag, file.size_bytes) {
        Wanted::Everything => None,
        Wanted::Part(range) => Some(range),
        Wanted::Nothing => {
            return Err(ApiError::RangeNotSatisfiable {
                size_bytes: file.size_bytes,
            });
        }
    };
    let bytes = range.clone().unwrap_or(0..file.size_bytes);
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let contents = app
            .files
            .contents(user, JobId(id), &file, bytes.clone())
            .await?;
        Body::from_stream(contents.map(move |piece| {
            // The client sees it by the length: fewer bytes come than were told.
            piece.inspect_err(|error| tracing::warn!(%error, job_id = id, "a download broke off"))
        }))
    };
    let status = match &range {
        None => StatusCode::OK,
        Some(_) => StatusCode::PARTIAL_CONTENT,
    };
    let mut response = described(status, &file, &tag, Some(bytes.end - bytes.start), body);
    if let Some(range) = range {
        let (first, last, size) = (range.start, range.end - 1, file.size_bytes);
        let value = format!("bytes {first}-{last}/{size}");
        insert(response.headers_mut(), header::CONTENT_RANGE, &value);
    }
    Ok(FilePart(response))
}

/// What a request wants of a file: all, a part, nothing if the client has it.
#[derive(Debug)]
pub(super) struct FileConditions {
    method: Method,
    headers: HeaderMap,
}

impl FromRequestParts<App> for FileConditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self {
            method: parts.method.clone(),
            headers: parts.headers.clone(),
        })
    }
}

/// Which bytes are asked for. `Range` is defined for `GET` alone, and counts only if the client's part is of this file.
fn wanted(method: &Method, headers: &HeaderMap, tag: &str, size_bytes: u64) -> Wanted {
    let mut ranges = headers.get_all(header::RANGE).iter();
    let (Some(range), None) = (ranges.next(), ranges.next()) else {
        return Wanted::Everything;
    };
    let is_of_this_file = match headers.get(header::IF_RANGE) {
        None => true,
        // A date counts as another file: no Last-Modified is told.
        Some(known) => known.as_bytes() == tag.as_bytes(),
    };
    match range.to_str() {
        Ok(range) if *method == Method::GET && is_of_this_file => Wanted::read(range, size_bytes),
        _ => Wanted::Everything,
    }
}

/// Whether the client has it already: `If-None-Match`, which compares weakly.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

fn described(
    status: StatusCode,
    file: &StoredFile,
    tag: &str,
    length_bytes: Option<u64>,
    body: Body,
) -> Response<Body> {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    insert(headers, header::ETAG, tag);
    insert(headers, header::ACCEPT_RANGES, "bytes");
    // It may be kept by the client alone, and is asked for again: another user of the same machine is not its owner.
    insert(headers, header::CACHE_CONTROL, "private, no-cache");
    // Workers say what type it is. No browser is to guess another one, or to show it as a page of ours.
    insert(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if let Some(length_bytes) = length_bytes {
        insert(headers, header::CONTENT_TYPE, &file.mime_type);
        headers.insert(header::CONTENT_LENGTH, length_bytes.into());
        let disposition = format!("attachment; filename=\"{}\"", file.name);
        insert(headers, header::CONTENT_DISPOSITION, &disposition);
    }
    response
}

/// All of these values are ours, or checked when they were stored.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
