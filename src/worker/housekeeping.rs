//! The background task that looks after jobs that nobody takes care of. Every server runs it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::db::DbError;
use crate::domain::jobs::files::{self, Files};
use crate::domain::jobs::{Policy, rescue};

/// Rescues, expires and removes every `interval`, until it is told to stop.
pub async fn keep_house(
    files: Files,
    policy: Policy,
    interval: Duration,
    shutdown: CancellationToken,
) {
    while !shutdown.is_cancelled() {
        let hurry = round(&files, &policy).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "jobs cannot be looked after right now");
            false
        });
        if !hurry {
            shutdown
                .run_until_cancelled(tokio::time::sleep(interval))
                .await;
        }
    }
}

/// One round; whether the next one is to follow at once.
async fn round(files: &Files, policy: &Policy) -> Result<bool, DbError> {
    let round = rescue::round(&files.db, policy).await?;
    // After the results, so that their files go in the same round.
    let removal = files::remove_due(files, files::SILENCE).await?;
    if round.did_something() || removal.removed > 0 {
        tracing::info!(
            requeued = round.requeued,
            failed = round.failed,
            expired = round.expired,
            removed_results = round.removed_results,
            removed_events = round.removed_events,
            orphaned_files = removal.orphaned,
            removed_files = removal.removed,
            "jobs were looked after"
        );
    }
    Ok((round.has_more && round.did_something()) || removal.has_more)
}
