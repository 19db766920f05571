//! One refusal of each code, for the document to show.

use std::time::Duration;

use super::{ApiError, Code, FieldError};

impl ApiError {
    /// A refusal with this code.
    pub(in crate::http) fn sample(code: Code) -> Self {
        match code {
            Code::MalformedJson => Self::MalformedJson("line 1, column 12".to_owned()),
            Code::BadRequest => Self::BadRequest("the body ended early".to_owned()),
            Code::Unauthenticated => Self::Unauthenticated("the access token has expired"),
            Code::InvalidCredentials => Self::InvalidCredentials,
            Code::SessionEnded => Self::SessionEnded,
            Code::InvalidRefreshToken => Self::InvalidRefreshToken,
            Code::RefreshTokenReused => Self::RefreshTokenReused,
            Code::InsufficientBalance => Self::InsufficientBalance {
                current_balance: 20,
                required_amount: 30,
            },
            Code::Forbidden => Self::Forbidden,
            Code::AccountNotActive => Self::AccountNotActive,
            Code::NotFound => Self::NotFound("there is nothing with this number"),
            Code::MethodNotAllowed => Self::MethodNotAllowed,
            Code::EmailTaken => Self::EmailTaken,
            Code::DuplicateTransaction => Self::DuplicateTransaction {
                existing_transaction_id: 17,
            },
            Code::RefundExceedsSpend => Self::RefundExceedsSpend {
                refundable_amount: 10,
            },
            Code::LastAdmin => Self::LastAdmin,
            Code::BalanceLimitExceeded => Self::BalanceLimitExceeded,
            Code::JobNotCancellable => Self::JobNotCancellable {
                job_status: "running".to_owned(),
            },
            Code::JobNotCompleted => Self::JobNotCompleted {
                job_status: "queued".to_owned(),
            },
            Code::LeaseLost => Self::LeaseLost,
            Code::ResultExpired => Self::ResultExpired,
            Code::PayloadTooLarge => Self::PayloadTooLarge,
            Code::FileTooLarge => Self::FileTooLarge {
                max_bytes: 1024 * 1024 * 1024,
            },
            Code::FileTypeNotAllowed => Self::FileTypeNotAllowed {
                allowed_types: vec!["application/pdf".to_owned(), "text/csv".to_owned()],
            },
            Code::RangeNotSatisfiable => Self::RangeNotSatisfiable { size_bytes: 2048 },
            Code::UnsupportedMediaType => Self::UnsupportedMediaType,
            Code::ValidationFailed => Self::ValidationFailed(vec![FieldError {
                field: "amount".to_owned(),
                message: "must be a whole number from 1 to 10000".to_owned(),
            }]),
            Code::TooManyAttempts => Self::TooManyAttempts {
                retry_after: Duration::from_secs(840),
            },
            Code::TooManyStreams => Self::TooManyStreams,
            Code::TooManyDownloads => Self::TooManyDownloads,
            Code::InternalError => Self::Internal(String::new()),
            Code::ServiceUnavailable => Self::Unavailable(String::new()),
            Code::OutcomeUnknown => Self::OutcomeUnknown,
        }
    }
}
