//! The table that says how far a script came that runs outside of a transaction. It is there while such a script runs,
//! or after one was interrupted.

use tokio_postgres::Client;

use super::first_column;
use crate::history::{HISTORY_TABLE, PROGRESS_TABLE, is_unsettled};
use crate::migrator::execute::Failure;

/// The row of a script in the table of what is under way. It keeps hashes of the statements: a statement may be long, and
/// may have a password.
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
    /// The hashes of the statements of the script.
    hashes: Vec<String>,
    /// Whether other scripts have rows in the table.
    has_others: bool,
}

impl Progress {
    /// Finds the row of the script with the statements `texts`, or makes it and its table.
    pub(super) async fn open(
        client: &Client,
        settle: &str,
        id: i64,
        undoing: bool,
        texts: &[&str],
    ) -> Result<Self, tokio_postgres::Error> {
        let schema = format!(
            "select quote_ident(n.nspname) from pg_class c join pg_namespace n on n.oid = c.relnamespace \
             where c.oid = to_regclass('{HISTORY_TABLE}')"
        );
        let schema = first_column(client, &schema).await?;
        let schema = schema.first().map(|schema| format!("{schema}."));
        let schema = schema.unwrap_or_default();
        let table = format!("{schema}{PROGRESS_TABLE}");
        // What somebody has settled in the history by hand, or with refinery, is settled.
        let make = format!(
            "set client_min_messages = warning; \
             create table if not exists {table} (version int8 primary key, undoing bool not null, done text[] not null); \
             delete from {table} it where not {}; \
             reset client_min_messages",
            is_unsettled("it", &format!("{schema}{HISTORY_TABLE}"))
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
        // PostgreSQL has the hash; md5 is not had everywhere (FIPS).
        let hashes = "select encode(sha256(convert_to(it, 'UTF8')), 'hex') from unnest($1::text[]) \
            with ordinality as statement (it, number) order by number";
        let hashes = client.query(hashes, &[&texts]).await?;
        let hashes: Result<_, _> = hashes.iter().map(|row| row.try_get(0)).collect();
        Ok(Self {
            settle: settle.to_owned(),
            id,
            undoing,
            table,
            interrupted_after: done.as_ref().map(Vec::len),
            done: done.unwrap_or_default(),
            hashes: hashes?,
            has_others,
        })
    }

    /// Whether no earlier run has done a statement.
    pub(super) fn has_done_nothing(&self) -> bool {
        self.done.is_empty()
    }

    /// Where to go on: what was done has to be what the script still begins with.
    pub(super) fn check(&self) -> Result<usize, Failure> {
        let done = self.done.len();
        let changed = (0..done).find(|&index| self.hashes.get(index) != self.done.get(index));
        match changed {
            Some(statement) => Err(Failure::Rewritten { done, statement }),
            None => Ok(done),
        }
    }

    /// The statement that notes that the one number `index` was done; in the same transaction as that, or by itself.
    pub(super) fn note_query(&self, index: usize) -> String {
        format!(
            "{}; update {} set done = array_append(done, '{}') where version = {} and undoing = {}",
            self.settle,
            self.table,
            self.hashes.get(index).map_or("", String::as_str),
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
