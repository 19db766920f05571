//! Sends a script to PostgreSQL: with its row in the history in one transaction, or in one of the other ways.
//!
//! refinery drives it: its runner decides what is written to the history, and how; [`Executor`] is the connection
//! that it drives. What refinery's own connection lacks is here: which statement failed, settings that a script
//! leaves behind, and scripts that cannot run in a transaction (`one_by_one.rs`, `batches.rs`).

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use refinery_core::traits::r#async::{AsyncMigrate, AsyncQuery, AsyncTransaction};
use refinery_core::{Migration, Runner};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::history::table_query;
use crate::migrator::options::Options;
use crate::migrator::patience::Patience;
use crate::migrator::report::Script;
use crate::migrator::session::{Settle, lock_timeout_query};
use crate::migrator::{Listener, batches, lock, one_by_one};
use crate::revision::Revision;

/// Where a script stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// In the script itself.
    Script(ScriptFailure),
    /// When it was committed (deferred constraints).
    Commit(tokio_postgres::Error),
    /// When the history was written.
    History(tokio_postgres::Error),
    /// Around the script: `begin`, a setting.
    Around(tokio_postgres::Error),
    /// An index that an interrupted `concurrently` left, named; and the statement that is about it.
    InvalidIndex { name: String, statement: usize },
    /// The statements that were done before are not those that the script begins with any more.
    Rewritten { done: usize, statement: usize },
    /// A statement that was done before called `set_config`, and what it set cannot be set again.
    SettingUnknown { done: usize, statement: usize },
    /// A setting that was made before cannot be made again.
    SettingRefused {
        statement: usize,
        source: tokio_postgres::Error,
    },
    /// The migration lock is not held any more.
    LockLost,
    /// refinery's own refusal.
    Refinery(String),
}

/// A statement that failed.
#[derive(Debug)]
pub(crate) struct ScriptFailure {
    /// How many of the statements of the script had been done before.
    pub(crate) done: usize,
    /// The byte of the script at which the text that was sent starts.
    pub(crate) offset: usize,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// The indexes that it left, invalid.
    pub(crate) left_invalid: Vec<String>,
    pub(crate) source: tokio_postgres::Error,
}

impl Failure {
    pub(crate) fn source(&self) -> Option<&tokio_postgres::Error> {
        match self {
            Self::Script(failure) => Some(&failure.source),
            Self::Commit(source)
            | Self::History(source)
            | Self::Around(source)
            | Self::SettingRefused { source, .. } => Some(source),
            Self::InvalidIndex { .. }
            | Self::Rewritten { .. }
            | Self::SettingUnknown { .. }
            | Self::LockLost
            | Self::Refinery(_) => None,
        }
    }
}

/// In how many transactions a script runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// In one of its own, together with its row in the history.
    OneTransaction,
    /// In one that is open already, and that somebody else ends.
    Enclosed,
    /// Each statement by itself.
    OneByOne,
    /// Its one statement again and again, each time by itself.
    UntilNoRows,
}

/// One script to be run, and what it is run with.
pub(crate) struct Job<'j, 'a> {
    pub(crate) client: &'j mut Client,
    /// What puts back the settings that a script may have changed.
    pub(crate) settle: &'j Settle,
    pub(crate) revision: &'j Revision,
    pub(crate) script: Script<'j>,
    pub(crate) mode: Mode,
    /// For this script, instead of the setting of the session.
    pub(crate) lock_timeout: Option<Duration>,
    pub(crate) options: &'j Options,
    pub(crate) listener: &'j mut Option<Listener<'a>>,
}

impl Job<'_, '_> {
    /// Applies the revision and writes its row, once.
    pub(crate) async fn apply(self, has_history: bool) -> Result<(), Failure> {
        let runner = Runner::new(std::slice::from_ref(self.revision.migration()));
        let mut executor = Executor {
            job: self,
            has_history,
            failure: None,
        };
        let outcome = runner.run_async(&mut executor).await;
        match (outcome, executor.failure) {
            (_, Some(failure)) => Err(failure),
            (Ok(_), None) => Ok(()),
            (Err(error), None) => Err(Failure::Refinery(error.to_string())),
        }
    }

    /// Runs the script and then `after`, which writes the history, once.
    pub(crate) async fn run(&mut self, after: &str) -> Result<u64, Failure> {
        // What ran before may have given the lock back. What is enclosed leaves nothing behind anyhow.
        if self.mode != Mode::Enclosed {
            require_lock(self.client).await?;
        }
        match self.mode {
            Mode::OneTransaction => self.in_one_transaction(after).await,
            Mode::Enclosed => {
                enclosed(self.client, self.script.sql, self.lock_timeout).await?;
                write_history(self.client, self.settle, after).await
            }
            Mode::OneByOne => one_by_one::run(self, after).await,
            Mode::UntilNoRows => batches::run(self, after).await,
        }
    }

