//! What a command on the data needs: settings, logs, the database migrated as `serve` would, and its end.

use std::time::Duration;

use crate::config::Settings;
use crate::db::Database;
use crate::private_postgres::Source;
use crate::server::migrate;

use super::logging;

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
        let mut settings = Settings::from_env()?;
        logging::start(&settings.log);
        let source = Source::open(&settings.database)?;
        if settings.migrations.on_startup {
            migrate(&settings.migrations, &source.url).await?;
        }
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
