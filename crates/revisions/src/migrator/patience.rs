//! What did not get its locks is tried again: so it never queues for long in front of live traffic.

use tokio_postgres::error::SqlState;

use crate::migrator::error::database_message;
use crate::migrator::options::{Event, Options};
use crate::migrator::{Listener, tell};
use crate::revision::Revision;

/// How often something has been tried, and how often it may be.
pub(crate) struct Patience<'p> {
    /// What is being tried.
    pub(crate) revision: &'p Revision,
    options: &'p Options,
    /// The attempts so far, the one under way included.
    pub(crate) attempts: u32,
}

impl<'p> Patience<'p> {
    pub(crate) fn new(revision: &'p Revision, options: &'p Options) -> Self {
        Self {
            revision,
            options,
            attempts: 1,
        }
    }

    /// Waits before the next attempt; `false` if there is to be none.
    pub(crate) async fn try_again(
        &mut self,
        error: Option<&tokio_postgres::Error>,
        listener: &mut Option<Listener<'_>>,
    ) -> bool {
        let Some(error) = error.filter(|error| error.code().is_some_and(is_lock_failure)) else {
            return false;
        };
        if self.attempts >= self.options.lock_attempts {
            return false;
        }
        let delay = self.options.delay_after(self.attempts);
        tracing::warn!(
            revision = self.revision.id(),
            attempt = self.attempts,
            attempts = self.options.lock_attempts,
            ?delay,
            "rolled back, to be tried again: {}",
            database_message(error)
        );
        let event = Event::Retrying {
            revision: self.revision,
            attempt: self.attempts,
            attempts: self.options.lock_attempts,
            delay,
        };
        tell(listener, event);
        tokio::time::sleep(delay).await;
        self.attempts += 1;
        true
    }
}

/// Whether what failed so may succeed when it is tried again: it did not get a lock, or was chosen to end a deadlock.
pub(crate) fn is_lock_failure(code: &SqlState) -> bool {
    *code == SqlState::LOCK_NOT_AVAILABLE || *code == SqlState::T_R_DEADLOCK_DETECTED
}
