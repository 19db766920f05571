//! Asks PostgreSQL about every query: does it fit the schema.
//!
//! Every query is asked about, also after one was refused: a build reports all that is wrong.

use std::collections::BTreeMap;
use std::ops::Range;

use futures_util::future::join_all;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use tokio_postgres::{Client, Statement};

use revisions::lexer::Kind;
use revisions::{Location, SourceError};

use crate::check::Check;
use crate::query_file::{Query, QueryFile};
use crate::shipped::Shipped;

/// A query that PostgreSQL has taken.
pub(crate) struct Prepared {
    /// Which file, and which query in it.
    pub(crate) file: usize,
    query: usize,
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

/// Prepares every sound query of `files`; what PostgreSQL refuses goes to `problems`.
///
/// # Errors
/// Only if the connection fails.
pub(crate) async fn prepare_queries(
    client: &Client,
    files: &[QueryFile],
    mapped_types: &BTreeMap<String, String>,
    problems: &mut Vec<SourceError>,
) -> Result<Vec<Prepared>, tokio_postgres::Error> {
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
    let mut prepared = Vec::new();
    for ((file_number, query_number, shipped), answer) in sound.into_iter().zip(answers) {
        let file = &files[file_number];
        let query = &file.queries[query_number];
        match answer {
            Ok(statement) => {
                Check {
                    file,
                    query,
                    statement: &statement,
                    mapped_types,
                    problems,
                }
                .run();
                prepared.push(Prepared {
                    file: file_number,
                    query: query_number,
                    shipped,
                    statement,
                });
            }
            Err(error) => match error.as_db_error() {
                Some(refusal) => problems.push(refused(file, query, &shipped, refusal)),
                None => return Err(error),
            },
        }
    }
    Ok(prepared)
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
        _ => untyped_parameter(file, query, error)
            .unwrap_or_else(|| query.line.name.range.clone()),
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
