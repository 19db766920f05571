//! Asks PostgreSQL about every query: does it fit the schema. Whether Rust can do with it is asked in `check.rs`.
//!
//! Every query is asked about, also after one was refused: a build reports all that is wrong.

use std::ops::Range;

use futures_util::future::join_all;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use tokio_postgres::{Client, Statement};

use revisions::{Location, SourceError};

use crate::query_file::{Query, QueryFile};
use crate::shipped::Shipped;

/// A query that PostgreSQL has taken.
pub(crate) struct Prepared {
    /// Which file, and which query in it.
    pub(crate) file: usize,
    pub(crate) query: usize,
    pub(crate) shipped: Shipped,
    pub(crate) statement: Statement,
}

impl Prepared {
    /// The file and the query in `files`, those that were checked.
    pub(crate) fn of<'a>(&self, files: &'a [QueryFile]) -> (&'a QueryFile, &'a Query) {
        let file = &files[self.file];
        (file, &file.queries[self.query])
    }
}

/// A query that PostgreSQL has refused.
pub(crate) struct Refused {
    pub(crate) file: usize,
    pub(crate) query: usize,
    pub(crate) problem: SourceError,
}

/// Prepares every sound query of `files`; what PostgreSQL takes, and what it refuses.
///
/// # Errors
/// Only if the connection fails.
pub(crate) async fn prepare_queries(
    client: &Client,
    files: &[QueryFile],
) -> Result<(Vec<Prepared>, Vec<Refused>), tokio_postgres::Error> {
    let mut sound = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let queries = file.queries.iter().enumerate();
        sound.extend(
            queries
                .filter(|(_, query)| query.sound)
                .map(|(query, it)| (number, query, Shipped::of(&file.source, it))),
        );
    }
    // They are on their way together: PostgreSQL need not wait for each answer to be read.
    let answers = join_all(
        sound
            .iter()
            .map(|(.., shipped)| client.prepare(&shipped.sql)),
    )
    .await;
    let (mut taken, mut refusals) = (Vec::new(), Vec::new());
    for ((file, query, shipped), answer) in sound.into_iter().zip(answers) {
        match answer {
            Ok(statement) => taken.push(Prepared {
                file,
                query,
                shipped,
                statement,
            }),
            Err(error) => {
                let Some(refusal) = error.as_db_error() else {
                    return Err(error);
                };
                let of = &files[file];
                refusals.push(Refused {
                    file,
                    query,
                    problem: refused(of, &of.queries[query], &shipped, refusal),
                });
            }
        }
    }
    Ok((taken, refusals))
}

/// PostgreSQL's refusal of a query, at the word that it means.
pub(crate) fn refused(
    file: &QueryFile,
    query: &Query,
    shipped: &Shipped,
    error: &DbError,
) -> SourceError {
    let range = match error.position() {
        Some(ErrorPosition::Original(position)) => shipped.place_of(query, *position),
        _ => {
            let parameter = parameter_in(error.message(), file, query);
            parameter.unwrap_or_else(|| query.line.name.range.clone())
        }
    };
    let name = &query.line.name.text;
    let mut problem = SourceError::from_database(&file.source.name, &shipped.sql, 0, error)
        .note("query", format!("`{name}`"));
    let mut tokens = query.tokens.iter();
    let word = tokens.find(|token| token.range.start == range.start);
    let range = word.map_or(range, |word| word.range.clone());
    problem.location = Some(Location::of_range(&file.source.text, range));
    problem.remedy(remedy(error.code()))
}

/// Where the parameter stands for the first time that a message without a place names by its number: `$2`.
fn parameter_in(message: &str, file: &QueryFile, query: &Query) -> Option<Range<usize>> {
    let (_, number) = message.split_once('$')?;
    let end = number.find(|c: char| !c.is_ascii_digit());
    let number: usize = number[..end.unwrap_or(number.len())].parse().ok()?;
    let names = query.parameters(&file.source);
    query.place_of(&file.source, names.get(number.checked_sub(1)?)?)
}

fn remedy(code: &SqlState) -> &'static str {
    let missing = [
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_COLUMN,
        SqlState::UNDEFINED_FUNCTION,
        SqlState::UNDEFINED_OBJECT,
        SqlState::INVALID_SCHEMA_NAME,
    ];
    if missing.contains(code) {
        return "correct the query, or add a migration: the schema is what the migrations make it";
    }
    let untyped = [
        SqlState::INDETERMINATE_DATATYPE,
        SqlState::AMBIGUOUS_PARAMETER,
        SqlState::AMBIGUOUS_FUNCTION,
    ];
    if untyped.contains(code) {
        return "give the parameter a type: `:name::bigint`";
    }
    match *code {
        SqlState::SYNTAX_ERROR => {
            "correct the query here, or just before: up to here, PostgreSQL could read it"
        }
        SqlState::INVALID_COLUMN_REFERENCE => {
            "correct the query, or add the unique index that it needs"
        }
        SqlState::AMBIGUOUS_COLUMN => "say of which table: `table.column`",
        SqlState::INVALID_TEXT_REPRESENTATION => "write a value of the type that is wanted here",
        _ => "correct the query",
    }
}
