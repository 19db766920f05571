//! What has to be done now and then, beside the requests: removing what has expired, so that no table grows for ever.

use std::time::Duration;

use rand::RngExt as _;
use tokio_util::sync::CancellationToken;

use crate::db::Database;
use crate::domain::sessions;

/// How long the server rests between two rounds, at least; up to three times as long, so that replicas that start together
/// do not stay together.
pub const REST: Duration = Duration::from_secs(60);

/// Removes what has expired, again and again, until the end begins. Any number of servers may. A round that fails is made
/// up for by the next one.
pub async fn keep_house(db: Database, rest: Duration, shutdown: CancellationToken) {
    let pause = || rest.mul_f64(rand::rng().random_range(1.0..3.0));
    while shutdown
        .run_until_cancelled(tokio::time::sleep(pause()))
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
