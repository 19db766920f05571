//! A PostgreSQL of one's own, on which the model and the migrations are tried. One connection and one database have to
//! do, so that the embedded engine can serve as well.

use std::path::Path;

use scratch_postgres::{Builder, Preference, Server};
use tokio_postgres::{Client, NoTls};

use super::{CommandError, CompareError, Context};
use crate::catalog::Catalog;
use crate::migrator::Migrator;
use crate::revisions::Revisions;
use crate::source_error::SourceError;

pub(super) struct Scratch {
    pub(super) client: Client,
    server: Server,
}

/// The model: the whole schema as it should be.
pub(super) struct Model {
    pub(super) path: String,
    pub(super) sql: String,
}

impl Model {
    /// `schema.sql` in the directory of the migrations.
    pub(super) fn read(dir: &Path) -> Result<Self, CompareError> {
        let path = dir.join("schema.sql");
        match std::fs::read_to_string(&path) {
            Ok(sql) => Ok(Self {
                path: path.display().to_string(),
                sql,
            }),
            Err(source) => Err(CompareError::NoModel { path, source }),
        }
    }
}

impl Scratch {
    pub(super) async fn start() -> Result<Self, CompareError> {
        let server = Builder::new().prefer(Preference::Local).start()?;
        let connected = tokio_postgres::connect(&server.url(), NoTls).await;
        let (client, connection) = connected.map_err(|source| CompareError::Lost {
            place: server.to_string(),
            source,
        })?;
        // A lost connection is an error of the next statement, which has more to say.
        tokio::spawn(async { connection.await.ok() });
        Ok(Self { client, server })
    }

    /// What is in the database.
    pub(super) async fn read(&self) -> Result<Catalog, CompareError> {
        Catalog::read(&self.client)
            .await
            .map_err(|error| self.lost(error))
    }

    /// What the model makes, where nothing is. Nothing is there afterwards either.
    pub(super) async fn model(&self, model: &Model) -> Result<Catalog, CompareError> {
        let client = &self.client;
        let lost = |error| self.lost(error);
        client.batch_execute("begin").await.map_err(lost)?;
        let outcome = match client.batch_execute(&model.sql).await {
            Ok(()) => Ok(self.read().await?),
            Err(error) => match error.as_db_error() {
                Some(error) => {
                    let problem = SourceError::from_database(&model.path, &model.sql, 0, error);
                    let problem =
                        problem.remedy("correct the model: it ran in a scratch database only");
                    Err(CompareError::Model(Box::new(problem)))
                }
                None => return Err(lost(error)),
            },
        };
        client.batch_execute("rollback").await.map_err(lost)?;
        outcome
    }

    /// Applies the revisions up to one; what the database has then.
    pub(super) async fn upgrade(
        &mut self,
        revisions: &Revisions,
        target: &str,
        context: &Context<'_>,
    ) -> Result<Catalog, CommandError> {
        let mut migrator =
            Migrator::new(&mut self.client, revisions).options(context.options.clone());
        migrator.upgrade(target).await?;
        Ok(self.read().await?)
    }

    /// Undoes the revisions down to one; what the database has then.
    pub(super) async fn downgrade(
        &mut self,
        revisions: &Revisions,
        target: &str,
        context: &Context<'_>,
    ) -> Result<Catalog, CommandError> {
        let mut migrator =
            Migrator::new(&mut self.client, revisions).options(context.options.clone());
        migrator.downgrade(target).await?;
        Ok(self.read().await?)
    }

    pub(super) fn lost(&self, source: tokio_postgres::Error) -> CompareError {
        CompareError::Lost {
            place: self.server.to_string(),
            source,
        }
    }
}
