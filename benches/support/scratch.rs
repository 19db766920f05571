//! A PostgreSQL of the benchmark's own, with one migrated database, and the settings that all sides share.
//!
//! What is measured, and how, is not here.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use divine_whispers::config::DatabaseSettings;
use divine_whispers::db::{ConnectionBudget, Database};
use divine_whispers::migrations::REVISIONS;
use revisions::{DatabaseUrl, Migrator, Revisions};
use scratch_postgres::{Builder, Engine, Server};

/// How long one statement may run. The server checks it in every session here, since the program asks it to.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// A server with a migrated database. It ends when this is dropped.
pub struct Scratch {
    /// How it is reached.
    pub url: DatabaseUrl,
    server: Server,
}

impl Scratch {
    /// Starts a server and migrates its database.
    ///
    /// # Errors
    /// If there is no PostgreSQL, or the revisions cannot be applied.
    pub async fn start() -> anyhow::Result<Self> {
        let server = tokio::task::spawn_blocking(|| Builder::new().start()).await??;
        let url = DatabaseUrl::parse(&server.url())?;
        let revisions = Revisions::embedded(REVISIONS)?;
        let mut client = url.connect("benchmark").await?;
        Migrator::new(&mut client, &revisions)
            .upgrade("head")
            .await
            .context("the scratch database cannot be migrated")?;
        Ok(Self { url, server })
    }

    /// One line for people: which PostgreSQL it is.
    pub fn description(&self) -> String {
        self.server.to_string()
    }

    /// A connection beside those of the program, with the statement timeout that the program's have.
    ///
    /// # Errors
    /// If there is none to be had.
    pub async fn connect(&self) -> anyhow::Result<tokio_postgres::Client> {
        let client = self.url.connect("benchmark").await?;
        let limit = format!(
            "set statement_timeout = {}",
            self.settings(1).statement_timeout.as_millis()
        );
        client.batch_execute(&limit).await?;
        Ok(client)
    }

    /// The program's own settings, with a pool of this size.
    pub fn settings(&self, pool_size: usize) -> DatabaseSettings {
        DatabaseSettings {
            url: Some(self.url.clone()),
            pool_size,
            pool_timeout: Duration::from_secs(5),
            statement_timeout: STATEMENT_TIMEOUT,
        }
    }

    /// How many connections the program may have.
    pub fn budget(&self) -> ConnectionBudget {
        match self.server.max_connections() {
            1 => ConnectionBudget::OneShared,
            _ => ConnectionBudget::AsConfigured,
        }
    }

    /// The program's door to the database.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn database(&self, pool_size: usize) -> anyhow::Result<Database> {
        Database::new(&self.url, &self.settings(pool_size), self.budget())
    }

    /// A program that is installed beside the server, or beside what the server's binary is a link to.
    pub fn tool(&self, name: &str) -> Option<PathBuf> {
        let Engine::Local { bin_dir, .. } = self.server.engine() else {
            return None;
        };
        let installed = bin_dir.join("postgres").canonicalize();
        [Ok(bin_dir.join("postgres")), installed]
            .into_iter()
            .flatten()
            .map(|server| server.with_file_name(name))
            .find(|tool| tool.exists())
    }
}

/// The log as a server has it that nobody debugs: lines of level info, formatted, and thrown away here. Without it
/// every event would be cheaper than it is in production.
pub fn log_to_nowhere() {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new("info"))
        .with_writer(std::io::sink)
        .init();
}
