//! The background task that seals the audit log while the server serves.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::db::Database;
use crate::domain::audit::seal::{SealValue, seal_settled};

/// How long one round waits for transactions that write entries; the next round tries again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Seals what is settled, again and again, until the end begins. Any number of servers may: one at a time does.
///
/// Each new seal is logged. Logs that are kept elsewhere so hold what `audit verify --expect` needs.
pub async fn seal_regularly(db: Database, interval: Duration, shutdown: CancellationToken) {
    while shutdown
        .run_until_cancelled(tokio::time::sleep(interval))
        .await
        .is_some()
    {
        match seal_settled(&db, PATIENCE).await {
            Ok(sealing) => {
                if let Some(seal) = sealing.newest {
                    let value = SealValue::try_from(seal.value.as_slice());
                    let value = value.map(|value| value.to_string()).unwrap_or_default();
                    let (number, entries) = (seal.number, sealing.entries);
                    tracing::info!(number, seal = value, entries, "sealed the audit log");
                }
                if sealing.waiting {
                    tracing::warn!(
                        "the audit log was not sealed: a transaction that writes to it has been open for {PATIENCE:?}"
                    );
                }
            }
            Err(error) => tracing::warn!(%error, "the audit log was not sealed"),
        }
    }
}
