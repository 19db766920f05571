//! The background task that looks after jobs that nobody takes care of. Every server runs it.

use std::time::Duration;

use futures_util::future::join;
use tokio_util::sync::CancellationToken;

use crate::db::DbError;
use crate::domain::jobs::files::{self, Files};
use crate::domain::jobs::{Policy, rescue};

/// Rescues, expires and removes every `interval`, until it is told to stop. Files are removed beside it: a storage that
/// hangs keeps no job from being rescued, and jobs that cannot be looked after keep no file.
pub async fn keep_house(
    files: Files,
    policy: Policy,
    interval: Duration,
    shutdown: CancellationToken,
) {
    join(
        again_and_again(interval, &shutdown, || look_after_jobs(&files, &policy)),
        again_and_again(interval, &shutdown, || remove_files(&files)),
    )
    .await;
}

/// Does rounds; the next one follows at once if a round says so.
async fn again_and_again<Round: Future<Output = Result<bool, DbError>>>(
    interval: Duration,
    shutdown: &CancellationToken,
    round: impl Fn() -> Round,
) {
    while !shutdown.is_cancelled() {
        let hurry = round().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "jobs and their files cannot be looked after right now");
            false
        });
        if !hurry {
            shutdown
                .run_until_cancelled(tokio::time::sleep(interval))
                .await;
        }
    }
}

async fn look_after_jobs(files: &Files, policy: &Policy) -> Result<bool, DbError> {
    let round = rescue::round(&files.db, policy).await?;
    if round.did_something() {
        tracing::info!(
            requeued = round.requeued,
            failed = round.failed,
            expired = round.expired,
            removed_results = round.removed_results,
            removed_events = round.removed_events,
            "jobs were looked after"
        );
    }
    Ok(round.has_more && round.did_something())
}

async fn remove_files(files: &Files) -> Result<bool, DbError> {
    let removal = files::remove_due(files, files::SILENCE).await?;
    if removal.removed > 0 {
        tracing::info!(
            orphaned = removal.orphaned,
            removed = removal.removed,
            "files were removed"
        );
    }
    Ok(removal.has_more)
}
