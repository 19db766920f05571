//! Sends a script to PostgreSQL: with its row in the history in one transaction, or statement by statement.
//!
//! refinery drives it: its runner decides what is written to the history, and how; [`Executor`] is the connection
//! that it drives. What refinery's own connection lacks is here: which statement failed, settings that a script
//! leaves behind, and scripts that cannot run in a transaction.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use refinery_core::traits::r#async::{AsyncMigrate, AsyncQuery, AsyncTransaction};
use refinery_core::{Migration, Runner};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::header::Transaction;
use crate::migrator::session::{Session, lock_timeout_query};
use crate::statements;

/// Where a script stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// In the script itself.
    Script {
        /// How many of its statements had been done before.
        done: usize,
        /// The byte of the script at which the text that was sent starts.
        offset: usize,
        source: tokio_postgres::Error,
    },
    /// When it was committed (deferred constraints).
    Commit(tokio_postgres::Error),
    /// When the history was written.
    History(tokio_postgres::Error),
    /// Around the script: `begin`, a setting.
    Around(tokio_postgres::Error),
    /// refinery's own refusal.
    Refinery(String),
}

impl Failure {
    pub(crate) fn source(&self) -> Option<&tokio_postgres::Error> {
        match self {
            Self::Script { source, .. } => Some(source),
            Self::Commit(source) | Self::History(source) | Self::Around(source) => Some(source),
            Self::Refinery(_) => None,
        }
    }
}

/// How a script is to be run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    pub(crate) transaction: Transaction,
    /// For this script, instead of the setting of the session.
    pub(crate) lock_timeout: Option<Duration>,
}

/// Applies `migration` and writes its row, once.
pub(crate) async fn apply(
    session: &mut Session<'_>,
    migration: &Migration,
    way: Way,
    has_history: bool,
) -> Result<(), Failure> {
    let settle = session.settle_query().to_owned();
    let mut executor = Executor {
        client: session.client,
        settle,
        way,
        has_history,
        failure: None,
    };
    let runner = Runner::new(std::slice::from_ref(migration));
    let outcome = runner.run_async(&mut executor).await;
    match (outcome, executor.failure) {
        (_, Some(failure)) => Err(failure),
        (Ok(_), None) => Ok(()),
        (Err(error), None) => Err(Failure::Refinery(error.to_string())),
    }
}

/// Runs a script and then `after`, which writes the history, once.
pub(crate) async fn run(
    client: &mut Client,
    script: &str,
    way: Way,
    settle: &str,
    after: &str,
) -> Result<u64, Failure> {
    match way.transaction {
        Transaction::One => in_one_transaction(client, script, way, settle, after).await,
        Transaction::None => one_by_one(client, script, way, settle, after).await,
    }
}

async fn in_one_transaction(
    client: &mut Client,
    script: &str,
    way: Way,
    settle: &str,
    after: &str,
) -> Result<u64, Failure> {
    let transaction = client.transaction().await.map_err(Failure::Around)?;
    let outcome = async {
        if let Some(timeout) = way.lock_timeout {
            let set = lock_timeout_query(timeout, true);
            transaction
                .batch_execute(&set)
                .await
                .map_err(Failure::Around)?;
        }
        send(transaction.client(), script)
            .await
            .map_err(|(done, source)| Failure::Script {
                done,
                offset: 0,
                source,
            })?;
        write_history(transaction.client(), settle, after).await
    }
    .await;
    match outcome {
        Ok(rows) => {
            transaction.commit().await.map_err(Failure::Commit)?;
            Ok(rows)
        }
        Err(failure) => {
            // If even this fails the connection is gone, and the server rolls back.
            let _ = transaction.rollback().await;
            Err(failure)
        }
    }
}

async fn one_by_one(
    client: &mut Client,
    script: &str,
    way: Way,
    settle: &str,
    after: &str,
) -> Result<u64, Failure> {
    if let Some(timeout) = way.lock_timeout {
        let set = lock_timeout_query(timeout, false);
        client.batch_execute(&set).await.map_err(Failure::Around)?;
    }
    let mut outcome = Ok(());
    for (done, statement) in statements::split(script).into_iter().enumerate() {
        let offset = statement.range.start;
        if let Err((_, source)) = send(client, &script[statement.range]).await {
            outcome = Err(Failure::Script {
                done,
                offset,
                source,
            });
            break;
        }
    }
    if outcome.is_err() {
        // The settings are put back even then: the session goes on.
        let _ = client.batch_execute(settle).await;
    }
    outcome?;
    write_history(client, settle, after).await
}

/// Sends a text of several statements. An error comes with the number of statements that were done before it:
/// PostgreSQL confirms each.
async fn send(client: &Client, text: &str) -> Result<(), (usize, tokio_postgres::Error)> {
    let mut done = 0;
    let answers = client
        .simple_query_raw(text)
        .await
        .map_err(|error| (done, error))?;
    let mut answers = pin!(answers);
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(SimpleQueryMessage::CommandComplete(_)) => done += 1,
            Ok(_) => {}
            Err(error) => return Err((done, error)),
        }
    }
    Ok(())
}

/// Puts back the settings that a script may have changed, and writes the history; how many rows of it.
async fn write_history(client: &Client, settle: &str, query: &str) -> Result<u64, Failure> {
    // One round trip: a project of many small revisions consists of little else.
    let both = format!("{settle}; {query}");
    let answers = client.simple_query(&both).await.map_err(Failure::History)?;
    let counts = answers.iter().filter_map(|answer| match answer {
        SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
        _ => None,
    });
    Ok(counts.last().unwrap_or(0))
}

/// The connection that refinery's runner drives, for a single migration.
struct Executor<'a> {
    client: &'a mut Client,
    settle: String,
    way: Way,
    has_history: bool,
    failure: Option<Failure>,
}

/// Tells refinery that something failed; what it was stays with the executor.
#[derive(Debug, thiserror::Error)]
#[error("the migration failed")]
struct Stopped;

impl AsyncTransaction for Executor<'_> {
    type Error = Stopped;

    /// The runner calls this twice: to make the history table, and with the script and the `insert` of its row.
    async fn execute<'a, T: Iterator<Item = &'a str> + Send + 'a>(
        &'a mut self,
        mut queries: T,
    ) -> Result<usize, Stopped> {
        let outcome = match (queries.next(), queries.next()) {
            (Some(script), Some(row)) => run(self.client, script, self.way, &self.settle, row)
                .await
                .map(|_| 2),
            // `create table if not exists`: not needed for the second migration of a run.
            (Some(_), None) if self.has_history => Ok(0),
            (Some(table), None) => self
                .client
                .batch_execute(table)
                .await
                .map(|()| 1)
                .map_err(Failure::History),
            (None, _) => Ok(0),
        };
        outcome.map_err(|failure| {
            self.failure = Some(failure);
            Stopped
        })
    }
}

impl AsyncQuery<Vec<Migration>> for Executor<'_> {
    /// What is applied has been read, and compared, before: see `history.rs`. The runner is given one migration
    /// that has to be applied, so it is told that nothing is.
    async fn query(&mut self, _query: &str) -> Result<Vec<Migration>, Stopped> {
        Ok(Vec::new())
    }
}

impl AsyncMigrate for Executor<'_> {}
