//! Indexes that are not valid: what an interrupted `concurrently` leaves. Those of partitioned tables are left out: they
//! are not valid until each partition has its own; and those that another session is building right now.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use crate::history::rows;
use crate::lexer::{Kind, Lexer, Token};
use crate::migrator::execute::Failure;
use crate::statements::Statement;

const INVALID: &str = "select c.oid, c.oid::regclass from pg_index i join pg_class c on c.oid = i.indexrelid \
    where not i.indisvalid and c.relkind = 'i' and not exists (\
        select from pg_stat_progress_create_index p where p.index_relid = c.oid and p.pid <> pg_backend_pid() \
        and p.datid = (select oid from pg_database where datname = current_database()))";

/// The indexes of the database that are not valid: by their oid, as a statement would name them.
#[derive(Default)]
pub(super) struct InvalidIndexes(BTreeMap<String, String>);

impl InvalidIndexes {
    pub(super) async fn look(client: &Client) -> Result<Self, Failure> {
        Self::find(client, INVALID).await
    }

    async fn find(client: &Client, query: &str) -> Result<Self, Failure> {
        let messages = client.simple_query(query).await.map_err(Failure::Around)?;
        let found = rows(&messages).filter_map(|row| {
            let text = |column| row.try_get(column).ok().flatten().map(str::to_owned);
            Some((text(0)?, text(1)?))
        });
        Ok(Self(found.collect()))
    }

    /// Those that were not there before, as a statement would name them.
    pub(super) fn new_since(&self, before: &Self) -> Vec<String> {
        let new = self
            .0
            .iter()
            .filter(|(oid, _)| !before.0.contains_key(*oid));
        new.map(|(_, shown)| shown.clone()).collect()
    }
}

/// Refuses the one that `statement`, the one number `index`, was building when it was interrupted. Where it gave no
/// name, any of its table may be it.
pub(super) async fn refuse_interrupted(
    client: &Client,
    sql: &str,
    statement: &Statement,
    index: usize,
) -> Result<(), Failure> {
    refuse(client, sql, statement, index, true).await
}

/// Refuses one that a statement should have built: `if not exists` takes a ruin for the index.
pub(super) async fn refuse_built(
    client: &Client,
    sql: &str,
    statements: &[Statement],
) -> Result<(), Failure> {
    for (index, statement) in statements.iter().enumerate() {
        refuse(client, sql, statement, index, false).await?;
    }
    Ok(())
}

async fn refuse(
    client: &Client,
    sql: &str,
    statement: &Statement,
    index: usize,
    any_of_the_table: bool,
) -> Result<(), Failure> {
    let text = &sql[statement.range.clone()];
    let target = Target::of(text).filter(|_| statement.builds_index_concurrently());
    let Some(target) = target.filter(|it| any_of_the_table || it.name.is_some()) else {
        return Ok(());
    };
    let query = format!("{INVALID} and {}", target.condition());
    match InvalidIndexes::find(client, &query).await?.0.pop_first() {
        Some((_, name)) => Err(Failure::InvalidIndex {
            name,
            statement: index,
        }),
        None => Ok(()),
    }
}

/// What `create index concurrently` is about, in the words of the statement.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    /// `create index concurrently on …` leaves it to PostgreSQL.
    name: Option<String>,
    /// With its schema, if it is there.
    table: String,
}

impl Target {
    fn of(statement: &str) -> Option<Self> {
        let tokens: Vec<Token> = Lexer::new(statement, 0)
            .filter(|token| !token.is_comment())
            .collect();
        let is = |token: &Token, word: &str| {
            token.kind == Kind::Word && token.text(statement).eq_ignore_ascii_case(word)
        };
        let mut rest = tokens.iter().skip_while(|it| !is(it, "concurrently"));
        rest.next()?;
        let mut rest = rest.peekable();
        for word in ["if", "not", "exists"] {
            rest.next_if(|it| is(it, word));
        }
        let name = rest.next_if(|it| !is(it, "on"));
        rest.next_if(|it| is(it, "on"))?;
        rest.next_if(|it| is(it, "only"));
        let part = |token: &&&Token| {
            matches!(token.kind, Kind::Word | Kind::QuotedName) || token.text(statement) == "."
        };
        // `on a using btree`: two names with no dot between them are not one.
        let mut table = String::new();
        while let Some(token) = rest.next_if(|it| part(&it)) {
            let text = token.text(statement);
            if text != "." && !table.is_empty() && !table.ends_with('.') {
                break;
            }
            table.push_str(text);
        }
        (!table.is_empty()).then(|| Self {
            name: name.map(|token| token.text(statement).to_owned()),
            table,
        })
    }

    /// PostgreSQL looks the names up as it does for the statement; an index is in the schema of its table.
    fn condition(&self) -> String {
        let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let table = format!("i.indrelid = to_regclass({})", literal(&self.table));
        match &self.name {
            Some(name) => format!(
                "{table} and c.relname = (parse_ident({}))[1]::name",
                literal(name)
            ),
            None => table,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn the_index_and_the_table_are_read_as_the_statement_names_them() {
        let target = |sql| Target::of(sql).map(|it| (it.name.unwrap_or_default(), it.table));
        for (sql, name, table) in [
            (
                "create index concurrently if not exists a_i on a (id)",
                "a_i",
                "a",
            ),
            (
                "CREATE UNIQUE INDEX CONCURRENTLY \"A i\" ON ONLY S . \"on\" USING btree (id)",
                "\"A i\"",
                "S.\"on\"",
            ),
            (
                "create index concurrently /* x */ on s.a using gin (id)",
                "",
                "s.a",
            ),
        ] {
            assert_eq!(target(sql), Some((name.to_owned(), table.to_owned())));
        }
        assert_eq!(target("reindex index concurrently a"), None);
    }
}
