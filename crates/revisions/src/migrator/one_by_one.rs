//! A script outside of a transaction: its statements one by one, and beside them a table that says how far it came.
//!
//! Each statement is committed by itself, so whoever is killed leaves a part of the script behind. The next run finds
//! the table, says what stands, and goes on from there.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use tokio_postgres::Client;

use crate::history::{HISTORY_TABLE, PROGRESS_TABLE, rows};
use crate::migrator::execute::{Failure, Job, ScriptFailure, send, write_history};
use crate::migrator::options::{Event, Standing};
use crate::migrator::patience::Patience;
use crate::migrator::session::lock_timeout_query;
use crate::migrator::tell;
use crate::source_error::Location;
use crate::statements::{self, Statement};

/// Runs the script of `job`, and then `after`, which writes the history.
pub(crate) async fn run(job: &mut Job<'_, '_>, after: &str) -> Result<u64, Failure> {
    let outcome = run_statements(job).await;
    if outcome.is_err() {
        // The settings are put back even then: the session goes on.
        let _ = job.client.batch_execute(job.settle).await;
    }
    let progress = outcome?;
    // One transaction: PostgreSQL takes all that is sent at once for one.
    let after = format!("{}; {after}", progress.end_query());
    write_history(job.client, job.settle, &after).await
}

async fn run_statements(job: &mut Job<'_, '_>) -> Result<Progress, Failure> {
    let sql = job.script.sql;
    let statements = statements::split(sql);
    let texts: Vec<&str> = statements
        .iter()
        .map(|statement| &sql[statement.range.clone()])
        .collect();
    let (id, undoes) = (job.revision.id(), job.script.undoes);
    let progress = Progress::open(job.client, id, undoes).await;
    let progress = progress.map_err(Failure::History)?;
    let first = progress.check(&texts)?;
    let mut invalid = InvalidIndexes::look(job.client).await?;
    if let Some(done) = progress.interrupted_after {
        let standing = Standing {
            done,
            total: statements.len(),
            next_line: statements
                .get(first)
                .map(|next| Location::of_byte(sql, next.range.start).line),
        };
        tell(job.listener, Event::Resuming(job.revision, standing));
        // Of the one that was under way, `if not exists` would otherwise take the ruin for the index.
        invalid.refuse(sql, &statements, first..first + 1)?;
    }
    for (index, statement) in statements.iter().enumerate().skip(first) {
        run_statement(job, statement, index, &invalid).await?;
        let noted = progress.note(job.client, texts[index]).await;
        noted.map_err(Failure::History)?;
    }
    if statements.iter().any(Statement::is_concurrent) {
        invalid = InvalidIndexes::look(job.client).await?;
        invalid.refuse(sql, &statements, 0..statements.len())?;
    }
    Ok(progress)
}

async fn run_statement(
    job: &mut Job<'_, '_>,
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
    let outcome = loop {
        let Err((_, source)) = send(job.client, text).await else {
            break Ok(());
        };
        let repeatable = !statement.is_concurrent();
        if repeatable && patience.try_again(Some(&source), job.listener).await {
            continue;
        }
        let now = InvalidIndexes::look(job.client).await.unwrap_or_default();
        break Err(Failure::Script(ScriptFailure {
            done: index,
            offset: statement.range.start,
            attempts: patience.attempts,
            left_invalid: now.0.difference(&before.0).cloned().collect(),
            source,
        }));
    };
    if outcome.is_ok() && timeout.is_some() {
        set_lock_timeout(job.client, job.options.lock_timeout).await?;
    }
    outcome
}

async fn set_lock_timeout(client: &Client, timeout: Duration) -> Result<(), Failure> {
    let set = lock_timeout_query(timeout, false);
    client.batch_execute(&set).await.map_err(Failure::Around)
}

/// The row of a script in the table of what is under way.
struct Progress {
    id: i64,
    undoing: bool,
    /// With its schema: a script may change the search path.
    table: String,
    /// How many statements an interrupted run had done; `None` if there was no such run.
    interrupted_after: Option<usize>,
    done: Vec<String>,
    /// Whether other scripts have rows in the table.
    has_others: bool,
}

