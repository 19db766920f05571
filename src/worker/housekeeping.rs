//! The background task that looks after jobs that nobody takes care of. Every server runs it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::db::Database;
use crate::domain::jobs::{Policy, rescue};

/// Rescues, expires and removes every `interval`, until it is told to stop.
pub async fn keep_house(
    db: Database,
    policy: Policy,
    interval: Duration,
    shutdown: CancellationToken,
) {
    while !shutdown.is_cancelled() {
        let hurry = match rescue::round(&db, &policy).await {
            Ok(round) => {
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
                round.has_more && round.did_something()
            }
            Err(error) => {
                tracing::warn!(%error, "jobs cannot be looked after right now");
                false
            }
        };
        if !hurry {
            shutdown
                .run_until_cancelled(tokio::time::sleep(interval))
                .await;
        }
    }
}
