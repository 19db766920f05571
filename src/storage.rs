//! Files of results, in a directory or a bucket: written in parts, read as a stream, removed. What a file belongs to, who
//! may have it and when it goes is decided elsewhere; there is no SQL and no HTTP here.
//!
//! A file appears whole or not at all: its parts are put together at the end, in a directory by a rename after `fsync`.

mod identity;

use std::fmt;
use std::io::{ErrorKind, SeekFrom};
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
#[cfg(feature = "s3")]
use object_store::prefix::PrefixStore;
use object_store::{
    Error, GetOptions, GetRange, GetResultPayload, ObjectStore, ObjectStoreExt as _, WriteMultipart,
};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use crate::config::StorageLocation;

/// How much of a file is held in memory before it is written. Two of them per upload: one fills while one is written.
const DIRECTORY_PART_BYTES: usize = 1024 * 1024;
/// The least that S3 takes, but for the last part.
#[cfg(feature = "s3")]
const BUCKET_PART_BYTES: usize = 5 * 1024 * 1024;
/// A request may last as long as a slow client takes the file, instead of object_store's 30 seconds, and not stand still.
#[cfg(feature = "s3")]
const BUCKET_LIMITS: [(&str, &str); 2] = [("timeout", "7 days"), ("read_timeout", "60 seconds")];
/// How much of a file is read at once.
const READ_BYTES: usize = 128 * 1024;
/// Uploads at once, so that their parts have a bound in memory.
const MAX_UPLOADS: usize = 16;
/// How long an upload waits for others to end.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(10);

/// Why the storage does not do what it is told.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// There is no such file.
    #[error("the storage has no file {0}")]
    Missing(String),
    /// As many uploads as there may be at once are under way.
    #[error("{MAX_UPLOADS} uploads are under way, which are as many as there may be")]
    Busy,
    /// It cannot be reached, has no room, or is broken.
    #[error("the storage failed: {0}")]
    Failed(String),
}

/// A storage. Cheap to clone; clones share it.
#[derive(Clone)]
pub struct Storage {
    store: Arc<dyn ObjectStore>,
    /// Of a directory.
    root: Option<Arc<FilePath>>,
    place: Arc<str>,
    id: Arc<OnceCell<Uuid>>,
    part_bytes: usize,
    uploads: Arc<Semaphore>,
}

/// A file that is being written, and is there when it is finished.
pub struct Writer {
    write: WriteMultipart,
    _place: OwnedSemaphorePermit,
}

/// What a file has, in pieces.
pub type Contents = BoxStream<'static, Result<Bytes, StorageError>>;

impl Storage {
    /// Opens a storage; a directory is made if it is not there, for its owner alone.
    ///
    /// # Errors
    /// If the directory cannot be made, or the program was built without S3.
    pub fn open(location: &StorageLocation) -> anyhow::Result<Self> {
        let opened = match location {
            StorageLocation::Directory(path) => Self::in_directory(path),
            #[cfg(feature = "s3")]
            StorageLocation::Bucket { url, options } => Self::in_bucket(url, options),
            #[cfg(not(feature = "s3"))]
            StorageLocation::Bucket { .. } => Err(anyhow::anyhow!(
                "this program was built without S3: build it with `--features s3`"
            )),
        };
        opened.with_context(|| {
            format!(
                "files of results cannot be kept in {location}; RESULT_STORAGE_URL may name another place"
            )
        })
    }

