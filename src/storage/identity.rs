//! Which storage this is: an id in a file of its own, which is made once and goes with the files when they are copied.

use object_store::path::Path;
use object_store::{Error, ObjectStoreExt as _, PutMode, PutOptions};
use uuid::Uuid;

use super::{Storage, StorageError, failed};

/// The file with the id. Files of results are one level deeper.
const MARKER: &str = "storage-id";

impl Storage {
    /// The id of this storage, which is given one if it has none. Of several programs that come at once, all get the same,
    /// except in a bucket that ignores the condition under which the id is written.
    ///
    /// # Errors
    /// If the storage fails, or its file with the id has something else.
    pub async fn id(&self) -> Result<Uuid, StorageError> {
        self.id.get_or_try_init(|| self.find_id()).await.copied()
    }

    async fn find_id(&self) -> Result<Uuid, StorageError> {
        if let Some(id) = self.read_id().await? {
            return Ok(id);
        }
        let marker = Path::from(MARKER);
        let text = format!("{}\n", Uuid::now_v7());
        let only_if_absent = PutOptions::from(PutMode::Create);
        let made = self.store.put_opts(&marker, text.into(), only_if_absent);
        match made.await {
            Ok(_) | Err(Error::AlreadyExists { .. }) => {}
            Err(error) => return Err(failed(error)),
        }
        // Not what was written: what is there counts. Where a bucket ignores the condition, another program may still replace
        // it after this, and the two go by different ids: the database has one of them, and the other program is refused.
        let id = self.read_id().await?;
        id.ok_or_else(|| StorageError::Missing(MARKER.to_owned()))
    }

    async fn read_id(&self) -> Result<Option<Uuid>, StorageError> {
        let found = match self.store.get(&Path::from(MARKER)).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let bytes = found.bytes().await.map_err(failed)?;
        let text = String::from_utf8_lossy(&bytes);
        Uuid::try_parse(text.trim()).map(Some).map_err(|_| {
            let place = self.place();
            StorageError::Failed(format!(
                "{MARKER} of {place} is no UUID; restore it from where its files came from"
            ))
        })
    }

    /// Whether there is such a file.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn has(&self, path: &str) -> Result<bool, StorageError> {
        match self.store.head(&Path::from(path)).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    /// Where it is, for people: the directory or the URL.
    pub fn place(&self) -> &str {
        &self.place
    }
}
