//! What the rules of jobs refuse, as problems.

use super::ApiError;
use crate::domain::jobs::CancelError;
use crate::domain::jobs::files::{DownloadError, NoFile, UploadError};
use crate::domain::jobs::lease::LeaseError;
use crate::domain::jobs::news::TooManyWatchers;
use crate::storage::StorageError;

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
            LeaseError::NoSuchFile => Self::field("file_id", error),
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

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::LeaseLost => Self::LeaseLost,
            UploadError::TooLarge { max_bytes } => Self::FileTooLarge { max_bytes },
            UploadError::Place(error) => Self::Unavailable(error.to_string()),
            UploadError::Storage(error) => error.into(),
            UploadError::Database(error) => error.into(),
        }
    }
}

impl From<DownloadError> for ApiError {
    fn from(error: DownloadError) -> Self {
        match error {
            DownloadError::NoFile(error) => error.into(),
            DownloadError::TooManyOfUser => Self::TooManyDownloads,
            DownloadError::TooManyInProcess => Self::Unavailable(error.to_string()),
            DownloadError::Storage(error) => error.into(),
        }
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match error {
            // The database has it: that is not the client's doing, and no matter of waiting.
            StorageError::Missing(_) => Self::Internal(error.to_string()),
            StorageError::Busy | StorageError::Failed(_) => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<NoFile> for ApiError {
    fn from(error: NoFile) -> Self {
        match error {
            NoFile::NoSuchJob => Self::NotFound("you have no job with this number"),
            NoFile::NotCompleted { status } => Self::JobNotCompleted { job_status: status },
            NoFile::Expired => Self::ResultExpired,
            NoFile::WithoutFile => Self::NotFound("the result of this job has no file"),
            NoFile::Database(error) => error.into(),
        }
    }
}
