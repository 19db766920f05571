//! What the commands work on.

use std::borrow::Cow;
use std::path::PathBuf;

use tokio_postgres::Client;

use super::CommandError;
use crate::database::DatabaseUrl;
use crate::history::State;
use crate::migrator::{Holder, Migrator, Options};
use crate::names::Name;
use crate::revisions::Revisions;

/// What the commands work on.
#[derive(Debug)]
pub struct Context<'a> {
    /// The revisions that the program has embedded, if they are to be taken; else those of the directory.
    pub embedded: Option<&'a Revisions>,
    /// The directory of the migrations, where new ones are written.
    pub dir: PathBuf,
    /// The database; a command that needs none runs without.
    pub url: Option<DatabaseUrl>,
    /// How the migrator behaves; [`Options::program`] is how the commands are called.
    pub options: Options,
    /// Whether the progress is left unsaid.
    pub quiet: bool,
}

impl Context<'_> {
    /// The revisions, with several heads if there are.
    pub(super) fn revisions(&self) -> Result<Cow<'_, Revisions>, CommandError> {
        match self.embedded {
            Some(embedded) => Ok(Cow::Borrowed(embedded)),
            None => Ok(Cow::Owned(Revisions::read_with_several_heads(&self.dir)?)),
        }
    }

    /// Where the database is, if a name asks for that.
    pub(super) async fn current_if_named(
        &self,
        name: &Name<'_>,
        revisions: &Revisions,
    ) -> Result<Option<Vec<i64>>, CommandError> {
        if name.symbol != Some("current") {
            return Ok(None);
        }
        let mut client = self.connect().await?;
        let state = Migrator::new(&mut client, revisions).state().await?;
        Ok(Some(state.heads(revisions)))
    }

    /// Where the database is, and who is migrating it right now: what such a one has under way is not interrupted.
    pub(super) async fn look(
        &self,
        revisions: &Revisions,
    ) -> Result<(State, Option<Holder>), CommandError> {
        let mut client = self.connect().await?;
        let mut migrator = Migrator::new(&mut client, revisions);
        let state = migrator.state().await?;
        if state.interrupted.is_empty() {
            return Ok((state, None));
        }
        let holder = migrator.holder().await?;
        let state = match holder {
            Some(_) => state,
            // It may have finished between the two questions.
            None => migrator.state().await?,
        };
        Ok((state, holder))
    }

    fn url(&self) -> Result<&DatabaseUrl, CommandError> {
        self.url.as_ref().ok_or(CommandError::NoDatabase)
    }

    /// A connection to the database.
    pub(super) async fn connect(&self) -> Result<Client, CommandError> {
        Ok(self.url()?.connect(&self.options.program).await?)
    }

    /// A connection to the database, which is created if there is none; whether it was.
    pub(super) async fn connect_or_create(&self) -> Result<(Client, bool), CommandError> {
        let url = self.url()?;
        let created = url.create_if_missing(&self.options.program).await?;
        Ok((url.connect(&self.options.program).await?, created))
    }
}
