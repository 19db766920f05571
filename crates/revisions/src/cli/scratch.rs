//! A PostgreSQL of one's own, on which the model and the migrations are tried. One connection and one database have to
//! do, so that the embedded engine can serve as well.

use std::path::Path;

use scratch_postgres::{Builder, Preference, Server};
use tokio_postgres::{Client, NoTls};

use super::{CommandError, CompareError, Context};
use crate::catalog::{Catalog, Scope};
use crate::migrator::{Error, Migrator};
use crate::model::model_text;
use crate::revisions::Revisions;
use crate::source_error::SourceError;

pub(super) struct Scratch {
    pub(super) client: Client,
    server: Server,
    scope: Scope,
}

/// The model: the whole schema as it should be.
pub(super) struct Model {
    pub(super) path: String,
    pub(super) sql: String,
    /// What it says about privileges and roles.
    pub(super) scope: Scope,
}

impl Model {
    /// `schema.sql` in the directory of the migrations.
    pub(super) fn read(dir: &Path) -> Result<Self, CompareError> {
        let path = dir.join("schema.sql");
        let sql = match std::fs::read_to_string(&path) {
            Ok(sql) => sql,
            Err(source) => return Err(CompareError::NoModel { path, source }),
        };
        let path = path.display().to_string();
        let sql = model_text(&path, &sql).map_err(CompareError::Model)?;
        let scope = Scope::of_model(&path, &sql).map_err(CompareError::Model)?;
        Ok(Self { path, sql, scope })
    }

    /// What the model says about privileges and roles, if there is one.
    pub(super) fn scope(dir: &Path) -> Result<Scope, CompareError> {
        match dir.join("schema.sql").exists() {
            true => Ok(Self::read(dir)?.scope),
            false => Ok(Scope::default()),
        }
    }
}

impl Scratch {
    /// Starts one that has the roles which live outside of the schema.
    pub(super) async fn start(scope: &Scope) -> Result<Self, CompareError> {
        let server = Builder::new().prefer(Preference::Local).start()?;
        let connected = tokio_postgres::connect(&server.url(), NoTls).await;
        let (client, connection) = connected.map_err(|source| CompareError::Lost {
            place: server.to_string(),
            source,
        })?;
        // A lost connection is an error of the next statement, which has more to say.
        tokio::spawn(async { connection.await.ok() });
        let scratch = Self {
            client,
            server,
            scope: scope.clone(),
        };
        let made = scratch_postgres::make_roles(&scratch.client, &scope.roles).await;
        match made {
            Ok(()) => Ok(scratch),
            Err(source) => Err(CompareError::NoRoles {
                place: scratch.server.to_string(),
                source,
            }),
        }
    }

    /// What is in the database.
    pub(super) async fn read(&self) -> Result<Catalog, CompareError> {
        Catalog::read_with(&self.client, &self.scope)
            .await
            .map_err(|error| self.lost(error))
    }

    /// What PostgreSQL calls its version.
    pub(super) async fn version(&self) -> Result<String, CompareError> {
        let asked = self.client.query_one("show server_version", &[]).await;
        let version = asked.and_then(|row| row.try_get(0));
        version.map_err(|error| self.lost(error))
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
                    let remedy = "correct the model: it ran in a scratch database only";
                    let problem = problem.remedy(remedy).naming_roles();
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
        let upgraded = migrator.upgrade(target).await;
        upgraded.map_err(naming_roles)?;
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
        let downgraded = migrator.downgrade(target).await;
        downgraded.map_err(naming_roles)?;
        Ok(self.read().await?)
    }

    pub(super) fn lost(&self, source: tokio_postgres::Error) -> CompareError {
        CompareError::Lost {
            place: self.server.to_string(),
            source,
        }
    }
}

/// A role that is missing here is there where the migrations run.
fn naming_roles(error: Error) -> Error {
    match error {
        Error::Failed(report) => Error::Failed(Box::new(report.naming_roles())),
        error => error,
    }
}