    fn in_directory(path: &FilePath) -> anyhow::Result<Self> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)?;
        let root = path.canonicalize()?;
        // Who is told that a result is kept relies on it, also after a power cut.
        let store = LocalFileSystem::new_with_prefix(&root)?.with_fsync(true);
        Ok(Self {
            store: Arc::new(store),
            root: Some(root.into()),
            place: path.display().to_string().into(),
            id: Arc::default(),
            part_bytes: DIRECTORY_PART_BYTES,
            uploads: Arc::new(Semaphore::new(MAX_UPLOADS)),
        })
    }

    #[cfg(feature = "s3")]
    fn in_bucket(url: &url::Url, options: &[(String, String)]) -> anyhow::Result<Self> {
        // The cryptography that the connections to the database use. Somebody may have chosen before, which is as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = options.iter();
        let options = options.map(|(name, value)| (name.as_str(), value.as_str()));
        let options = BUCKET_LIMITS.into_iter().chain(options);
        let (store, prefix) = object_store::parse_url_opts(url, options)?;
        Ok(Self {
            store: Arc::new(PrefixStore::new(store, prefix)),
            root: None,
            place: url.as_str().into(),
            id: Arc::default(),
            part_bytes: BUCKET_PART_BYTES,
            uploads: Arc::new(Semaphore::new(MAX_UPLOADS)),
        })
    }

    /// Begins a file. It waits for a place among the uploads.
    ///
    /// # Errors
    /// If no place became free, or the storage fails.
    pub async fn create(&self, path: &str) -> Result<Writer, StorageError> {
        let place = Arc::clone(&self.uploads).acquire_owned();
        let place = tokio::time::timeout(UPLOAD_PATIENCE, place).await;
        let Ok(Ok(place)) = place else {
            return Err(StorageError::Busy);
        };
        let upload = self.store.put_multipart(&Path::from(path)).await;
        Ok(Writer {
            write: WriteMultipart::new_with_chunk_size(upload.map_err(failed)?, self.part_bytes),
            _place: place,
        })
    }

    /// Reads a part of a file of a known size, all of it included.
    ///
    /// # Errors
    /// If there is no such file, it has another size, or the storage fails; contents that break off end with an error.
    pub async fn read(
        &self,
        path: &str,
        size_bytes: u64,
        range: Range<u64>,
    ) -> Result<Contents, StorageError> {
        let options = GetOptions {
            // Nothing is no range.
            range: (!range.is_empty()).then_some(GetRange::Bounded(range)),
            ..GetOptions::default()
        };
        let found = self.store.get_opts(&Path::from(path), options).await;
        let found = found.map_err(failed)?;
        if found.meta.size != size_bytes {
            return Err(StorageError::Failed(format!(
                "{path} has {} bytes instead of {size_bytes}",
                found.meta.size
            )));
        }
        let range = found.range;
        match found.payload {
            GetResultPayload::File(file, _) => contents_of(file, range).await,
            GetResultPayload::Stream(pieces) => Ok(pieces.map_err(failed).boxed()),
        }
    }

    /// Removes a file, and what a process that was killed has left of its upload. One that is not there is removed.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn remove(&self, path: &str) -> Result<(), StorageError> {
        if let Some(unfinished) = self.unfinished(path) {
            match tokio::task::spawn_blocking(move || std::fs::remove_file(unfinished)).await {
                Ok(Err(error)) if error.kind() != ErrorKind::NotFound => {
                    return Err(StorageError::Failed(error.to_string()));
                }
                _ => {}
            }
        }
        match self.store.delete(&Path::from(path)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Where object_store writes a file of a directory until it is finished: beside it, with `#1` at the end, since no path
    /// is written twice. S3 keeps unfinished uploads where only a rule of the bucket finds them.
    fn unfinished(&self, path: &str) -> Option<PathBuf> {
        let root = self.root.as_ref()?;
        Some(root.join(format!("{path}#1")))
    }
}

impl Writer {
    /// Adds to the file. It waits while more than a part is not written yet.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.write.wait_for_capacity(2).await.map_err(failed)?;
        // Copied, so that what is held is what was counted: the pieces of a body keep the buffers that they came in.
        self.write.write(bytes);
        Ok(())
    }

    /// Puts the file together; from then on it is there.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn finish(self) -> Result<(), StorageError> {
        self.write.finish().await.map(drop).map_err(failed)
    }

    /// Drops what was written.
    pub async fn abort(mut self) {
        // A bucket keeps a part that arrives after the end, and has somebody pay for it.
        let arrived = self.write.wait_for_capacity(1).await;
        if let Err(error) = arrived {
            tracing::debug!(%error, "a part of an upload that is taken back failed");
        }
        if let Err(error) = self.write.abort().await {
            // Housekeeping removes what is left in a directory; in a bucket, its rule for unfinished uploads does.
            tracing::debug!(%error, "an upload was not taken back");
        }
    }
}

/// In larger pieces than object_store's own, of 8 KiB: each is a task of its own.
async fn contents_of(file: std::fs::File, range: Range<u64>) -> Result<Contents, StorageError> {
    let broken = |error: std::io::Error| StorageError::Failed(error.to_string());
    let mut file = tokio::fs::File::from_std(file);
    let start = file.seek(SeekFrom::Start(range.start)).await;
    start.map_err(broken)?;
    let part = file.take(range.end - range.start);
    let pieces = ReaderStream::with_capacity(part, READ_BYTES);
    Ok(pieces.map_err(broken).boxed())
}

fn failed(error: Error) -> StorageError {
    match error {
        Error::NotFound { path, .. } => StorageError::Missing(path),
        other => StorageError::Failed(other.to_string()),
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Storage({})", self.store)
    }
}
