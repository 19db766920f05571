//! Files of results: uploading one under a lease, finding one for its owner, removing what nobody keeps.
//!
//! The storage and the database cannot commit together. So the row comes first and goes last: whatever the storage may have
//! is in the table `job_files`, and whoever is killed between two steps leaves a row that tells housekeeping what to do.

mod download;
mod place;
mod removal;
mod standing;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use download::DownloadError;
pub use place::{Adopted, PlaceError, adopt, settle};
pub use removal::{Removal, SILENCE, remove_due};
pub use upload::{Upload, UploadError};

use standing::Standing;

use crate::db::{Database, DbError};
use crate::domain::ids::{JobId, UserId};
use crate::domain::jobs::lease::Lease;
use crate::domain::mime_type::MimeType;
use crate::domain::seats::{Limits, Seats};
use crate::storage::Storage;

/// Which files are taken from workers.
#[derive(Debug, Clone)]
pub struct FileRules {
    /// Of these types.
    pub types: Vec<MimeType>,
    /// Up to this size, in bytes.
    pub max_bytes: u64,
    /// How long an upload or a download may stand still.
    pub idle_timeout: Duration,
    /// How many downloads there may be at once.
    pub downloads: Limits,
}

/// The database and the storage, together. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    /// Knows of every file.
    pub db: Database,
    /// Has them.
    pub storage: Storage,
    /// Which ones are taken.
    pub rules: Arc<FileRules>,
    /// Who takes one right now.
    pub downloads: Seats,
    standing: Standing,
}

/// Names an uploaded file. In the order of time, and no secret: what gives a file out is the job's owner asking for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct FileId(pub Uuid);

impl FileId {
    /// A new one.
    pub(super) fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// Where the storage keeps it. In one of 256 directories, by its last digits, which are random.
    pub fn path(self) -> String {
        let digits = self.0.simple().to_string();
        format!("{}/{digits}", &digits[30..])
    }

    /// Whose path it is.
    pub fn of_path(path: &str) -> Option<Self> {
        let (_, digits) = path.rsplit_once('/')?;
        Uuid::try_parse(digits).ok().map(Self)
    }
}

/// What the database has of a job that may have a file. Of a result whose time is over it has nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFile {
    /// How the job stands.
    pub status: String,
    /// Its kind.
    pub job_type: String,
    /// When it was completed, if there is a result.
    pub result_created_at: Option<DateTime<Utc>>,
    /// Where the storage has the file, if the result has one.
    pub path: Option<String>,
    /// Its size.
    pub size_bytes: Option<u64>,
    /// Its media type.
    pub mime_type: Option<String>,
}

/// A file of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Names it.
    pub id: FileId,
    /// Its size.
    pub size_bytes: u64,
    /// Its media type, as text: a newer release may take more of them.
    pub mime_type: String,
    /// What it is called when it is saved.
    pub name: String,
    /// When the job was completed with it.
    pub created_at: DateTime<Utc>,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum NoFile {
    /// There is no such job of this user.
    #[error("you have no job with this number")]
    NoSuchJob,
    /// The job has no result, perhaps yet.
    #[error("the job is {status}; only a completed one has a result")]
    NotCompleted {
        /// How it stands.
        status: String,
    },
    /// There was a result.
    #[error("the result was kept for its time, and is removed")]
    Expired,
    /// The result is JSON or text.
    #[error("the result of this job has no file")]
    WithoutFile,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// The file of a job of a user.
///
/// # Errors
/// If there is none, and why.
pub async fn of_job(db: &Database, user_id: UserId, job_id: JobId) -> Result<StoredFile, NoFile> {
    let found = db.file_of_job(user_id, job_id).await?;
    found.ok_or(NoFile::NoSuchJob)?.of(job_id)
}

impl JobFile {
    /// The file, or why there is none.
    fn of(self, job_id: JobId) -> Result<StoredFile, NoFile> {
        let Some(created_at) = self.result_created_at else {
            return Err(match self.status.as_str() {
                "completed" => NoFile::Expired,
                _ => NoFile::NotCompleted {
                    status: self.status,
                },
            });
        };
        let id = self.path.as_deref().and_then(FileId::of_path);
        match (id, self.size_bytes, self.mime_type) {
            (Some(id), Some(size_bytes), Some(mime_type)) => Ok(StoredFile {
                id,
                size_bytes,
                name: name_of(&self.job_type, job_id, &mime_type),
                mime_type,
                created_at,
            }),
            _ => Err(NoFile::WithoutFile),
        }
    }
}

/// What a file is called when it is saved: nothing in it is what somebody typed.
pub fn name_of(job_type: &str, job_id: JobId, mime_type: &str) -> String {
    let kind: String = job_type
        .chars()
        .filter(|character| character.is_ascii_alphanumeric() || *character == '_')
        .collect();
    let extension = crate::domain::mime_type::extension(mime_type);
    format!("{kind}-{job_id}.{extension}")
}

impl Files {
    /// The files of a database in a storage.
    pub fn new(db: Database, storage: Storage, rules: FileRules) -> Self {
        Self {
            db,
            storage,
            rules: Arc::new(rules),
            downloads: Seats::default(),
            standing: Standing::default(),
        }
    }

    /// Begins an upload under a lease.
    ///
    /// # Errors
    /// If the lease is lost, or too many uploads are under way.
    pub async fn begin(&self, lease: Lease, mime_type: &MimeType) -> Result<Upload, UploadError> {
        Upload::begin(self.clone(), lease, mime_type).await
    }
}
