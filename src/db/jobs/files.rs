//! The statements of `queries/job_files.sql`. `false` and `None` mean that nothing changed.

use std::time::Duration;

use uuid::Uuid;

use crate::db::queries::client::Params as _;
use crate::db::queries::job_files as sql;
use crate::db::{Database, DbError, Retry};
use crate::domain::ids::{JobId, UserId};
use crate::domain::jobs::files::{FileId, JobFile};
use crate::domain::jobs::lease::Lease;
use crate::domain::mime_type::MimeType;

impl Database {
    /// Notes that an upload begins under a lease that holds, in the storage that counts.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn begin_file(
        &self,
        id: FileId,
        lease: Lease,
        mime_type: &MimeType,
        storage_id: Uuid,
    ) -> Result<bool, DbError> {
        let path = id.path();
        let parameters = &sql::BeginFileParams {
            file_path: path.as_str(),
            mime_type: mime_type.as_str(),
            job_id: lease.job_id.0,
            lease_token: lease.token,
            storage_id,
        };
        self.statement("begin_file", Retry::Unchanged, |client| async move {
            sql::begin_file().params(&**client, parameters).opt().await
        })
        .await
        .map(|begun| begun.is_some())
    }

    /// Notes that an upload goes on, if its lease still holds.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn touch_file(&self, id: FileId) -> Result<bool, DbError> {
        let path = id.path();
        let path = &path.as_str();
        self.statement("touch_file", Retry::Repeatable, |client| async move {
            sql::touch_file().bind(&**client, path).opt().await
        })
        .await
        .map(|touched| touched.is_some())
    }

    /// Notes that the storage has all of a file, if the lease still holds.
    ///
    /// # Errors
    /// If the database fails. After [`DbError::Lost`] it may be noted.
    pub async fn finish_file(&self, id: FileId, size_bytes: u64) -> Result<bool, DbError> {
        let path = id.path();
        let parameters = &sql::FinishFileParams {
            size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
            file_path: path.as_str(),
        };
        self.statement("finish_file", Retry::Unchanged, |client| async move {
            sql::finish_file().params(&**client, parameters).opt().await
        })
        .await
        .map(|finished| finished.is_some())
    }

    /// Marks an upload that came to nothing.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn discard_file(&self, id: FileId) -> Result<bool, DbError> {
        let path = id.path();
        let path = &path.as_str();
        self.statement("discard_file", Retry::Repeatable, |client| async move {
            sql::discard_file().bind(&**client, path).opt().await
        })
        .await
        .map(|discarded| discarded.is_some())
    }

    /// Marks at most `limit` uploads whose claim has ended, and that have been silent for so long; returns how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn mark_orphaned_files(
        &self,
        silence: Duration,
        limit: i64,
    ) -> Result<usize, DbError> {
        let parameters = &sql::MarkOrphanedFilesParams {
            silence_seconds: silence.as_secs_f64(),
            limit,
        };
        self.statement(
            "mark_orphaned_files",
            Retry::Repeatable,
            |client| async move {
                sql::mark_orphaned_files()
                    .params(&**client, parameters)
                    .all()
                    .await
            },
        )
        .await
        .map(|marked| marked.len())
    }

    /// Paths of at most `limit` files that are to be removed, the longest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn files_to_remove(&self, limit: i64) -> Result<Vec<String>, DbError> {
        self.statement("files_to_remove", Retry::Repeatable, |client| async move {
            sql::files_to_remove().bind(&**client, &limit).all().await
        })
        .await
    }

    /// Puts off a file that could not be removed, behind the others.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn put_off_file(&self, path: &str) -> Result<(), DbError> {
        let path = &path;
        self.statement("put_off_file", Retry::Repeatable, |client| async move {
            sql::put_off_file().bind(&**client, path).opt().await
        })
        .await
        .map(drop)
    }

    /// Forgets a file that the storage no longer has.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_file(&self, path: &str) -> Result<(), DbError> {
        let path = &path;
        self.statement("forget_file", Retry::Repeatable, |client| async move {
            sql::forget_file().bind(&**client, path).opt().await
        })
        .await
        .map(drop)
    }

    /// What there is of the file of a user's job; `None` for another's job too.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn file_of_job(
        &self,
        user_id: UserId,
        id: JobId,
    ) -> Result<Option<JobFile>, DbError> {
        let parameters = &sql::FileOfJobParams {
            job_id: id.0,
            user_id: user_id.0,
        };
        let found = self.statement("file_of_job", Retry::Repeatable, |client| async move {
            sql::file_of_job().params(&**client, parameters).opt().await
        });
        Ok(found.await?.map(|row| JobFile {
            status: row.status,
            job_type: row.job_type,
            result_created_at: row.result_created_at,
            path: row.file_path,
            size_bytes: row.file_size_bytes.map(i64::unsigned_abs),
            mime_type: row.mime_type,
        }))
    }
}
