//! One download: the file of a result for the owner of its job, counted while it is taken.

use std::ops::Range;

use futures_util::StreamExt as _;

use super::{Files, NoFile, StoredFile, of_job};
use crate::domain::ids::{JobId, UserId};
use crate::domain::seats::Full;
use crate::storage::{Contents, StorageError};

/// Why a file is not sent.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// There is none any more.
    #[error(transparent)]
    NoFile(#[from] NoFile),
    /// The user takes as many at once as one may.
    #[error("you take as many files at once as you may; let one of the others end")]
    TooManyOfUser,
    /// As many are taken as this process sends at once.
    #[error("as many files are taken as this server sends at once")]
    TooManyInProcess,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Files {
    /// What a file has, or a part of it. It counts as a download until it is dropped.
    ///
    /// # Errors
    /// If too many are under way, the result was removed meanwhile, or the storage fails.
    pub async fn contents(
        &self,
        user_id: UserId,
        job_id: JobId,
        file: &StoredFile,
        range: Range<u64>,
    ) -> Result<Contents, DownloadError> {
        let seat = self.downloads.take(user_id, &self.rules.downloads);
        let seat = seat.map_err(|full| match full {
            Full::OfUser => DownloadError::TooManyOfUser,
            Full::InProcess => DownloadError::TooManyInProcess,
        })?;
        let path = file.id.path();
        match self.storage.read(&path, file.size_bytes, range).await {
            Ok(contents) => Ok(contents
                .map(move |piece| {
                    let _ = &seat;
                    piece
                })
                .boxed()),
            Err(missing @ StorageError::Missing(_)) => {
                // Its time may have come since its row was read. A row that still stands has lost its file.
                of_job(&self.db, user_id, job_id).await?;
                Err(missing.into())
            }
            Err(error) => Err(error.into()),
        }
    }
}
