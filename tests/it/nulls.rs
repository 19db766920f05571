//! What may be null is null, and every query is read: a column without a `?` is never null there. The build proves that
//! of the schema; here it is seen.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use tokio_postgres::Client;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::support::TestDatabase;
use crate::support::statement::NamedStatement;

mod values;

/// Each table with rows in which all is null that the schema lets be null, and that have no partners where they need none.
const SPARSE: &str = include_str!("nulls/sparse.sql");

/// Queries that return no row here: what they look for takes more than rows.
const WITHOUT_A_ROW: &[&str] = &[
    // Another session that writes.
    "audit_seals/transactions_that_write",
    // What a unique index keeps from being there.
    "ledger/reference_succeeded_twice",
];

#[tokio::test]
async fn a_column_without_a_mark_is_never_null() {
    let queries = queries();
    assert!(queries.len() > 100, "{}", queries.len());
    let mut read = BTreeSet::new();
    for rows in ["", SPARSE] {
        let database = TestDatabase::migrated().await;
        let client = database.connect().await;
        client.batch_execute(rows).await.unwrap();
        for query in &queries {
            for round in 1..=8 {
                for is_given in [false, true] {
                    if query.read(&client, round, is_given).await {
                        read.insert(query.name.clone());
                    }
                }
            }
        }
    }
    let unread: Vec<&str> = queries
        .iter()
        .map(|query| query.name.as_str())
        .filter(|name| !read.contains(*name))
        .collect();
    assert_eq!(unread, WITHOUT_A_ROW);
}

/// One query of `queries/`.
struct Query {
    /// Its file and its name: `users/user_by_id`.
    name: String,
    statement: NamedStatement,
    /// The parameters that may be null.
    optional: BTreeSet<String>,
    /// The columns that may be null.
    nullable: BTreeSet<String>,
}

impl Query {
    /// Runs it and looks at its rows; whether there are any, or there cannot be. Nothing stays of what it does.
    async fn read(&self, client: &Client, round: usize, is_given: bool) -> bool {
        client.batch_execute("begin").await.unwrap();
        let statement = client.prepare(&self.statement.numbered()).await.unwrap();
        let values: Vec<Text> = self
            .statement
            .parameters()
            .into_iter()
            .map(|name| match self.optional.contains(name) && !is_given {
                true => Text(None),
                false => Text(Some(values::value(&self.name, name, round))),
            })
            .collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        let answer = client.query(&statement, &values).await;
        client.batch_execute("rollback").await.unwrap();
        let rows = match answer {
            Ok(rows) => rows,
            Err(error) => {
                // A second row of a kind, and the like.
                let code = error.code().map(|code| code.code().to_owned());
                let is_refusal = code.is_some_and(|code| code.starts_with("23"));
                assert!(is_refusal, "{}: {error:?}", self.name);
                return false;
            }
        };
        for row in &rows {
            for (index, column) in row.columns().iter().enumerate() {
                let Presence(is_there) = row.get(index);
                let (query, column) = (&self.name, column.name());
                assert!(
                    is_there || self.nullable.contains(column),
                    "{query}: {column} is null"
                );
            }
        }
        statement.columns().is_empty() || !rows.is_empty()
    }
}

/// All queries, as their annotations describe them.
fn queries() -> Vec<Query> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries");
    let mut queries = Vec::new();
    for path in files(&root) {
        let text = fs::read_to_string(&path).unwrap();
        let module = path.strip_prefix(&root).unwrap().with_extension("");
        let heads = |mark| {
            text.lines()
                .filter_map(move |line: &str| line.strip_prefix(mark))
        };
        let rows: BTreeMap<&str, BTreeSet<String>> = heads("--: ")
            .map(|line| (line.split('(').next().unwrap(), marked(line)))
            .collect();
        for head in heads("--! ") {
            let (call, row) = head.split_once(':').unwrap_or((head, ""));
            let name = call.split(['(', ' ']).next().unwrap();
            queries.push(Query {
                name: format!("{}/{name}", module.display()),
                statement: NamedStatement::find(&text, name).unwrap(),
                optional: marked(call),
                nullable: match rows.get(row.trim()) {
                    Some(declared) => declared.clone(),
                    None => marked(row),
                },
            });
        }
    }
    queries
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let below = |path: PathBuf| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    };
    paths.into_iter().flat_map(below).collect()
}

/// The names in the brackets that have a `?`.
fn marked(annotation: &str) -> BTreeSet<String> {
    let fields = annotation.split_once('(').map_or("", |(_, fields)| fields);
    let names = fields.split([',', ')']).map(str::trim);
    names
        .filter_map(|name| Some(name.strip_suffix('?')?.to_owned()))
        .collect()
}

/// A value in PostgreSQL's text format, of whatever type is asked for.
#[derive(Debug)]
struct Text(Option<String>);

impl ToSql for Text {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(text) = &self.0 else {
            return Ok(IsNull::Yes);
        };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// Whether a value is there, of whatever type it is.
struct Presence(bool);

impl<'a> FromSql<'a> for Presence {
    fn from_sql(_: &Type, _: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(true))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(false))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
