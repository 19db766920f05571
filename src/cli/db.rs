//! `db`: the migration commands of `revisions`, on the embedded revisions and the configured database.

use std::borrow::Cow;

use anyhow::Context as _;
use revisions::Revisions;

use super::logging;
use crate::config::Settings;
use crate::migrations::REVISIONS;
use crate::private_postgres::Source;

/// Runs a `db` command.
pub(super) async fn run(command: revisions::cli::Command) -> anyhow::Result<()> {
    let settings = Settings::from_env()?;
    logging::start(&settings.log);
    let embedded =
        Revisions::embedded(REVISIONS).context("the embedded revisions cannot be used")?;
    let url = settings.migrations.url.clone();
    let source = match url {
        Some(_) => None,
        None => Some(Source::open(&settings.database)?),
    };
    let context = revisions::cli::Context {
        revisions: Cow::Borrowed(&embedded),
        url: url.or_else(|| source.as_ref().map(|source| source.url.clone())),
        options: settings.migrations.options(),
    };
    let done = revisions::cli::run(command, context).await;
    if let Some(source) = source {
        source.close()?;
    }
    Ok(done?)
}
