//! The background task that passes on between processes that jobs were ordered, so that nobody waits for the next look.

use std::time::Duration;

use futures_util::future::join;
use revisions::DatabaseUrl;
use tokio_util::sync::CancellationToken;

use crate::db::{Database, notices};
use crate::domain::jobs::waiting::Arrivals;

/// What is ordered within this time is announced together. A notice is sent apart from the orders: the one queue of
/// PostgreSQL's notices would have their commits wait for each other.
const BATCH: Duration = Duration::from_millis(50);
/// How long to leave the database alone when the connection ended.
const PAUSE: Duration = Duration::from_secs(5);

/// Announces what is ordered here, and wakes those who wait here for what is ordered elsewhere, until told to stop.
pub async fn pass_on(
    db: Database,
    url: DatabaseUrl,
    arrivals: Arrivals,
    shutdown: CancellationToken,
) {
    let both = join(announce(&db, &arrivals), listen(&url, &arrivals));
    shutdown.run_until_cancelled(both).await;
}

async fn announce(db: &Database, arrivals: &Arrivals) {
    loop {
        arrivals.ordered().await;
        tokio::time::sleep(BATCH).await;
        if let Err(error) = db.announce_jobs().await {
            // Others find the jobs when they look.
            tracing::debug!(%error, "jobs were not announced");
        }
    }
}

async fn listen(url: &DatabaseUrl, arrivals: &Arrivals) {
    loop {
        if let Err(error) = notices::listen_for_jobs(url, || arrivals.wake()).await {
            tracing::debug!(%error, "announcements of jobs are not heard right now");
        }
        tokio::time::sleep(PAUSE).await;
    }
}
