//! The one error type of the edge: what refuses a request, and the problem document that says so.
//! After RFC 9457, <https://www.rfc-editor.org/rfc/rfc9457>.
//!
//! The domain's narrow errors are translated here, and those of accounts and sessions in `error/accounts.rs`; nowhere else. What the server did wrong is logged
//! under the request's id, and the client is told the id alone.

mod accounts;
mod jobs;

use std::any::Any;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::{Value, json};

use super::request_log;
use crate::db::DbError;
use crate::domain::transactions::MoneyError;

/// What refuses a request.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 400: the body is not JSON.
    #[error("the body is not JSON: {0}")]
    MalformedJson(String),
    /// 400: the request could not be read.
    #[error("the request could not be read: {0}")]
    BadRequest(String),
    /// 401: no token, or one that is not valid.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// 401: email or password are wrong.
    #[error("email address or password is wrong")]
    InvalidCredentials,
    /// 401: the session of the access token has ended.
    #[error("the session has ended; sign in again")]
    SessionEnded,
    /// 401: a refresh token that is not good.
    #[error("the refresh token is not valid; sign in again")]
    InvalidRefreshToken,
    /// 401: a refresh token that was used before.
    #[error("the refresh token was used before, so its session was ended; sign in again")]
    RefreshTokenReused,
    /// 402: the wallet is short of points.
    #[error("the balance of {current_balance} points does not cover {required_amount}")]
    InsufficientBalance {
        /// Points in the wallet.
        current_balance: i64,
        /// Points that are needed.
        required_amount: i64,
    },
    /// 403: the role does not permit it.
    #[error("your role does not permit this")]
    Forbidden,
    /// 403: the account is suspended, inactive or banned.
    #[error("the account is not active")]
    AccountNotActive,
    /// 404: nothing there, or another's.
    #[error("{0}")]
    NotFound(&'static str),
    /// 405: the route has other methods.
    #[error("this route does not take this method; see the Allow header")]
    MethodNotAllowed,
    /// 409: the address is taken.
    #[error("a user with this email address exists")]
    EmailTaken,
    /// 409: the key or reference stands for another transaction.
    #[error(
        "the idempotency key or the reference stands for transaction {existing_transaction_id} already"
    )]
    DuplicateTransaction {
        /// That transaction.
        existing_transaction_id: i64,
    },
    /// 409: refunds would exceed the spend.
    #[error("{refundable_amount} points of the spend are left to refund")]
    RefundExceedsSpend {
        /// What is left of it.
        refundable_amount: i64,
    },
    /// 409: nobody would be left who can administer users.
    #[error("this is the last active admin; make another one first")]
    LastAdmin,
    /// 409: the balance would grow too large.
    #[error("the balance would exceed its limit")]
    BalanceLimitExceeded,
    /// 409: a worker has the job, or it has ended.
    #[error("the job is {job_status}; only one that waits can be cancelled")]
    JobNotCancellable {
        /// How it stands.
        job_status: String,
    },
    /// 409: there is no result, perhaps yet.
    #[error("the job is {job_status}; only a completed one has a result")]
    JobNotCompleted {
        /// How it stands.
        job_status: String,
    },
    /// 409: the worker's claim no longer holds.
    #[error("this claim no longer holds: leave the job alone")]
    LeaseLost,
    /// 410: there was a result.
    #[error("the result was kept for its time, and is removed")]
    ResultExpired,
    /// 413: the body is too large.
    #[error("the body is larger than 64 KiB")]
    PayloadTooLarge,
    /// 413: the result is too large for a body of JSON.
    #[error(
        "the body is larger than 64 KiB: send a large result as a file, with PUT /api/v1/worker/jobs/{{job_id}}/file"
    )]
    ResultTooLarge,
    /// 413: the file is too large.
    #[error("the file is larger than {max_bytes} bytes")]
    FileTooLarge {
        /// What is allowed.
        max_bytes: u64,
    },
    /// 415: files of this type are not taken.
    #[error("files are taken of these types: {}; send the one of the file as Content-Type", .allowed_types.join(", "))]
    FileTypeNotAllowed {
        /// Those that are.
        allowed_types: Vec<String>,
    },
    /// 416: the file has no such part.
    #[error("the file has {size_bytes} bytes, and none of those that were asked for")]
    RangeNotSatisfiable {
        /// Its size.
        size_bytes: u64,
    },
    /// 415: the body is not sent as JSON.
    #[error("the body must be sent with Content-Type: application/json")]
    UnsupportedMediaType,
    /// 422: fields have values that are not allowed.
    #[error("{}", describe(.0))]
    ValidationFailed(Vec<FieldError>),
    /// 429: the password was tried too often.
    #[error("too many attempts; try again later")]
    TooManyAttempts {
        /// When it may be tried again.
        retry_after: Duration,
    },
    /// 429: the user watches many jobs at once.
    #[error("you watch as many jobs at once as you may; end one of the others")]
    TooManyStreams,
    /// 500: a defect. The text is for the log.
    #[error("{0}")]
    Internal(String),
    /// 503: the service is at its limit, or the database cannot be reached. The text is for the log.
    #[error("{0}")]
    Unavailable(String),
    /// 503 that must not be repeated blindly: whether points moved is not known.
    #[error(
        "the connection to the database was lost, and whether this was booked is not known: look at the ledger; with an \
         Idempotency-Key the request could be sent again safely"
    )]
    OutcomeUnknown,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Its name, with a path where it is nested.
    pub field: String,
    /// What is allowed.
    pub message: String,
}

fn describe(errors: &[FieldError]) -> String {
    let lines = errors
        .iter()
        .map(|error| format!("{}: {}", error.field, error.message));
    lines.collect::<Vec<_>>().join("; ")
}

