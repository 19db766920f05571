//! A script outside of a transaction: its statements one by one, and beside them a table that says how far it came.
//!
//! Each statement is committed by itself, so whoever is killed leaves a part of the script behind. The next run finds
//! the table, says what stands, and goes on from there. A statement that can run in a transaction is noted in its own,
//! so it is done once; of one that cannot, it is not known whether it was done (`progress.rs`).

use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::history::rows;
use crate::migrator::execute::{Failure, Job, ScriptFailure, send, write_history_patiently};
use crate::migrator::options::{Event, Standing};
use crate::migrator::patience::Patience;
use crate::migrator::session::lock_timeout_query;
use crate::migrator::tell;
use crate::source_error::Location;
use crate::statements::{self, Statement};

mod invalid;
mod progress;
mod replay;

use invalid::InvalidIndexes;
use progress::Progress;

/// Runs the script of `job`, and then `after`, which writes the history.
pub(crate) async fn run(job: &mut Job<'_, '_>, after: &str) -> Result<u64, Failure> {
    let (id, undoes) = (job.revision.id(), job.script.undoes);
    let sql = job.script.sql;
    let statements = statements::split(sql);
    let texts = statements
        .iter()
        .map(|statement| &sql[statement.range.clone()]);
    let texts: Vec<&str> = texts.collect();
    let settle = &job.settle.for_transaction;
    let progress = Progress::open(job.client, settle, id, undoes, &texts).await;
    let progress = progress.map_err(Failure::History)?;
    if let Err(failure) = run_statements(job, &progress, &statements).await {
        // The settings are put back even then: the session goes on.
        let _ = job.client.batch_execute(&job.settle.for_good).await;
        if progress.has_done_nothing() && nothing_stands(job.script.sql, &failure) {
            // If even this fails, the next run finds that no statement was done.
            let _ = job.client.batch_execute(&progress.end_query()).await;
        }
        return Err(failure);
    }
    // One transaction: PostgreSQL takes all that is sent at once for one.
    let after = format!("{}; {after}", progress.end_query());
    write_history_patiently(job, &after).await
}

/// Whether the script failed before it did anything, so that there is nothing to go on from.
fn nothing_stands(sql: &str, failure: &Failure) -> bool {
    let Failure::Script(failure) = failure else {
        return false;
    };
    let refused = failure.source.as_db_error().is_some() && failure.left_invalid.is_empty();
    let whole = |first: &Statement| !first.may_commit();
    failure.done == 0 && refused && statements::split(sql).first().is_some_and(whole)
}

async fn run_statements(
    job: &mut Job<'_, '_>,
    progress: &Progress,
    statements: &[Statement],
) -> Result<(), Failure> {
    let sql = job.script.sql;
    let first = progress.check()?;
    if let Some(done) = progress.interrupted_after {
        let standing = Standing {
            done,
            total: statements.len(),
            next_line: statements
                .get(first)
                .map(|next| Location::of_byte(sql, next.range.start).line),
            next_is_uncertain: statements.get(first).is_some_and(Statement::runs_alone),
        };
        tell(job.listener, Event::Resuming(job.revision, standing));
        if let Some(under_way) = statements.get(first) {
            replay::settings(job.client, sql, &statements[..first]).await?;
            // As the statement would look it up: after its settings.
            invalid::refuse_interrupted(job.client, sql, under_way, first).await?;
        }
    }
    let invalid = InvalidIndexes::look(job.client).await?;
    for (index, statement) in statements.iter().enumerate().skip(first) {
        run_statement(job, progress, statement, index, &invalid).await?;
    }
    if statements.iter().any(Statement::is_concurrent) {
        invalid::refuse_built(job.client, sql, statements).await?;
    }
    Ok(())
}

async fn run_statement(
    job: &mut Job<'_, '_>,
    progress: &Progress,
    statement: &Statement,
    index: usize,
    before: &InvalidIndexes,
) -> Result<(), Failure> {
    let text = &job.script.sql[statement.range.clone()];
    // It waits for transactions that are older than itself, and nobody waits behind it; interrupted, it would leave
    // a ruin. So it waits as long as it takes.
    let waits = statement.is_concurrent_on_index();
    let timeout = job.lock_timeout.or(waits.then_some(Duration::ZERO));
    if let Some(timeout) = timeout {
        set_lock_timeout(job.client, timeout).await?;
    }
    let mut patience = Patience::new(job.revision, job.options);
    let note = progress.note_query(index);
    let mut alone = statement.runs_alone();
    let outcome = loop {
        let sent = match alone {
            true => send(job.client, text).await,
            // One transaction: PostgreSQL takes all that is sent at once for one.
            false => send(job.client, &format!("{text};\n{note}")).await,
        };
        let Err((_, source)) = sent else {
            break Ok(());
        };
        if !alone && source.code() == Some(&SqlState::ACTIVE_SQL_TRANSACTION) {
            alone = true;
            continue;
        }
        // What has done a part of its work would do that part twice.
        let repeatable = !statement.is_concurrent() && !statement.may_commit();
        if repeatable && patience.try_again(Some(&source), job.listener).await {
            continue;
        }
        let now = InvalidIndexes::look(job.client).await.unwrap_or_default();
        break Err(Failure::Script(ScriptFailure {
            done: index,
            offset: statement.range.start,
            attempts: patience.attempts,
            left_invalid: now.new_since(before),
            source,
        }));
    };
    outcome?;
    if alone {
        let noted = job.client.batch_execute(&note).await;
        noted.map_err(Failure::History)?;
    }
    if timeout.is_some() {
        set_lock_timeout(job.client, job.options.lock_timeout).await?;
    }
    Ok(())
}

async fn set_lock_timeout(client: &Client, timeout: Duration) -> Result<(), Failure> {
    let set = lock_timeout_query(timeout, false);
    client.batch_execute(&set).await.map_err(Failure::Around)
}

async fn first_column(client: &Client, query: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    let messages = client.simple_query(query).await?;
    let first = rows(&messages).filter_map(|row| row.try_get(0).ok().flatten().map(str::to_owned));
    Ok(first.collect())
}
