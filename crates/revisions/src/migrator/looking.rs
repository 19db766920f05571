//! Where a database is, and what would be done to it: looked at without a lock, and without writing anything.

use tokio_postgres::Client;

use crate::history::{self, HISTORY_TABLE, State};
use crate::migrator::error::Error;
use crate::migrator::lock::{self, Holder};
use crate::migrator::{Migrator, plan};
use crate::revision::Revision;
use crate::revisions::Revisions;

/// Where a connection has led to, whatever its URL left out.
#[cfg(feature = "cli")]
#[derive(Debug, Clone)]
pub(crate) struct Whereabouts {
    /// The major version of the server: 15 of 15.18.
    pub(crate) server_major: u32,
    pub(crate) user: String,
    pub(crate) database: String,
}

impl<'a> Migrator<'a> {
    /// Where the database is. Takes no lock, and writes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::History`] if the history cannot be read.
    pub async fn state(&mut self) -> Result<State, Error> {
        read_state(self.client, self.revisions).await
    }

    /// Who is migrating the database now: the other session that holds the migration lock.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] if the connection is lost.
    pub async fn holder(&mut self) -> Result<Option<Holder>, Error> {
        lock::holder(self.client).await
    }

    /// Where the connection has led to.
    #[cfg(feature = "cli")]
    pub(crate) async fn whereabouts(&mut self) -> Result<Whereabouts, Error> {
        let query =
            "select current_setting('server_version_num'), session_user, current_database()";
        let asked = self.client.simple_query(query).await;
        let messages = asked.map_err(|source| Error::Database {
            doing: "asking for the version of the server".to_owned(),
            source,
        })?;
        let text = |column| {
            let row = history::rows(&messages).next()?;
            row.try_get(column).ok().flatten().map(str::to_owned)
        };
        let number = text(0).and_then(|number| number.parse::<u32>().ok());
        Ok(Whereabouts {
            server_major: number.unwrap_or(0) / 10_000,
            user: text(1).unwrap_or_default(),
            database: text(2).unwrap_or_default(),
        })
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

pub(crate) async fn read_state(client: &Client, revisions: &Revisions) -> Result<State, Error> {
    let doing = || format!("reading {HISTORY_TABLE}");
    history::read(client, revisions)
        .await
        .map_err(|source| Error::History {
            doing: doing(),
            source,
        })
}
