//! What this process knows of its storage: whether it is the one that counts. It is looked at when the program starts, when an
//! upload is refused, before files are removed, and before jobs are claimed whose results are files.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Files;
use super::place::{self, PlaceError};

/// How long an answer is as good as a new one: a claim should not have to ask each time.
const FRESH: Duration = Duration::from_secs(5);
/// How long a claim waits for a storage that does not answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing(Arc<Mutex<Known>>);

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// Whether it was ever known which storage counts. Until then this process may have its own count, as at its start.
    is_settled: bool,
    latest: Option<Latest>,
}

#[derive(Debug, Clone, Copy)]
struct Latest {
    accepts: bool,
    at: Instant,
}

impl Standing {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what a look came to. A database that fails says nothing of the storage.
    pub(super) fn note(&self, looked: &Result<(), PlaceError>) {
        let (accepts, is_settled) = match looked {
            Ok(()) => (true, true),
            Err(error) if error.is_final() => (false, true),
            Err(PlaceError::Database(_)) => return,
            Err(_) => (false, false),
        };
        let mut known = self.known();
        known.is_settled |= is_settled;
        known.latest = Some(Latest {
            accepts,
            at: Instant::now(),
        });
    }
}

impl Files {
    /// Whether the storage of this program is the one that counts. What could not be found out at the start is made up for:
    /// the first look that succeeds does what [`settle`](super::settle) does.
    ///
    /// # Errors
    /// If another one counts, or storage or database fail.
    pub(super) async fn look_at_place(&self) -> Result<(), PlaceError> {
        let may_replace = !self.standing.known().is_settled;
        let looked = place::look(self, may_replace).await;
        self.standing.note(&looked);
        looked
    }

    /// Whether this process takes files at all: a job whose result is one would fail here otherwise. What was found out a few
    /// seconds ago is good enough. If the database fails, whoever relies on the answer will hear that as well.
    pub async fn accepts_uploads(&self) -> bool {
        let before = self.standing.known().latest;
        if let Some(latest) = before
            && latest.at.elapsed() < FRESH
        {
            return latest.accepts;
        }
        let looked = tokio::time::timeout(PATIENCE, self.look_at_place()).await;
        let looked = looked.unwrap_or_else(|_| {
            let silent = Err(PlaceError::Silent(PATIENCE));
            self.standing.note(&silent);
            silent
        });
        match looked {
            Ok(()) | Err(PlaceError::Database(_)) => true,
            Err(error) => {
                if before.is_none_or(|latest| latest.accepts) {
                    tracing::warn!(%error, "no jobs are claimed here whose results are files");
                }
                false
            }
        }
    }
}
