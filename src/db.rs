//! The only door to the database: a pool, and two ways through it, each with a name and a rule for
//! trying again. The generated queries are private to this module and its children, which translate
//! rows into types of the domain and back.
//!
//! No rule of the business lives here, and no SQL text: that is in `queries/`.

pub mod administration;
pub mod audit;
mod error;
mod jobs;
mod lease;
pub mod ledger;
pub mod login_limits;
mod metrics;
pub mod notices;
mod pool;
mod retry;
pub mod schema;
pub mod sessions;
pub mod transactions;
pub mod users;
pub mod wallets;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::{Pool, Transaction};
use futures_util::future::BoxFuture;
use tracing::Level;

use crate::domain::jobs::floors::Floors;
use crate::domain::jobs::news::JobNews;
use crate::domain::jobs::old_events::Progress;
use crate::metrics::Metrics;
pub use error::DbError;
use jobs::Completions;
pub use lease::Lease;
pub use pool::ConnectionBudget;
use retry::Attempts;
pub use retry::Retry;

/// The typed modules that the build made from `queries/`, one per file.
pub(crate) mod queries {
    include!(concat!(env!("OUT_DIR"), "/queries.rs"));
}

/// A pool of connections. Cheap to clone; clones share the pool.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    statement_timeout: Duration,
    job_news: JobNews,
    notice_sender: Arc<str>,
    job_floors: Floors,
    old_events_progress: Progress,
    completions: Completions,
    metrics: Metrics,
}

impl Database {
    /// Runs one statement under a name, on a connection of the pool, and tries again as `retry` says.
    ///
    /// # Errors
    /// What PostgreSQL or the way to it said, sorted: see [`DbError`].
    pub async fn statement<T, F, Running>(
        &self,
        name: &'static str,
        retry: Retry,
        run: F,
    ) -> Result<T, DbError>
    where
        F: Fn(Arc<Lease>) -> Running,
        Running: Future<Output = Result<T, tokio_postgres::Error>>,
    {
        let mut attempts = retry.attempts(name);
        loop {
            let attempt = self.attempt(name, async |lease| {
                let lease = Arc::new(lease);
                let result = run(Arc::clone(&lease)).await;
                (Arc::into_inner(lease), result)
            });
            match attempt.await {
                Ok(value) => return Ok(value),
                Err(error) => self.before_next(&mut attempts, error).await?,
            }
        }
    }

    /// Runs several statements under a name, in one transaction that commits when `run` returns `Ok`,
    /// and tries all of it again as `retry` says.
    ///
    /// # Errors
    /// What PostgreSQL or the way to it said, sorted: see [`DbError`]. Nothing has changed then, but for
    /// [`DbError::Lost`], after which nobody knows.
    pub async fn transaction<T, F>(
        &self,
        name: &'static str,
        retry: Retry,
        run: F,
    ) -> Result<T, DbError>
    where
        F: for<'t> Fn(&'t Transaction<'_>) -> BoxFuture<'t, Result<T, tokio_postgres::Error>>,
    {
        let mut attempts = retry.attempts(name);
        loop {
            let attempt = self.attempt(name, async |mut lease: Lease| {
                let result = in_transaction(&mut lease, &run).await;
                (Some(lease), result)
            });
            match attempt.await {
                Ok(value) => return Ok(value),
                Err(error) => self.before_next(&mut attempts, error).await?,
            }
        }
    }

    async fn attempt<T, Running>(
        &self,
        name: &'static str,
        run: impl FnOnce(Lease) -> Running,
    ) -> Result<T, DbError>
    where
        Running: Future<Output = (Option<Lease>, Result<T, tokio_postgres::Error>)>,
    {
        let counted = self.metrics.statements();
        let lease = match self.pool.get().await {
            Ok(connection) => Lease::new(connection),
            Err(error) => {
                let error = DbError::from(error);
                counted.tried(name, error.name(), None);
                return Err(error);
            }
        };
        let started = Instant::now();
        // The server ends a statement that takes too long; this ends one whose server has gone silent.
        let patience = self.statement_timeout + Duration::from_secs(2);
        let (lease, result) = match tokio::time::timeout(patience, run(lease)).await {
            Ok((lease, result)) => (lease, result.map_err(DbError::from)),
            Err(_) => (
                None,
                Err(DbError::Lost {
                    reason: format!("no answer for {patience:?}"),
                }),
            ),
        };
        let elapsed = started.elapsed();
        let outcome = result.as_ref().map_or_else(DbError::name, |_| "done");
        counted.tried(name, outcome, Some(elapsed));
        if tracing::enabled!(Level::DEBUG) {
            let elapsed_ms = elapsed.as_secs_f64() * 1000.0;
            tracing::debug!(query = name, elapsed_ms, failed = result.is_err(), "query");
        }
        if let Some(lease) = lease
            && !result.as_ref().is_err_and(DbError::spoils_connection)
        {
            lease.give_back();
        }
        result
    }

    /// Waits before the next attempt and counts it, or gives the error back when there is to be none.
    async fn before_next(&self, attempts: &mut Attempts, error: DbError) -> Result<(), DbError> {
        let (name, outcome) = (attempts.name(), error.name());
        attempts.after(error).await?;
        self.metrics.statements().retried(name, outcome);
        Ok(())
    }

    /// Closes every connection; whoever waits for one is told that the database is unavailable.
    pub fn close(&self) {
        self.pool.close();
    }
}

async fn in_transaction<T, F>(lease: &mut Lease, run: &F) -> Result<T, tokio_postgres::Error>
where
    F: for<'t> Fn(&'t Transaction<'_>) -> BoxFuture<'t, Result<T, tokio_postgres::Error>>,
{
    let transaction = lease.transaction().await?;
    let value = run(&transaction).await?;
    transaction.commit().await?;
    Ok(value)
}
