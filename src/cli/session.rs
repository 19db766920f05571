//! What a command on the data needs: settings, logs, the database, migrated as `serve` would if the command changes
//! something, and its end.

use std::time::Duration;

use anyhow::{Context as _, bail};
use revisions::{DatabaseUrl, Migrator, Revisions};

use crate::config::Settings;
use crate::db::Database;
use crate::migrations::REVISIONS;
use crate::private_postgres::Source;
use crate::server::migrate;

use super::logging;
use super::table::counted;

/// Commands read a lot; nobody waits for the connection meanwhile.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(600);

/// A database that a command works on.
pub(super) struct Session {
    pub(super) db: Database,
    pub(super) settings: Settings,
    source: Source,
}

impl Session {
    /// Opens the configured database, or the private one, and migrates it if `serve` would.
    pub(super) async fn open() -> anyhow::Result<Self> {
        let (settings, source) = begin()?;
        if settings.migrations.on_startup {
            migrate(&settings.migrations, &source.url).await?;
        }
        Self::on(settings, source)
    }

    /// Opens the configured database, or the private one, for a command that only reads: one that is behind is refused,
    /// and left as it is.
    pub(super) async fn open_to_read() -> anyhow::Result<Self> {
        let (settings, source) = begin()?;
        let checked = refuse_if_behind(&source.url).await;
        match checked {
            Ok(()) => Self::on(settings, source),
            Err(error) => source.close_after(Err(error)),
        }
    }

    fn on(mut settings: Settings, source: Source) -> anyhow::Result<Self> {
        settings.database.statement_timeout = STATEMENT_TIMEOUT;
        let db = Database::new(&source.url, &settings.database, source.budget)?;
        Ok(Self {
            db,
            settings,
            source,
        })
    }

    /// Closes it, and passes on how the work with it ended.
    pub(super) fn close_after<T>(self, work: anyhow::Result<T>) -> anyhow::Result<T> {
        self.db.close();
        self.source.close_after(work)
    }
}

fn begin() -> anyhow::Result<(Settings, Source)> {
    let settings = Settings::from_env()?;
    logging::start(&settings.log);
    let source = Source::open(&settings)?;
    Ok((settings, source))
}

/// Refuses a database that lacks a revision of this program. One that is ahead is read as it is served.
async fn refuse_if_behind(url: &DatabaseUrl) -> anyhow::Result<()> {
    let embedded =
        Revisions::embedded(REVISIONS).context("the embedded revisions cannot be used")?;
    let mut client = url.connect("divine-whispers").await?;
    let state = Migrator::new(&mut client, &embedded).state().await?;
    let first = state.pending.first().and_then(|id| embedded.get(*id));
    let Some(first) = first else {
        return Ok(());
    };
    bail!(
        "the database {url} is behind this program, and a command that only reads does not migrate it: {} missing, \
         beginning with {} ({}); `divine-whispers db upgrade head` brings it up, and so does `divine-whispers serve`",
        counted(state.pending.len(), "revision is", "revisions are"),
        first.id(),
        first.message()
    )
}
