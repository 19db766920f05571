//! Asks PostgreSQL about every query: does it fit the schema, and can Rust take what it gives.
//!
//! Every query is asked about, also after one was refused: a build reports all that is wrong.

use std::collections::{BTreeMap, HashSet};

use futures_util::future::join_all;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Client, Statement};

use revisions::{Location, SourceError};

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
pub(crate) async fn check_queries(
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
        _ => query.line.name.range.clone(),
    };
    let name = &query.line.name.text;
    let mut problem = SourceError::from_database(&file.source.name, &shipped.sql, 0, error)
        .note("query", format!("`{name}`"));
    problem.location = Some(Location::of_byte(&file.source.text, range.start));
    match remedy(error.code()) {
        Some(remedy) => problem.remedy(remedy),
        None => problem,
    }
}

fn remedy(code: &SqlState) -> Option<&'static str> {
    let missing = [
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_COLUMN,
        SqlState::UNDEFINED_FUNCTION,
        SqlState::UNDEFINED_OBJECT,
        SqlState::INVALID_SCHEMA_NAME,
    ];
    if missing.contains(code) {
        return Some(
            "correct the query, or add a migration: the schema is what the migrations make it",
        );
    }
    let untyped = [
        SqlState::INDETERMINATE_DATATYPE,
        SqlState::AMBIGUOUS_FUNCTION,
    ];
    if untyped.contains(code) {
        return Some("give the parameter a type: `:name::bigint`");
    }
    None
}

struct Check<'a> {
    file: &'a QueryFile,
    query: &'a Query,
    statement: &'a Statement,
    mapped_types: &'a BTreeMap<String, String>,
    problems: &'a mut Vec<SourceError>,
}

impl Check<'_> {
    fn run(&mut self) {
        self.column_names();
        self.nullable_columns();
        self.column_types();
        self.parameter_types();
    }

    /// A problem of the query as a whole, shown at its name.
    fn refuse(&mut self, what: String, remedy: String) {
        let range = self.query.line.name.range.clone();
        self.problems
            .push(self.file.source.problem(range, what).remedy(remedy));
    }

    fn column_names(&mut self) {
        let mut seen = HashSet::new();
        let columns = self.statement.columns();
        for column in columns {
            let name = column.name();
            if !seen.insert(name) {
                self.refuse(
                    format!("two columns of the result are called `{name}`"),
                    "give one of them another name: `… as other_name`".to_owned(),
                );
            } else if name == "?column?" && columns.len() > 1 {
                self.refuse(
                    "a column of the result has no name".to_owned(),
                    "give it one: `… as name`".to_owned(),
                );
            }
        }
    }

    fn nullable_columns(&mut self) {
        let row = &self.query.line.row;
        let columns = self.statement.columns();
        if columns.is_empty() {
            let mark = row.name.as_ref().or(row.fields.iter().flatten().next());
            if let Some(mark) = mark {
                let what = "the query returns no rows, so it has no row to name";
                let problem = self.file.source.problem(mark.range.clone(), what);
                let remedy = "take `: …` out of the line, or add `returning …` to the SQL";
                self.problems.push(problem.remedy(remedy));
            }
            return;
        }
        for field in self.file.fields_of(row) {
            if columns.iter().all(|column| column.name() != field.text) {
                let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
                let what = format!("the result has no column `{}`", field.text);
                self.problems.push(
                    self.file
                        .source
                        .problem(field.range.clone(), what)
                        .remedy(format!("its columns are: {}", names.join(", "))),
                );
            }
        }
    }

    fn column_types(&mut self) {
        for column in self.statement.columns() {
            let Some(unknown) = self.unknown_type(column.type_()) else {
                continue;
            };
            let (name, r#type) = (column.name(), qualified(unknown));
            self.refuse(
                format!("the column `{name}` has the type {type}, which has no Rust type here"),
                match unknown.name() {
                    "void" => "cast the result: `….::text`".to_owned(),
                    "interval" => {
                        "return a number: `extract(epoch from …)::bigint`, or text: `…::text`"
                            .to_owned()
                    }
                    _ => format!(
                        "cast it to a type that has one (`…::text`), or map it in build.rs: \
                         `.map_type(\"{type}\", \"the::RustType\")`"
                    ),
                },
            );
        }
    }

    fn parameter_types(&mut self) {
        let names = self.query.parameters(&self.file.source);
        let returns_rows = !self.statement.columns().is_empty();
        for (name, parameter) in names.iter().zip(self.statement.params()) {
            if let Some(unknown) = self.unknown_type(parameter) {
                let r#type = qualified(unknown);
                self.refuse(
                    format!("the parameter `{name}` has the type {type}, which has no Rust type here"),
                    match unknown.name() {
                        "interval" => format!(
                            "pass a number and make it an interval: `make_interval(secs => :{name})`"
                        ),
                        _ => format!(
                            "cast it (`:{name}::text::{type}`), or map the type in build.rs: \
                             `.map_type(\"{type}\", \"the::RustType\")`"
                        ),
                    },
                );
            } else if let (Kind::Domain(base), true) = (element(parameter).kind(), returns_rows) {
                let array = if matches!(parameter.kind(), Kind::Array(_)) {
                    "[]"
                } else {
                    ""
                };
                self.refuse(
                    format!(
                        "the parameter `{name}` has the domain type {}, which is refused when the query runs",
                        qualified(element(parameter))
                    ),
                    format!("cast it to the type below the domain: `:{name}::{}{array}`", base.name()),
                );
            }
        }
    }

    /// The part of `type` that neither cornucopia nor a mapping has a Rust type for.
    fn unknown_type<'t>(&self, r#type: &'t Type) -> Option<&'t Type> {
        if self.mapped_types.contains_key(&qualified(r#type)) {
            return None;
        }
        match r#type.kind() {
            Kind::Enum(_) => None,
            Kind::Array(inner) | Kind::Domain(inner) => self.unknown_type(inner),
            Kind::Composite(fields) => fields
                .iter()
                .find_map(|field| self.unknown_type(field.type_())),
            Kind::Simple if is_known(r#type) => None,
            _ => Some(r#type),
        }
    }
}

/// The types that cornucopia 1.0 has a Rust type for (its `type_registrar.rs`).
fn is_known(r#type: &Type) -> bool {
    let known = [
        Type::BOOL,
        Type::CHAR,
        Type::INT2,
        Type::INT4,
        Type::INT8,
        Type::FLOAT4,
        Type::FLOAT8,
        Type::TEXT,
        Type::VARCHAR,
        Type::BPCHAR,
        Type::NAME,
        Type::BYTEA,
        Type::TIMESTAMP,
        Type::TIMESTAMPTZ,
        Type::DATE,
        Type::TIME,
        Type::JSON,
        Type::JSONB,
        Type::UUID,
        Type::INET,
        Type::MACADDR,
        Type::NUMERIC,
    ];
    let by_name = ["citext", "ltree", "lquery", "ltxtquery"];
    known.contains(r#type) || by_name.contains(&r#type.name())
}

fn element(r#type: &Type) -> &Type {
    match r#type.kind() {
        Kind::Array(inner) => inner,
        _ => r#type,
    }
}

/// `schema.name`, the way `map_type` takes it.
fn qualified(r#type: &Type) -> String {
    format!("{}.{}", r#type.schema(), r#type.name())
}
