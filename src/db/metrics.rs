//! What the database says of itself for a scrape: the statements of `queries/metrics.sql`, and how the pool stands.

use super::queries::metrics as sql;
use super::{Database, DbError, Retry};
use crate::metrics::Metrics;
use crate::metrics::readings::Reading;
use crate::metrics::statements::PoolStanding;

/// How many jobs of a status are counted.
const COUNTED_JOBS: i64 = 10_000;

impl Database {
    /// The counts of this process.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// How the pool stands.
    pub fn pool_standing(&self) -> PoolStanding {
        let status = self.pool.status();
        PoolStanding {
            in_use: status.size.saturating_sub(status.available),
            idle: status.available,
            limit: status.max_size,
            waiting: status.waiting,
        }
    }

    /// Three small reads, whatever the size of the tables. `revision_ids` are those of this program.
    ///
    /// # Errors
    /// If the database fails, or does not have the tables.
    pub async fn read_metrics(&self, revision_ids: &[i64]) -> Result<Reading, DbError> {
        let jobs = self
            .statement("unfinished_jobs", Retry::Unchanged, |client| async move {
                sql::unfinished_jobs()
                    .bind(&**client, &COUNTED_JOBS)
                    .all()
                    .await
            })
            .await?;
        let standing = self
            .statement("standing", Retry::Unchanged, |client| async move {
                sql::standing().bind(&**client).one().await
            })
            .await?;
        let applied = self.schema_history().await?;
        let has = |id: &i64| applied.iter().any(|revision| revision.id == *id);
        Ok(Reading {
            jobs: jobs
                .into_iter()
                .map(|row| (row.job_type, row.status, row.jobs))
                .collect(),
            oldest_ready_job_age_seconds: standing.oldest_ready_age_seconds,
            last_sealed_entry: standing.last_sealed_entry,
            last_entry: standing.last_entry,
            newest_revision: applied.last().map_or(0, |revision| revision.id),
            applied_revisions: applied.len(),
            pending_revisions: revision_ids.iter().filter(|id| !has(id)).count(),
        })
    }
}
