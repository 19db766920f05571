//! What has to be done now and then, beside the requests: removing what has expired, so that no table grows for ever.

use std::time::Duration;

use rand::RngExt as _;
use tokio_util::sync::CancellationToken;

use crate::db::Database;
use crate::domain::sessions;

/// How long to rest between two rounds: at least, and at most. Replicas that start together do not stay together.
const REST_SECONDS: std::ops::Range<u64> = 60..180;

/// Removes what has expired, until the end begins. A round that fails is made up for by the next one.
pub(super) async fn keep_house(db: Database, shutdown: CancellationToken) {
    let rest = || Duration::from_secs(rand::rng().random_range(REST_SECONDS));
    while shutdown
        .run_until_cancelled(tokio::time::sleep(rest()))
        .await
        .is_some()
    {
        let removing = sessions::remove_expired(&db);
        match shutdown.run_until_cancelled(removing).await {
            Some(Ok(0)) | None => {}
            Some(Ok(rows)) => tracing::debug!(rows, "removed what had expired"),
            Some(Err(error)) => tracing::warn!(%error, "what has expired was not removed"),
        }
    }
}
