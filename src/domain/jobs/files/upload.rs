//! One upload: counted while it is written, under a lease that has to hold at the beginning, every few seconds, and at the end.
//! Whatever else happens, its file and its row go again.

use std::time::{Duration, Instant};

use tokio::task::{JoinError, JoinHandle};

use super::place::PlaceError;
use super::{FileId, Files};
use crate::db::DbError;
use crate::domain::jobs::lease::Lease;
use crate::domain::mime_type::MimeType;
use crate::storage::{StorageError, Writer};

/// How often the lease is looked at while bytes come in.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Why an upload is refused or given up. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The lease has run out or was never there; the job is another's, or has ended.
    #[error("this claim no longer holds: leave the job alone")]
    LeaseLost,
    /// It is larger than allowed.
    #[error("the file is larger than {max_bytes} bytes")]
    TooLarge {
        /// What is allowed.
        max_bytes: u64,
    },
    /// The files of this database are in another storage.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// How far the storage is with a file.
#[derive(Default)]
enum Writing {
    /// There is nothing to be ended.
    #[default]
    Nothing,
    /// Its parts are written.
    Parts(Writer),
    /// They are put together.
    Finishing(JoinHandle<Result<(), StorageError>>),
}

/// A file that is being uploaded. Dropped before it is finished, it is taken back in the background.
pub struct Upload {
    files: Files,
    id: FileId,
    writing: Writing,
    size_bytes: u64,
    looked_at: Instant,
    /// Whether the row is still to be taken back.
    is_open: bool,
}

impl Upload {
    pub(super) async fn begin(
        files: Files,
        lease: Lease,
        mime_type: &MimeType,
    ) -> Result<Self, UploadError> {
        let id = FileId::new();
        let storage_id = files.storage.id().await?;
        let begin = || files.db.begin_file(id, lease, mime_type, storage_id);
        if !begin().await? {
            // Either it is the lease, or another storage counts by now, or none does yet.
            files.look_at_place().await?;
            if !begin().await? {
                return Err(UploadError::LeaseLost);
            }
        }
        let mut upload = Self {
            files,
            id,
            writing: Writing::Nothing,
            size_bytes: 0,
            looked_at: Instant::now(),
            is_open: true,
        };
        match upload.files.storage.create(&id.path()).await {
            Ok(writer) => {
                upload.writing = Writing::Parts(writer);
                Ok(upload)
            }
            Err(error) => {
                upload.take_back().await;
                Err(error.into())
            }
        }
    }

    /// Adds to the file.
    ///
    /// # Errors
    /// If it becomes too large, the lease is lost meanwhile, or the storage fails. The upload has ended then.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
        let written = self.try_write(bytes).await;
        if written.is_err() {
            self.take_back().await;
        }
        written
    }

    async fn try_write(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
        let max_bytes = self.files.rules.max_bytes;
        self.size_bytes = self.size_bytes.saturating_add(bytes.len() as u64);
        if self.size_bytes > max_bytes {
            return Err(UploadError::TooLarge { max_bytes });
        }
        if self.looked_at.elapsed() >= LOOK_INTERVAL {
            self.look().await?;
        }
        match &mut self.writing {
            Writing::Parts(writer) => Ok(writer.write(bytes).await?),
            _ => Err(UploadError::LeaseLost),
        }
    }

    /// Says that the upload goes on, if the lease still holds. It does not extend the lease.
    async fn look(&mut self) -> Result<(), UploadError> {
        if !self.files.db.touch_file(self.id).await? {
            return Err(UploadError::LeaseLost);
        }
        self.looked_at = Instant::now();
        Ok(())
    }

    /// Puts the file together, and notes that all of it is there. It is not kept before the job is completed with it.
    ///
    /// # Errors
    /// If the lease is lost, or the storage fails.
    pub async fn finish(mut self) -> Result<(FileId, u64), UploadError> {
        let finished = self.try_finish().await;
        match finished {
            Ok(()) => {
                self.is_open = false;
                Ok((self.id, self.size_bytes))
            }
            Err(error) => {
                self.take_back().await;
                Err(error)
            }
        }
    }

    async fn try_finish(&mut self) -> Result<(), UploadError> {
        // Right before the file appears: no file appears after its row is gone.
        self.look().await?;
        let Writing::Parts(writer) = std::mem::take(&mut self.writing) else {
            return Err(UploadError::LeaseLost);
        };
        // A task of its own: if this future is dropped, the storage may put the file together all the same, and whoever takes it
        // back has to wait for that.
        self.writing = Writing::Finishing(tokio::spawn(writer.finish()));
        if let Writing::Finishing(finishing) = &mut self.writing {
            let finished = finishing.await;
            self.writing = Writing::Nothing;
            if let Err(error) = ended(finished) {
                // Nobody knows whether the file will be there. The row stays, and housekeeping looks when the claim has ended.
                self.is_open = false;
                return Err(error.into());
            }
        }
        if self.files.db.finish_file(self.id, self.size_bytes).await? {
            Ok(())
        } else {
            Err(UploadError::LeaseLost)
        }
    }

    /// Ends the upload without a file.
    pub async fn discard(mut self) {
        self.take_back().await;
    }

    async fn take_back(&mut self) {
        if std::mem::take(&mut self.is_open) {
            take_back(&self.files, self.id, std::mem::take(&mut self.writing)).await;
        }
    }
}

impl Drop for Upload {
    /// A client that hung up, or a worker that was told to stop.
    fn drop(&mut self) {
        if !std::mem::take(&mut self.is_open) {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (files, id) = (self.files.clone(), self.id);
            let writing = std::mem::take(&mut self.writing);
            runtime.spawn(async move { take_back(&files, id, writing).await });
        }
    }
}

fn ended(finished: Result<Result<(), StorageError>, JoinError>) -> Result<(), StorageError> {
    finished.unwrap_or_else(|error| Err(StorageError::Failed(error.to_string())))
}

/// What fails here is made up for by housekeeping.
async fn take_back(files: &Files, id: FileId, writing: Writing) {
    match writing {
        Writing::Nothing => {}
        Writing::Parts(writer) => writer.abort().await,
        Writing::Finishing(finishing) => {
            if let Err(error) = ended(finishing.await) {
                tracing::warn!(%error, "an upload that was given up is left to housekeeping");
                return;
            }
        }
    }
    let marked = files.db.discard_file(id).await;
    let removed = files.storage.remove(&id.path()).await;
    if let Err(error) = &removed {
        tracing::warn!(%error, "the file of an upload that was given up is not removed yet");
    }
    if marked.is_ok() && removed.is_ok() {
        // Without a row there is nothing to forget: somebody else has removed it.
        if let Err(error) = files.db.forget_file(&id.path()).await {
            tracing::debug!(%error, "an upload that was given up is not forgotten yet");
        }
    }
}
