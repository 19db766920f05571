//! Whether the storage of this program is the one that the files of its database are in. A directory is there on every host, and
//! has other files on each: whoever took one for the other would refuse files that are kept, and forget those to be removed.
//!
//! A storage has an id, in a file of its own, which goes with it when it is copied. The database has the id of the storage that
//! counts: the first one that a program opens.

use std::time::Duration;

use serde_json::{Map, json};
use uuid::Uuid;

use super::Files;
use crate::db::DbError;
use crate::domain::audit::{Entry, Origin, Outcome, ResourceId};
use crate::storage::StorageError;

/// Why this storage is not used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The database has another one.
    #[error(
        "the files of results of this database are in the storage {registered}, and {place} is the storage {here}: all servers \
         and workers of a database share one, so set RESULT_STORAGE_URL to it, or copy its files here with their \
         `storage-id`; if they are lost, `divine-whispers storage adopt` has this one count"
    )]
    Another {
        /// The one that counts.
        registered: Uuid,
        /// The one of this program.
        here: Uuid,
        /// Where that is.
        place: String,
    },
    /// The database knows of files since before storages had ids, and this one does not have them.
    #[error(
        "the database knows of files of results that {place} does not have, such as {missing}: set RESULT_STORAGE_URL to where \
         they are; if they are lost, `divine-whispers storage adopt` has this one count"
    )]
    WithoutFiles {
        /// Where this program looks.
        place: String,
        /// One of them.
        missing: String,
    },
    /// The storage does not say which one it is.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// Nobody waited longer.
    #[error("storage and database have not said it in {0:?}")]
    Silent(Duration),
}

impl PlaceError {
    /// Whether it is another storage, which no waiting changes.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Another { .. } | Self::WithoutFiles { .. })
    }
}

/// What was adopted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adopted {
    /// The storage that counts now.
    pub id: Uuid,
    /// The one that counted before.
    pub former: Option<Uuid>,
    /// How many files it has to have.
    pub kept_files: i64,
}

/// For the start of a program: whether its storage is the one that counts. It is from now on, if none did; or if another one
/// did, and the database knows of no file, so that there is none to be missed.
///
/// # Errors
/// If another one counts, or storage or database fail.
pub async fn settle(files: &Files) -> Result<(), PlaceError> {
    let looked = look(files, true).await;
    files.standing.note(&looked);
    looked
}

/// Whether the storage of this program is the one that counts; it is from now on, if none did. If it may replace one without
/// files, that is one that counted before: of several programs that come at once, one has its storage count, and the others
/// are told.
pub(super) async fn look(files: &Files, may_replace: bool) -> Result<(), PlaceError> {
    let here = files.storage.id().await?;
    let registered = match files.db.registered_storage().await? {
        None => register(files, here).await?,
        Some(former) if former != here && may_replace => replace(files, former, here).await?,
        registered => registered,
    };
    match registered {
        Some(registered) if registered != here => Err(PlaceError::Another {
            registered,
            here,
            place: files.storage.place().to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Returns the storage that counts then.
async fn register(files: &Files, here: Uuid) -> Result<Option<Uuid>, PlaceError> {
    if let Some(missing) = files.db.some_kept_file().await?
        && !files.storage.has(&missing).await?
    {
        return Err(PlaceError::WithoutFiles {
            place: files.storage.place().to_owned(),
            missing,
        });
    }
    files.db.register_storage(here).await?;
    Ok(files.db.registered_storage().await?)
}

/// Returns the storage that counts then.
async fn replace(files: &Files, former: Uuid, here: Uuid) -> Result<Option<Uuid>, PlaceError> {
    if files.db.replace_storage_without_files(former, here).await? {
        let place = files.storage.place();
        tracing::warn!(
            "files of results are kept in {place} from now on, storage {here}; there are none yet in {former}, and no program \
             can store any there"
        );
        return Ok(Some(here));
    }
    Ok(files.db.registered_storage().await?)
}

/// Has this storage count, by the word of an operator: files that it does not have are lost. The audit log has it.
///
/// # Errors
/// If storage or database fail.
pub async fn adopt(files: &Files) -> Result<Adopted, PlaceError> {
    let id = files.storage.id().await?;
    let former = files.db.adopt_storage(id, entry).await?;
    Ok(Adopted {
        id,
        former,
        kept_files: files.db.kept_files().await?,
    })
}

fn entry(id: Uuid, former: Option<Uuid>) -> Entry {
    let mut details = Map::new();
    if let Some(former) = former {
        details.insert("former_storage_id".to_owned(), json!(former));
    }
    Entry {
        actor_user_id: None,
        action: "storage.adopt",
        resource_type: "storage",
        resource_id: ResourceId::Is(id.to_string()),
        outcome: Outcome::Success,
        origin: Origin::default(),
        details,
    }
}