impl ApiError {
    /// A refusal of one field.
    pub fn field(field: &str, message: impl ToString) -> Self {
        Self::ValidationFailed(vec![FieldError {
            field: field.to_owned(),
            message: message.to_string(),
        }])
    }

    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::MalformedJson(_) => (StatusCode::BAD_REQUEST, "MALFORMED_JSON"),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "BAD_REQUEST"),
            Self::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            Self::InvalidCredentials => (StatusCode::UNAUTHORIZED, "INVALID_CREDENTIALS"),
            Self::SessionEnded => (StatusCode::UNAUTHORIZED, "SESSION_ENDED"),
            Self::InvalidRefreshToken => (StatusCode::UNAUTHORIZED, "INVALID_REFRESH_TOKEN"),
            Self::RefreshTokenReused => (StatusCode::UNAUTHORIZED, "REFRESH_TOKEN_REUSED"),
            Self::InsufficientBalance { .. } => {
                (StatusCode::PAYMENT_REQUIRED, "INSUFFICIENT_BALANCE")
            }
            Self::Forbidden => (StatusCode::FORBIDDEN, "FORBIDDEN"),
            Self::AccountNotActive => (StatusCode::FORBIDDEN, "ACCOUNT_NOT_ACTIVE"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
            Self::EmailTaken => (StatusCode::CONFLICT, "EMAIL_TAKEN"),
            Self::DuplicateTransaction { .. } => (StatusCode::CONFLICT, "DUPLICATE_TRANSACTION"),
            Self::RefundExceedsSpend { .. } => (StatusCode::CONFLICT, "REFUND_EXCEEDS_SPEND"),
            Self::LastAdmin => (StatusCode::CONFLICT, "LAST_ADMIN"),
            Self::BalanceLimitExceeded => (StatusCode::CONFLICT, "BALANCE_LIMIT_EXCEEDED"),
            Self::JobNotCancellable { .. } => (StatusCode::CONFLICT, "JOB_NOT_CANCELLABLE"),
            Self::JobNotCompleted { .. } => (StatusCode::CONFLICT, "JOB_NOT_COMPLETED"),
            Self::LeaseLost => (StatusCode::CONFLICT, "LEASE_LOST"),
            Self::ResultExpired => (StatusCode::GONE, "RESULT_EXPIRED"),
            Self::PayloadTooLarge | Self::ResultTooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE")
            }
            Self::FileTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "FILE_TOO_LARGE"),
            Self::FileTypeNotAllowed { .. } => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "FILE_TYPE_NOT_ALLOWED")
            }
            Self::RangeNotSatisfiable { .. } => {
                (StatusCode::RANGE_NOT_SATISFIABLE, "RANGE_NOT_SATISFIABLE")
            }
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE")
            }
            Self::ValidationFailed(_) => (StatusCode::UNPROCESSABLE_ENTITY, "VALIDATION_FAILED"),
            Self::TooManyAttempts { .. } => (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_ATTEMPTS"),
            Self::TooManyStreams => (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_STREAMS"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE"),
            Self::OutcomeUnknown => (StatusCode::SERVICE_UNAVAILABLE, "OUTCOME_UNKNOWN"),
        }
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
        let (status, code) = self.status_and_code();
        match &self {
            Self::Internal(reason) => tracing::error!(%reason, "internal error"),
            Self::Unavailable(reason) => tracing::warn!(%reason, "unavailable"),
            refusal => tracing::debug!(%status, code, %refusal, "refused"),
        }
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
        if let Some(request_id) = request_log::current() {
            document["request_id"] = json!(request_id);
        }
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
            Self::Unavailable(_) | Self::TooManyStreams => {
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

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unreachable { .. }
            | DbError::Exhausted
            | DbError::Lost { .. }
            | DbError::Collision { .. }
            | DbError::StalePlan { .. }
            | DbError::Timeout { .. } => Self::Unavailable(error.to_string()),
            DbError::Value { message } => Self::field("body", message),
            DbError::Constraint { .. } | DbError::Defect { .. } => {
                Self::Internal(error.to_string())
            }
        }
    }
}

impl From<MoneyError> for ApiError {
    fn from(error: MoneyError) -> Self {
        match error {
            MoneyError::InsufficientBalance {
                current_balance,
                required_amount,
            } => Self::InsufficientBalance {
                current_balance,
                required_amount,
            },
            MoneyError::Duplicate { existing } => Self::DuplicateTransaction {
                existing_transaction_id: existing.0,
            },
            MoneyError::NotActive => Self::AccountNotActive,
            MoneyError::SessionEnded => Self::SessionEnded,
            MoneyError::NoSuchRecipient | MoneyError::SelfTransfer => {
                Self::field("to_user_id", error)
            }
            MoneyError::NoSuchUser => Self::NotFound("there is no user with this number"),
            MoneyError::NoSuchSpend => Self::NotFound("there is no spend with this number"),
            MoneyError::RefundExceedsSpend { refundable } => Self::RefundExceedsSpend {
                refundable_amount: refundable,
            },
            MoneyError::BalanceLimit => Self::BalanceLimitExceeded,
            MoneyError::OutcomeUnknown => Self::OutcomeUnknown,
            MoneyError::Database(error) => error.into(),
        }
    }
}

/// No route has this path.
pub(super) async fn no_such_route() -> ApiError {
    ApiError::NotFound("there is no such route")
}

/// The route has other methods.
pub(super) async fn method_not_allowed() -> ApiError {
    ApiError::MethodNotAllowed
}

/// A handler panicked: a defect like any other, and the server goes on.
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response<Body> {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    ApiError::Internal(format!("panic: {}", text.unwrap_or("without a message"))).into_response()
}
