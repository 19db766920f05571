//! Where a database is, and what would be done to it: looked at without a lock, and without writing anything.

use tokio_postgres::Client;

use crate::history::{self, HISTORY_TABLE, State};
use crate::migrator::error::Error;
use crate::migrator::{Migrator, plan};
use crate::revision::Revision;
use crate::revisions::Revisions;

impl<'a> Migrator<'a> {
    /// Where the database is. Takes no lock, and writes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::History`] if the history cannot be read.
    pub async fn state(&mut self) -> Result<State, Error> {
        read_state(self.client, self.revisions).await
    }

    /// The major version of the server: 15 of 15.18.
    #[cfg(feature = "cli")]
    pub(crate) async fn server_major_version(&mut self) -> Result<u32, Error> {
        let asked = self.client.simple_query("show server_version_num").await;
        let messages = asked.map_err(|source| Error::Database {
            doing: "asking for the version of the server".to_owned(),
            source,
        })?;
        let number = history::rows(&messages)
            .next()
            .and_then(|row| row.try_get(0).ok().flatten()?.parse::<u32>().ok());
        Ok(number.unwrap_or(0) / 10_000)
    }

    /// What [`Migrator::upgrade`] would apply now, in order. Takes no lock, and writes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Target`] if there is no such revision, and what keeps an upgrade from beginning.
    pub async fn plan_upgrade(&mut self, target: &str) -> Result<Vec<&'a Revision>, Error> {
        let state = self.state().await?;
        plan::upgrade(self.revisions, &state, target, &self.options.program)
    }

    /// What [`Migrator::downgrade`] would undo now, in order. Takes no lock, and writes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Target`] if there is no such revision, and what keeps a downgrade from beginning.
    pub async fn plan_downgrade(&mut self, target: &str) -> Result<Vec<&'a Revision>, Error> {
        let state = self.state().await?;
        plan::downgrade(self.revisions, &state, target, &self.options.program)
    }

    /// What [`Migrator::redo`] would undo now and apply again, in the order of undoing. Takes no lock, and writes
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Target`] if there is no such revision, and what keeps it from beginning.
    pub async fn plan_redo(&mut self, target: Option<&str>) -> Result<Vec<&'a Revision>, Error> {
        let state = self.state().await?;
        plan::redo(self.revisions, &state, target, &self.options.program)
    }
}

pub(super) async fn read_state(client: &Client, revisions: &Revisions) -> Result<State, Error> {
    let doing = || format!("reading {HISTORY_TABLE}");
    history::read(client, revisions)
        .await
        .map_err(|source| Error::History {
            doing: doing(),
            source,
        })
}
