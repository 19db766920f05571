//! Indexes that are not valid: what an interrupted `concurrently` leaves.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use crate::history::rows;
use crate::migrator::execute::Failure;
use crate::statements::{self, Statement};

/// The indexes of the database that are not valid. Those of partitioned tables are left out: they are, until each
/// partition has its own.
#[derive(Default)]
pub(super) struct InvalidIndexes(BTreeSet<InvalidIndex>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct InvalidIndex {
    /// As a statement would name it.
    shown: String,
    /// As the catalog has it.
    name: String,
    table: String,
}

impl InvalidIndexes {
    pub(super) async fn look(client: &Client) -> Result<Self, Failure> {
        let query = "select c.oid::regclass, c.relname, t.relname from pg_index i \
                     join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid \
                     where not i.indisvalid and c.relkind = 'i'";
        let messages = client.simple_query(query).await.map_err(Failure::Around)?;
        let found = rows(&messages).filter_map(|row| {
            let text = |column| row.try_get(column).ok().flatten().map(str::to_owned);
            Some(InvalidIndex {
                shown: text(0)?,
                name: text(1)?,
                table: text(2)?,
            })
        });
        Ok(Self(found.collect()))
    }

    /// Those that were not there before, as a statement would name them.
    pub(super) fn new_since(&self, before: &Self) -> Vec<String> {
        let new = self.0.difference(&before.0);
        new.map(|index| index.shown.clone()).collect()
    }

    /// Refuses the one that `statement`, the one number `index`, was building when it was interrupted. Where it gave
    /// no name, any of its table may be it.
    pub(super) fn refuse_interrupted(
        &self,
        sql: &str,
        statement: &Statement,
        index: usize,
    ) -> Result<(), Failure> {
        self.refuse(sql, statement, index, !statement.names_its_index())
    }

    /// Refuses one that a statement should have built: `if not exists` takes a ruin for the index.
    pub(super) fn refuse_built(&self, sql: &str, statements: &[Statement]) -> Result<(), Failure> {
        let mut all = statements.iter().enumerate();
        all.try_for_each(|(index, statement)| self.refuse(sql, statement, index, false))
    }

    fn refuse(
        &self,
        sql: &str,
        statement: &Statement,
        index: usize,
        by_table: bool,
    ) -> Result<(), Failure> {
        if !statement.builds_index_concurrently() {
            return Ok(());
        }
        let names: BTreeSet<String> = statements::names(&sql[statement.range.clone()]).collect();
        let is_meant = |it: &&InvalidIndex| {
            names.contains(&it.name) || (by_table && names.contains(&it.table))
        };
        match self.0.iter().find(is_meant) {
            Some(found) => Err(Failure::InvalidIndex {
                name: found.shown.clone(),
                statement: index,
            }),
            None => Ok(()),
        }
    }
}
