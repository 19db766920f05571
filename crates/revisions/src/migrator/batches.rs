//! A change of many rows in batches: one statement again and again, each run committed, until it changes no row.
//!
//! There is nothing to remember between two runs: what a statement finds is what is left to do.

use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::migrator::execute::{Failure, Job, ScriptFailure, send, write_history_patiently};
use crate::migrator::options::{Batch, Event};
use crate::migrator::patience::Patience;
use crate::migrator::session::lock_timeout_query;
use crate::migrator::tell;

/// Who watches the log learns that it goes on.
const BETWEEN_LOG_LINES: Duration = Duration::from_secs(5);

/// Runs the statement of `job` until it changes no row, and then `after`, which writes the history.
pub(crate) async fn run(job: &mut Job<'_, '_>, after: &str) -> Result<u64, Failure> {
    if let Some(timeout) = job.lock_timeout {
        let set = lock_timeout_query(timeout, false);
        let set = job.client.batch_execute(&set).await;
        set.map_err(Failure::Around)?;
    }
    let estimate = estimate(job.client, job.script.sql).await;
    let started = Instant::now();
    let mut logged = started;
    let mut batch = Batch {
        number: 0,
        rows: 0,
        estimated_rows: estimate,
        elapsed: started.elapsed(),
    };
    loop {
        let rows = match run_batch(job).await {
            Ok(rows) => rows,
            Err(failure) => {
                // The settings are put back even then: the session goes on.
                let _ = job.client.batch_execute(&job.settle.for_good).await;
                return Err(failure);
            }
        };
        if rows == 0 {
            break;
        }
        batch.number += 1;
        batch.rows += rows;
        batch.elapsed = started.elapsed();
        if logged.elapsed() >= BETWEEN_LOG_LINES {
            logged = Instant::now();
            let (revision, expected) = (job.revision.id(), batch.estimated_rows);
            tracing::info!(
                revision,
                rows = batch.rows,
                expected,
                "in batches: {}",
                job.revision.message()
            );
        }
        tell(job.listener, Event::Batch(job.revision, &batch));
    }
    write_history_patiently(job, after).await
}

async fn run_batch(job: &mut Job<'_, '_>) -> Result<u64, Failure> {
    let mut patience = Patience::new(job.revision, job.options);
    loop {
        let (done, source) = match send(job.client, job.script.sql).await {
            Ok(rows) => return Ok(rows),
            Err(failed) => failed,
        };
        if !patience.try_again(Some(&source), job.listener).await {
            return Err(Failure::Script(ScriptFailure {
                done,
                offset: 0,
                attempts: patience.attempts,
                left_invalid: Vec::new(),
                source,
            }));
        }
    }
}

/// How many rows the planner thinks there are to be changed: what its plan would give if it had no `limit`.
async fn estimate(client: &Client, sql: &str) -> Option<u64> {
    let explained = client.simple_query(&format!("explain {sql}")).await.ok()?;
    let mut lines = explained.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    lines.find(|line| {
        line.trim_start()
            .trim_start_matches("->")
            .trim_start()
            .starts_with("Limit ")
    })?;
    let below = lines.next()?;
    let (_, after) = below.split_once(" rows=")?;
    after.split(' ').next()?.parse().ok()
}
