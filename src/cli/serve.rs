//! `serve`: the database, the schema, then the API, until a signal ends it.

use anyhow::Context as _;

use super::logging;
use crate::config::Settings;
use crate::private_postgres::{self, Source};
use crate::server;

/// Serves until SIGINT or SIGTERM.
pub(super) async fn run(version: &str) -> anyhow::Result<()> {
    let settings = Settings::from_env()?;
    logging::start(&settings.log);
    tracing::info!("divine-whispers {version}");
    let source = Source::open(&settings)?;
    if let Some(notice) = source.notice() {
        tracing::info!("{notice}");
    }
    let secret_key = match (&settings.auth.secret_key, &settings.database.url) {
        (Some(key), _) => key.clone(),
        (None, None) => private_postgres::secret_key()?,
        (None, Some(_)) if settings.log.debug => {
            tracing::warn!(
                "SECRET_KEY is not set: DEBUG permits a random one, and access tokens end with this process"
            );
            private_postgres::random_key().into()
        }
        (None, Some(_)) => {
            return Err(anyhow::anyhow!(
                "32 characters or more; `openssl rand -hex 32` makes one"
            ))
            .context("SECRET_KEY is not set, and access tokens cannot be signed without");
        }
    };
    let served = server::serve(&settings, &source, &secret_key, version).await;
    source.close_after(served)
}