    async fn in_one_transaction(&mut self, after: &str) -> Result<u64, Failure> {
        let transaction = self.client.transaction().await.map_err(Failure::Around)?;
        let outcome = async {
            enclosed(transaction.client(), self.script.sql, self.lock_timeout).await?;
            write_history(transaction.client(), self.settle, after).await
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
}

/// Sends a script within a transaction.
async fn enclosed(
    client: &Client,
    script: &str,
    lock_timeout: Option<Duration>,
) -> Result<(), Failure> {
    if let Some(timeout) = lock_timeout {
        let set = lock_timeout_query(timeout, true);
        client.batch_execute(&set).await.map_err(Failure::Around)?;
    }
    let sent = send(client, script).await;
    sent.map(drop).map_err(|(done, source)| {
        Failure::Script(ScriptFailure {
            done,
            offset: 0,
            attempts: 1,
            left_invalid: Vec::new(),
            source,
        })
    })
}

/// Sends a text of several statements; gives the number of rows of the last. An error comes with the number of
/// statements that were done before it: PostgreSQL confirms each.
pub(crate) async fn send(
    client: &Client,
    text: &str,
) -> Result<u64, (usize, tokio_postgres::Error)> {
    let (mut done, mut rows) = (0, 0);
    let answers = client
        .simple_query_raw(text)
        .await
        .map_err(|error| (done, error))?;
    let mut answers = pin!(answers);
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(SimpleQueryMessage::CommandComplete(count)) => (done, rows) = (done + 1, count),
            Ok(_) => {}
            Err(error) => return Err((done, error)),
        }
    }
    Ok(rows)
}

/// Puts back the settings that a script may have changed, and writes the history; how many rows of it.
pub(crate) async fn write_history(
    client: &Client,
    settle: &Settle,
    query: &str,
) -> Result<u64, Failure> {
    // One round trip: a project of many small revisions consists of little else.
    let both = format!("{}; {query}", settle.for_good);
    let answers = client.simple_query(&both).await.map_err(Failure::History)?;
    let counts = answers.iter().filter_map(|answer| match answer {
        SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
        _ => None,
    });
    Ok(counts.last().unwrap_or(0))
}

async fn require_lock(client: &Client) -> Result<(), Failure> {
    match lock::is_held(client).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::LockLost),
        Err(source) => Err(Failure::Around(source)),
    }
}

/// As [`write_history`], for a script that is done already: tried again until it gets its locks. Whoever lost the
/// migration lock meanwhile does not write: another migrator may have.
pub(crate) async fn write_history_patiently(
    job: &mut Job<'_, '_>,
    query: &str,
) -> Result<u64, Failure> {
    require_lock(job.client).await?;
    let mut patience = Patience::new(job.revision, job.options);
    loop {
        let outcome = write_history(job.client, job.settle, query).await;
        let Err(failure) = &outcome else {
            return outcome;
        };
        if !patience.try_again(failure.source(), job.listener).await {
            return outcome;
        }
    }
}

/// The connection that refinery's runner drives, for a single migration.
struct Executor<'j, 'a> {
    job: Job<'j, 'a>,
    has_history: bool,
    failure: Option<Failure>,
}

/// Tells refinery that something failed; what it was stays with the executor.
#[derive(Debug, thiserror::Error)]
#[error("the migration failed")]
struct Stopped;

impl AsyncTransaction for Executor<'_, '_> {
    type Error = Stopped;

    /// The runner calls this twice: to make the history table, and with the script and the `insert` of its row.
    async fn execute<'q, T: Iterator<Item = &'q str> + Send + 'q>(
        &'q mut self,
        mut queries: T,
    ) -> Result<usize, Stopped> {
        let outcome = match (queries.next(), queries.next()) {
            (Some(_), Some(row)) => self.job.run(row).await.map(|_| 2),
            // `create table if not exists`: not needed for the second migration of a run.
            (Some(_), None) if self.has_history => Ok(0),
            (Some(table), None) => {
                debug_assert_eq!(table, table_query());
                let made = self.job.client.batch_execute(table).await;
                made.map(|()| 1).map_err(Failure::History)
            }
            (None, _) => Ok(0),
        };
        outcome.map_err(|failure| {
            self.failure = Some(failure);
            Stopped
        })
    }
}

impl AsyncQuery<Vec<Migration>> for Executor<'_, '_> {
    /// What is applied has been read, and compared, before: see `history.rs`. The runner is given one migration
    /// that has to be applied, so it is told that nothing is.
    async fn query(&mut self, _query: &str) -> Result<Vec<Migration>, Stopped> {
        Ok(Vec::new())
    }
}

impl AsyncMigrate for Executor<'_, '_> {}
