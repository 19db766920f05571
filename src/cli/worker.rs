//! `worker`: works on jobs beside the servers, until a signal ends it.

use super::logging;
use crate::config::Settings;
use crate::private_postgres::Source;
use crate::server;

/// Works until SIGINT or SIGTERM.
pub(super) async fn run(version: &str) -> anyhow::Result<()> {
    let settings = Settings::from_env()?;
    logging::start(&settings.log);
    tracing::info!("divine-whispers {version}, worker");
    let source = Source::open(&settings)?;
    if let Some(notice) = source.notice() {
        tracing::info!("{notice}");
    }
    let worked = server::work(&settings, &source).await;
    source.close_after(worked)
}
