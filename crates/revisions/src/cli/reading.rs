//! Reading the schema of a database that others use: everything as of one moment, in a transaction that changes nothing and
//! does not wait for somebody's lock for long.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::{CompareError, Context};
use crate::catalog::{Catalog, Scope};
use crate::migrator::Options;

/// Those who keep everybody from reading a table, also from reading what the catalog says of it.
const IN_THE_WAY: &str = "
    select format('process %s%s, which has locked %s', l.pid, coalesce(' (' || nullif(a.application_name, '') || ')', ''),
                  string_agg(l.relation::regclass::text, ', ' order by l.relation))
      from pg_locks l
      left join pg_stat_activity a on a.pid = l.pid
     where l.mode = 'AccessExclusiveLock' and l.granted and l.locktype = 'relation' and l.pid <> pg_backend_pid()
       and l.database = (select oid from pg_database where datname = current_database())
     group by l.pid, a.application_name
     order by l.pid";

/// A database that is read.
pub(super) struct Reading<'c> {
    client: &'c Client,
    place: String,
}

impl<'c> Reading<'c> {
    /// Begins the transaction. What is set in it, the search path too, is as it was when it ends, so nothing of it stays in
    /// a connection that others use after this one.
    pub(super) async fn begin(
        client: &'c Client,
        place: String,
        options: &Options,
    ) -> Result<Self, CompareError> {
        let begin = format!(
            "begin isolation level repeatable read read only; set local lock_timeout = {}",
            options.lock_timeout.as_millis()
        );
        let reading = Self { client, place };
        let begun = client.batch_execute(&begin).await;
        begun.map_err(|error| reading.lost(error))?;
        Ok(reading)
    }

    /// What the database has.
    pub(super) async fn catalog(&self, scope: &Scope) -> Result<Catalog, CompareError> {
        match Catalog::read_with(self.client, scope).await {
            Ok(catalog) => Ok(catalog),
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                Err(self.locked().await)
            }
            Err(error) => Err(self.lost(error)),
        }
    }

    /// A setting, such as `server_version`.
    pub(super) async fn setting(&self, name: &str) -> Result<String, CompareError> {
        let query = "select current_setting($1)";
        let asked = self.client.query_one(query, &[&name]).await;
        let value = asked.and_then(|row| row.try_get(0));
        value.map_err(|error| self.lost(error))
    }

    /// Ends the transaction.
    pub(super) async fn end(self) -> Result<(), CompareError> {
        let ended = self.client.batch_execute("rollback").await;
        ended.map_err(|error| self.lost(error))
    }

    async fn locked(&self) -> CompareError {
        let asked = async {
            self.client.batch_execute("rollback").await?;
            self.client.query(IN_THE_WAY, &[]).await
        };
        let rows = asked.await.unwrap_or_default();
        let holders = rows.iter().filter_map(|row| row.try_get(0).ok());
        CompareError::Locked {
            place: self.place.clone(),
            holders: holders.collect(),
        }
    }

    fn lost(&self, source: tokio_postgres::Error) -> CompareError {
        CompareError::Lost {
            place: self.place.clone(),
            source,
        }
    }
}

/// How the database of the context is called.
pub(super) fn place(context: &Context<'_>) -> String {
    let url = context.url.as_ref().map(ToString::to_string);
    url.unwrap_or_default()
}

/// Such as `15.18`; distributions add a name of their own.
pub(super) fn number(version: &str) -> String {
    let number = version.split(' ').next();
    number.unwrap_or_default().to_owned()
}
