//! The one error type of the edge: what refuses a request, and the problem document that says so.
//! After RFC 9457, <https://www.rfc-editor.org/rfc/rfc9457>.
//!
//! The domain's narrow errors are translated here, in `error/`; nowhere else. What the server did wrong is logged
//! under the request's id, and the client is told the id alone.

mod accounts;
mod code;
mod jobs;
mod money;
mod problem;
mod sample;

use std::any::Any;
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

pub(super) use code::Code;

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
    /// 429: the user takes many files at once.
    #[error("you take as many files at once as you may; let one of the others end")]
    TooManyDownloads,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
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

    /// Its stable code.
    fn code(&self) -> Code {
        match self {
            Self::MalformedJson(_) => Code::MalformedJson,
            Self::BadRequest(_) => Code::BadRequest,
            Self::Unauthenticated(_) => Code::Unauthenticated,
            Self::InvalidCredentials => Code::InvalidCredentials,
            Self::SessionEnded => Code::SessionEnded,
            Self::InvalidRefreshToken => Code::InvalidRefreshToken,
            Self::RefreshTokenReused => Code::RefreshTokenReused,
            Self::InsufficientBalance { .. } => Code::InsufficientBalance,
            Self::Forbidden => Code::Forbidden,
            Self::AccountNotActive => Code::AccountNotActive,
            Self::NotFound(_) => Code::NotFound,
            Self::MethodNotAllowed => Code::MethodNotAllowed,
            Self::EmailTaken => Code::EmailTaken,
            Self::DuplicateTransaction { .. } => Code::DuplicateTransaction,
            Self::RefundExceedsSpend { .. } => Code::RefundExceedsSpend,
            Self::LastAdmin => Code::LastAdmin,
            Self::BalanceLimitExceeded => Code::BalanceLimitExceeded,
            Self::JobNotCancellable { .. } => Code::JobNotCancellable,
            Self::JobNotCompleted { .. } => Code::JobNotCompleted,
            Self::LeaseLost => Code::LeaseLost,
            Self::ResultExpired => Code::ResultExpired,
            Self::PayloadTooLarge | Self::ResultTooLarge => Code::PayloadTooLarge,
            Self::FileTooLarge { .. } => Code::FileTooLarge,
            Self::FileTypeNotAllowed { .. } => Code::FileTypeNotAllowed,
            Self::RangeNotSatisfiable { .. } => Code::RangeNotSatisfiable,
            Self::UnsupportedMediaType => Code::UnsupportedMediaType,
            Self::ValidationFailed(_) => Code::ValidationFailed,
            Self::TooManyAttempts { .. } => Code::TooManyAttempts,
            Self::TooManyStreams => Code::TooManyStreams,
            Self::TooManyDownloads => Code::TooManyDownloads,
            Self::Internal(_) => Code::InternalError,
            Self::Unavailable(_) => Code::ServiceUnavailable,
            Self::OutcomeUnknown => Code::OutcomeUnknown,
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
