//! What the rules of jobs refuse, as problems.

use super::ApiError;
use crate::domain::jobs::CancelError;
use crate::domain::jobs::lease::LeaseError;
use crate::domain::jobs::news::TooManyWatchers;

impl From<CancelError> for ApiError {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::NoSuchJob => Self::NotFound("you have no job with this number"),
            CancelError::NotWaiting { status } => Self::JobNotCancellable { job_status: status },
            CancelError::Database(error) => error.into(),
        }
    }
}

impl From<LeaseError> for ApiError {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::Lost => Self::LeaseLost,
            LeaseError::Database(error) => error.into(),
        }
    }
}

impl From<TooManyWatchers> for ApiError {
    fn from(error: TooManyWatchers) -> Self {
        match error {
            TooManyWatchers::OfUser => Self::TooManyStreams,
            TooManyWatchers::InProcess => Self::Unavailable(error.to_string()),
        }
    }
}
