//! The problem document of a refusal, and the answer that it comes in.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::ApiError;
use crate::http::request_log;

impl ApiError {
    /// The problem document, for a request.
    pub(in crate::http) fn document(&self, request_id: Option<&str>) -> Value {
        let (status, code) = (self.code().status(), self.code().name());
        let mut document = json!({
            "type": format!("urn:divine-whispers:problem:{}", code.to_lowercase().replace('_', "-")),
            "title": status.canonical_reason().unwrap_or(code),
            "status": status.as_u16(),
            "detail": self.detail(),
            "code": code,
        });
        for (name, value) in self.extensions() {
            document[name] = value;
        }
        if let Some(request_id) = request_id {
            document["request_id"] = json!(request_id);
        }
        document
    }

    /// What the client is told: never anything of the inside.
    fn detail(&self) -> String {
        match self {
            Self::Internal(_) => {
                "something went wrong on our side; it is logged under the request id".to_owned()
            }
            Self::Unavailable(_) => {
                "the service is not available right now; try again shortly".to_owned()
            }
            other => other.to_string(),
        }
    }

    fn extensions(&self) -> Vec<(&'static str, Value)> {
        match self {
            Self::InsufficientBalance {
                current_balance,
                required_amount,
            } => vec![
                ("current_balance", json!(current_balance)),
                ("required_amount", json!(required_amount)),
                (
                    "shortfall",
                    json!(required_amount.saturating_sub(*current_balance)),
                ),
            ],
            Self::DuplicateTransaction {
                existing_transaction_id,
            } => {
                vec![("existing_transaction_id", json!(existing_transaction_id))]
            }
            Self::RefundExceedsSpend { refundable_amount } => {
                vec![("refundable_amount", json!(refundable_amount))]
            }
            Self::JobNotCancellable { job_status } | Self::JobNotCompleted { job_status } => {
                vec![("job_status", json!(job_status))]
            }
            Self::FileTooLarge { max_bytes } => vec![("max_bytes", json!(max_bytes))],
            Self::FileTypeNotAllowed { allowed_types } => {
                vec![("allowed_types", json!(allowed_types))]
            }
            Self::RangeNotSatisfiable { size_bytes } => vec![("size_bytes", json!(size_bytes))],
            Self::ValidationFailed(errors) => vec![("errors", json!(errors))],
            _ => Vec::new(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response<Body> {
        let (status, code) = (self.code().status(), self.code().name());
        match &self {
            Self::Internal(reason) => tracing::error!(%reason, "internal error"),
            Self::Unavailable(reason) => tracing::warn!(%reason, "unavailable"),
            refusal => tracing::debug!(%status, code, %refusal, "refused"),
        }
        let document = self.document(request_log::current().as_deref());
        let mut response = (status, document.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        // RFC 9110: every 401 says how to be believed.
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        match &self {
            Self::Unavailable(_) | Self::TooManyStreams | Self::TooManyDownloads => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::TooManyAttempts { retry_after } => {
                headers.insert(header::RETRY_AFTER, retry_after.as_secs().into());
            }
            Self::RangeNotSatisfiable { size_bytes } => {
                if let Ok(range) = HeaderValue::try_from(format!("bytes */{size_bytes}")) {
                    headers.insert(header::CONTENT_RANGE, range);
                }
            }
            _ => {}
        }
        response
    }
}
