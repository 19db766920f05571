//! The stable codes of problems, each with the status that it comes with. Clients go by them; a test of the document
//! sees to it that each route names those that it answers with.

use axum::http::StatusCode;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal, $status:ident;)*) => {
        /// What a problem is, for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(in crate::http) enum Code {$(
            $(#[doc = $doc])* $name,
        )*}

        impl Code {
            /// As it is written in a problem document.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The status of the answer.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// When a route answers so, for people.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    MalformedJson = "MALFORMED_JSON", BAD_REQUEST;
    /// The request could not be read.
    BadRequest = "BAD_REQUEST", BAD_REQUEST;
    /// There is no access token, or one that is not valid.
    Unauthenticated = "UNAUTHENTICATED", UNAUTHORIZED;
    /// Email address or password are wrong.
    InvalidCredentials = "INVALID_CREDENTIALS", UNAUTHORIZED;
    /// The session of the access token has ended.
    SessionEnded = "SESSION_ENDED", UNAUTHORIZED;
    /// The refresh token is not good.
    InvalidRefreshToken = "INVALID_REFRESH_TOKEN", UNAUTHORIZED;
    /// The refresh token was used before; its session has ended with this.
    RefreshTokenReused = "REFRESH_TOKEN_REUSED", UNAUTHORIZED;
    /// The wallet is short of points.
    InsufficientBalance = "INSUFFICIENT_BALANCE", PAYMENT_REQUIRED;
    /// The role does not permit it.
    Forbidden = "FORBIDDEN", FORBIDDEN;
    /// The account is suspended, inactive or banned.
    AccountNotActive = "ACCOUNT_NOT_ACTIVE", FORBIDDEN;
    /// There is nothing there, or it is another's.
    NotFound = "NOT_FOUND", NOT_FOUND;
    /// The route has other methods.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", METHOD_NOT_ALLOWED;
    /// The email address is taken.
    EmailTaken = "EMAIL_TAKEN", CONFLICT;
    /// The idempotency key or the reference stands for another transaction.
    DuplicateTransaction = "DUPLICATE_TRANSACTION", CONFLICT;
    /// Refunds would exceed the spend.
    RefundExceedsSpend = "REFUND_EXCEEDS_SPEND", CONFLICT;
    /// Nobody would be left who can administer users.
    LastAdmin = "LAST_ADMIN", CONFLICT;
    /// The balance would grow too large.
    BalanceLimitExceeded = "BALANCE_LIMIT_EXCEEDED", CONFLICT;
    /// A worker has the job, or it has ended.
    JobNotCancellable = "JOB_NOT_CANCELLABLE", CONFLICT;
    /// There is no result, perhaps yet.
    JobNotCompleted = "JOB_NOT_COMPLETED", CONFLICT;
    /// The worker's claim no longer holds.
    LeaseLost = "LEASE_LOST", CONFLICT;
    /// The result was kept for its time, and is removed.
    ResultExpired = "RESULT_EXPIRED", GONE;
    /// The body is too large.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", PAYLOAD_TOO_LARGE;
    /// The file is larger than files may be.
    FileTooLarge = "FILE_TOO_LARGE", PAYLOAD_TOO_LARGE;
    /// Files of this type are not taken.
    FileTypeNotAllowed = "FILE_TYPE_NOT_ALLOWED", UNSUPPORTED_MEDIA_TYPE;
    /// The file has no such bytes.
    RangeNotSatisfiable = "RANGE_NOT_SATISFIABLE", RANGE_NOT_SATISFIABLE;
    /// The body is not sent as JSON.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", UNSUPPORTED_MEDIA_TYPE;
    /// Fields have values that are not allowed; `errors` names them.
    ValidationFailed = "VALIDATION_FAILED", UNPROCESSABLE_ENTITY;
    /// The password was tried too often.
    TooManyAttempts = "TOO_MANY_ATTEMPTS", TOO_MANY_REQUESTS;
    /// The user watches as many jobs at this server as one may.
    TooManyStreams = "TOO_MANY_STREAMS", TOO_MANY_REQUESTS;
    /// The user takes as many files at this server at once as one may.
    TooManyDownloads = "TOO_MANY_DOWNLOADS", TOO_MANY_REQUESTS;
    /// A defect; the request id finds it in the log.
    InternalError = "INTERNAL_ERROR", INTERNAL_SERVER_ERROR;
    /// The service is at its limit, or the database cannot be reached.
    ServiceUnavailable = "SERVICE_UNAVAILABLE", SERVICE_UNAVAILABLE;
    /// The connection to the database was lost, and whether points moved is not known.
    OutcomeUnknown = "OUTCOME_UNKNOWN", SERVICE_UNAVAILABLE;
}
