//! Asks PostgreSQL about every query: does it fit the schema. Whether Rust can do with it is asked in `check.rs`.
//!
//! Every query is asked about, also after one was refused: a build reports all that is wrong.

use std::ops::Range;

use futures_util::future::join_all;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use tokio_postgres::{Client, Statement};

use revisions::lexer::Kind;
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
        _ => untyped_parameter(file, query, error).unwrap_or_else(|| query.line.name.range.clone()),
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

/// The first place of the parameter whose type PostgreSQL cannot tell: it says which one only in its message.
fn untyped_parameter(file: &QueryFile, query: &Query, error: &DbError) -> Option<Range<usize>> {
    if *error.code() != SqlState::INDETERMINATE_DATATYPE {
        return None;
    }
    let (_, number) = error.message().rsplit_once('$')?;
    let number: usize = number.parse().ok()?;
    let text = &file.source.text;
    let names = query.parameters(&file.source);
    let name = names.get(number.checked_sub(1)?)?;
    let mut tokens = query.tokens.iter();
    let token = tokens.find(|token| {
        token.kind == Kind::Parameter && token.text(text).trim_start_matches(':') == *name
    });
    token.map(|token| token.range.clone())
}

/// What to do about a refusal of PostgreSQL.
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
        SqlState::AMBIGUOUS_FUNCTION,
    ];
    if untyped.contains(code) {
        return "give the parameter a type: `:name::bigint`";
    }
    match *code {
        SqlState::SYNTAX_ERROR => {
            "correct the query here, or just before: up to here, PostgreSQL could read it"
        }
        SqlState::AMBIGUOUS_COLUMN => "say of which table: `table.column`",
        SqlState::DATATYPE_MISMATCH | SqlState::INVALID_TEXT_REPRESENTATION => {
            "compare and put together what has the same type, or cast one: `value::bigint`"
        }
        _ => "correct the query",
    }
}