impl Progress {
    /// Finds the row, or makes it and its table.
    async fn open(client: &Client, id: i64, undoing: bool) -> Result<Self, tokio_postgres::Error> {
        let schema = format!(
            "select quote_ident(n.nspname) from pg_class c join pg_namespace n on n.oid = c.relnamespace \
             where c.oid = to_regclass('{HISTORY_TABLE}')"
        );
        let schema = first_column(client, &schema).await?;
        let table = match schema.first() {
            Some(schema) => format!("{schema}.{PROGRESS_TABLE}"),
            None => PROGRESS_TABLE.to_owned(),
        };
        let make = format!(
            "set client_min_messages = warning; \
             create table if not exists {table} (version int8 primary key, undoing bool not null, done text[] not null); \
             reset client_min_messages"
        );
        client.batch_execute(&make).await?;
        let others = format!("select 1 from {table} where version <> {id} limit 1");
        let has_others = !first_column(client, &others).await?.is_empty();
        let query = format!("select done from {table} where version = $1 and undoing = $2");
        let found = client.query_opt(&query, &[&id, &undoing]).await?;
        let done: Option<Vec<String>> = found.map(|row| row.try_get(0)).transpose()?;
        if done.is_none() {
            let start = format!(
                "insert into {table} values ($1, $2, '{{}}') \
                 on conflict (version) do update set undoing = excluded.undoing, done = excluded.done"
            );
            client.execute(&start, &[&id, &undoing]).await?;
        }
        Ok(Self {
            id,
            undoing,
            table,
            interrupted_after: done.as_ref().map(Vec::len),
            done: done.unwrap_or_default(),
            has_others,
        })
    }

    /// Where to go on: what was done has to be what the script still begins with.
    fn check(&self, texts: &[&str]) -> Result<usize, Failure> {
        let done = self.done.len();
        let changed = (0..done).find(|&index| texts.get(index) != Some(&self.done[index].as_str()));
        match changed {
            Some(statement) => Err(Failure::Rewritten { done, statement }),
            None => Ok(done),
        }
    }

    /// Notes that a statement was done.
    async fn note(&self, client: &Client, text: &str) -> Result<(), tokio_postgres::Error> {
        let query = format!(
            "update {} set done = array_append(done, $3) where version = $1 and undoing = $2",
            self.table
        );
        client
            .execute(&query, &[&self.id, &self.undoing, &text])
            .await
            .map(drop)
    }

    /// The statement that ends it, for the transaction that writes the history.
    fn end_query(&self) -> String {
        match self.has_others {
            true => format!("delete from {} where version = {}", self.table, self.id),
            false => format!("drop table {}", self.table),
        }
    }
}

/// The indexes of the database that are not valid, as a statement would name them. Those of partitioned tables are
/// left out: they are, until each partition has its own.
#[derive(Default)]
struct InvalidIndexes(BTreeSet<String>);

impl InvalidIndexes {
    async fn look(client: &Client) -> Result<Self, Failure> {
        let query = "select c.oid::regclass from pg_index i join pg_class c on c.oid = i.indexrelid \
                     where not i.indisvalid and c.relkind = 'i'";
        let names = first_column(client, query).await;
        Ok(Self(names.map_err(Failure::Around)?.into_iter().collect()))
    }

    /// Refuses one that a statement builds.
    fn refuse(
        &self,
        sql: &str,
        statements: &[Statement],
        range: Range<usize>,
    ) -> Result<(), Failure> {
        for index in range {
            let builds = |it: &&Statement| it.builds_index_concurrently();
            let Some(statement) = statements.get(index).filter(builds) else {
                continue;
            };
            let text = &sql[statement.range.clone()];
            let named = |name: &&String| {
                let own = statements::unquoted(name.rsplit('.').next().unwrap_or(name));
                statements::names(text).any(|word| word == own)
            };
            if let Some(name) = self.0.iter().find(named) {
                return Err(Failure::InvalidIndex {
                    name: name.clone(),
                    statement: index,
                });
            }
        }
        Ok(())
    }
}

async fn first_column(client: &Client, query: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    let messages = client.simple_query(query).await?;
    let first = rows(&messages).filter_map(|row| row.try_get(0).ok().flatten().map(str::to_owned));
    Ok(first.collect())
}
