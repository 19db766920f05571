//! The background task that looks for events of the jobs that are watched here: one statement for all of them, however
//! many watch. Notices of other processes only make it faster; behind PgBouncer and on the embedded engine there are none.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::db::Database;

/// Looks every `interval`, and when notices may have been missed, until the end begins.
pub async fn look_for_events(db: Database, interval: Duration, shutdown: CancellationToken) {
    let news = db.job_news();
    let wait = async || {
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = news.told_to_look() => {}
        }
    };
    while shutdown.run_until_cancelled(wait()).await.is_some() {
        let watched = news.watched_jobs();
        if watched.is_empty() {
            continue;
        }
        match db.event_counts(&watched).await {
            Ok(counts) => {
                for (job_id, event_count) in counts {
                    news.wake_behind(job_id, event_count);
                }
            }
            Err(error) => tracing::warn!(%error, "events of jobs cannot be looked for right now"),
        }
    }
}
