//! Removing files that nobody keeps: of results whose time is over, and of uploads that came to nothing. Any number of
//! servers may do this at once.

use std::time::Duration;

use super::Files;
use super::place::PlaceError;
use crate::db::DbError;

/// How long an upload whose claim has ended must have been silent. One that is under way gives a sign of life every few
/// seconds, or as often as bytes come in.
pub const SILENCE: Duration = Duration::from_secs(60);
/// How many files one round takes at most.
const BATCH_FILES: i64 = 100;

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removal {
    /// Uploads that nobody went on with.
    pub orphaned: usize,
    /// Files that were removed.
    pub removed: usize,
    /// Whether there may be more to do right now.
    pub has_more: bool,
}

/// One round: marks orphans, then removes what is marked. The row goes when its file is gone, so whoever is killed in between
/// is made up for by the next round.
///
/// # Errors
/// If the database cannot be asked; what was done until then stays. A storage that fails is logged, and its files wait; as they
/// do if another storage counts: this one does not have them, which does not say that they are gone.
pub async fn remove_due(files: &Files, silence: Duration) -> Result<Removal, DbError> {
    let db = &files.db;
    match files.look_at_place().await {
        Ok(()) => {}
        Err(PlaceError::Database(error)) => return Err(error),
        Err(error) => {
            tracing::warn!(%error, "no files are removed");
            return Ok(Removal::default());
        }
    }
    let mut round = Removal {
        orphaned: db.mark_orphaned_files(silence, BATCH_FILES).await?,
        ..Removal::default()
    };
    let due = db.files_to_remove(BATCH_FILES).await?;
    for path in &due {
        match files.storage.remove(path).await {
            Ok(()) => {
                db.forget_file(path).await?;
                round.removed += 1;
            }
            Err(error) => {
                tracing::warn!(%error, path, "a file cannot be removed");
                db.put_off_file(path).await?;
                // Most likely the others cannot either; the next round begins with another one.
                return Ok(round);
            }
        }
    }
    let is_full = |count: usize| count as i64 == BATCH_FILES;
    round.has_more = is_full(round.orphaned) || is_full(due.len());
    Ok(round)
}
