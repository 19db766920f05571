//! `storage`: which place has the files of results.

use std::io::Write as _;

use anyhow::Context as _;
use clap::Subcommand;

use super::session::Session;
use crate::domain::jobs::files::{self, Files};
use crate::storage::Storage;

/// What can be done with the storage of files.
#[derive(Debug, Subcommand)]
pub(super) enum StorageCommand {
    /// Have the database use the storage of RESULT_STORAGE_URL from now on; files that are not there are lost
    Adopt,
}

/// Runs a `storage` command.
pub(super) async fn run(command: StorageCommand) -> anyhow::Result<()> {
    let StorageCommand::Adopt = command;
    let session = Session::open().await?;
    let done = adopt(&session).await;
    session.close_after(done)
}

async fn adopt(session: &Session) -> anyhow::Result<()> {
    let settings = &session.settings.storage;
    let storage = Storage::open(&settings.location)?;
    let files = Files::new(session.db.clone(), storage, settings.rules.clone());
    let adopted = files::adopt(&files)
        .await
        .with_context(|| format!("cannot adopt {}", settings.location))?;
    let mut out = std::io::stdout().lock();
    let (place, id) = (&settings.location, adopted.id);
    match adopted.former {
        Some(former) if former == id => {
            writeln!(out, "the database uses {place} already, storage {id}")?;
        }
        Some(former) => writeln!(
            out,
            "the database uses {place} now, storage {id}, instead of {former}"
        )?,
        None => writeln!(out, "the database uses {place} now, storage {id}")?,
    }
    writeln!(
        out,
        "results have {} files, which should be there",
        adopted.kept_files
    )?;
    Ok(())
}
