//! The table that says how far a script came that runs outside of a transaction. It is there while such a script runs,
//! or after one was interrupted.

use tokio_postgres::Client;

use super::first_column;
use crate::history::{HISTORY_TABLE, PROGRESS_TABLE};
use crate::migrator::execute::Failure;
use crate::quoting;

/// The row of a script in the table of what is under way.
pub(super) struct Progress {
    id: i64,
    undoing: bool,
    /// What makes the session the migrator's again, until the transaction ends: a script may take another role.
    settle: String,
    /// With its schema: a script may change the search path.
    table: String,
    /// How many statements an interrupted run had done; `None` if there was no such run.
    pub(super) interrupted_after: Option<usize>,
    done: Vec<String>,
    /// Whether other scripts have rows in the table.
    has_others: bool,
}

impl Progress {
    /// Finds the row, or makes it and its table.
    pub(super) async fn open(
        client: &Client,
        settle: &str,
        id: i64,
        undoing: bool,
    ) -> Result<Self, tokio_postgres::Error> {
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
            settle: settle.to_owned(),
            id,
            undoing,
            table,
            interrupted_after: done.as_ref().map(Vec::len),
            done: done.unwrap_or_default(),
            has_others,
        })
    }

    /// Where to go on: what was done has to be what the script still begins with.
    pub(super) fn check(&self, texts: &[&str]) -> Result<usize, Failure> {
        let done = self.done.len();
        let changed = (0..done).find(|&index| texts.get(index) != Some(&self.done[index].as_str()));
        match changed {
            Some(statement) => Err(Failure::Rewritten { done, statement }),
            None => Ok(done),
        }
    }

    /// The statement that notes that `text` was done; in the same transaction as `text`, or by itself.
    pub(super) fn note_query(&self, text: &str) -> String {
        format!(
            "{}; update {} set done = array_append(done, {}) where version = {} and undoing = {}",
            self.settle,
            self.table,
            quoting::dollar_quoted(text),
            self.id,
            self.undoing
        )
    }

    /// The statement that ends it, for the transaction that writes the history.
    pub(super) fn end_query(&self) -> String {
        match self.has_others {
            true => format!("delete from {} where version = {}", self.table, self.id),
            false => format!("drop table {}", self.table),
        }
    }
}
