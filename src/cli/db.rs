//! `db`: the migration commands of `revisions`, on the embedded revisions and the configured database, or on those
//! that the arguments name.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use revisions::Revisions;
use revisions::cli::{Command, Place};

use super::logging;
use crate::config::Settings;
use crate::migrations::REVISIONS;
use crate::private_postgres::Source;

/// Arguments of `db`.
#[derive(Debug, Args)]
pub(super) struct Db {
    /// Take the migrations of this directory, not the embedded ones [variable: MIGRATIONS_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Take this database, not the configured one
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,
    /// Say nothing of the progress
    #[arg(short, long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

/// Runs a `db` command.
pub(super) async fn run(db: Db) -> anyhow::Result<()> {
    let settings = Settings::from_env()?;
    logging::start_for_migrations(&settings.log);
    let embedded =
        Revisions::embedded(REVISIONS).context("the embedded revisions cannot be used")?;
    let configured = settings.migrations.url.clone();
    // A private PostgreSQL is not started for what is known without.
    let private = match (&db.url, &configured) {
        (None, None) if db.command.needs_database() => Some(Source::open(&settings)?),
        _ => None,
    };
    let url = configured.or_else(|| private.as_ref().map(|source| source.url.clone()));
    // The file of settings is in the environment by now, by the same rule as for every other command.
    let place = Place {
        dir: db.dir,
        url: db.url,
        env_file: None,
        quiet: db.quiet,
    };
    let mut context = place.context(Some(&embedded), url)?;
    context.options.program = "divine-whispers db".to_owned();
    let done = revisions::cli::run(db.command, context)
        .await
        .map_err(anyhow::Error::from);
    match private {
        Some(source) => source.close_after(done),
        None => done,
    }
}
