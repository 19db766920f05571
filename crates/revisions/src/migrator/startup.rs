//! What a server does with its database before it serves.

use crate::history::HistoryRow;
use crate::migrator::error::Error;
use crate::migrator::options::Applied;
use crate::migrator::{Migrator, plan};

/// How the database was found when a server started.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Startup {
    /// All revisions are applied.
    UpToDate,
    /// These were applied now.
    Upgraded(Vec<Applied>),
    /// The database has revisions that this program does not know, since a newer release has migrated. Nothing was
    /// changed.
    Ahead {
        /// Their rows in the history.
        unknown: Vec<HistoryRow>,
    },
}

impl Migrator<'_> {
    /// What a server does before it serves: applies what is pending, and takes no lock if there is nothing.
    ///
    /// # Errors
    ///
    /// As [`Migrator::upgrade`], but a database that is ahead is no error: see [`Startup::Ahead`].
    pub async fn on_startup(&mut self) -> Result<Startup, Error> {
        let state = self.state().await?;
        let ahead = |unknown| {
            tracing::warn!("the database is ahead of this program; its schema is left as it is");
            Ok(Startup::Ahead { unknown })
        };
        match plan::refuse_foreign(&state) {
            Err(Error::Ahead { unknown }) => return ahead(unknown),
            Err(error) => return Err(error),
            Ok(()) => {}
        }
        if state.pending.is_empty() && !state.is_half_undone() {
            return Ok(Startup::UpToDate);
        }
        match self.upgrade("head").await {
            // Another replica has migrated in the meantime.
            Ok(applied) if applied.is_empty() => Ok(Startup::UpToDate),
            Ok(applied) => Ok(Startup::Upgraded(applied)),
            Err(Error::Ahead { unknown }) => ahead(unknown),
            Err(error) => Err(error),
        }
    }
}
