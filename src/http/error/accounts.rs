//! What refuses a request, where accounts and sessions refuse it.

use super::ApiError;
use crate::domain::administration::ChangeError;
use crate::domain::passwords::HashError;
use crate::domain::sessions::SessionError;
use crate::domain::users::UserError;

impl From<UserError> for ApiError {
    fn from(error: UserError) -> Self {
        match error {
            UserError::EmailTaken => Self::EmailTaken,
            UserError::WrongCredentials => Self::InvalidCredentials,
            UserError::NotActive => Self::AccountNotActive,
            UserError::TooManyAttempts { retry_after } => Self::TooManyAttempts { retry_after },
            UserError::WrongPassword => Self::field("current_password", error),
            UserError::SamePassword | UserError::NewPassword(_) => {
                Self::field("new_password", error)
            }
            UserError::Session(error) => error.into(),
            UserError::Hash(error @ HashError::Busy) => Self::Unavailable(error.to_string()),
            UserError::Hash(error) => Self::Internal(error.to_string()),
            UserError::Database(error) => error.into(),
        }
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::InvalidToken => Self::InvalidRefreshToken,
            SessionError::TokenReused => Self::RefreshTokenReused,
            SessionError::Ended => Self::SessionEnded,
            SessionError::NotActive => Self::AccountNotActive,
            SessionError::Database(error) => error.into(),
        }
    }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::NoSuchUser => Self::NotFound("there is no user with this number"),
            ChangeError::LastAdmin => Self::LastAdmin,
            ChangeError::NotPermitted => Self::Forbidden,
            ChangeError::Database(error) => error.into(),
        }
    }
}
