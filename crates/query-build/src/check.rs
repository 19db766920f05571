//! What PostgreSQL says of a query that it has taken: can Rust take what it gives, and do the annotations fit it.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use tokio_postgres::Statement;
use tokio_postgres::types::{Kind, Type};

use revisions::SourceError;

use crate::nullability::place;
use crate::prepare::Prepared;
use crate::query_file::{Query, QueryFile};

/// Checks all queries; what is wrong goes to `problems`.
pub(crate) fn check(
    files: &[QueryFile],
    prepared: &[Prepared],
    mapped_types: &BTreeMap<String, String>,
    problems: &mut Vec<SourceError>,
) {
    for prepared in prepared {
        let (file, query) = prepared.of(files);
        Check {
            file,
            query,
            statement: &prepared.statement,
            mapped_types,
            problems,
        }
        .run();
    }
}

/// The check of one query.
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

    fn refuse(&mut self, range: Range<usize>, what: String, remedy: String) {
        self.problems
            .push(self.file.source.problem(range, what).remedy(remedy));
    }

    /// Where each column of the result stands; at the name of the query where that is not known.
    fn places(&self) -> Vec<Range<usize>> {
        let count = self.statement.columns().len();
        let places = place::columns(&self.file.source, self.query, count);
        match places.is_empty() {
            true => vec![self.query.line.name.range.clone(); count],
            false => places,
        }
    }

    fn column_names(&mut self) {
        let mut seen = HashSet::new();
        let columns = self.statement.columns();
        for (column, place) in columns.iter().zip(self.places()) {
            let name = column.name();
            if !seen.insert(name) {
                self.refuse(
                    place,
                    format!("two columns of the result are called `{name}`"),
                    "give one of them another name: `… as other_name`".to_owned(),
                );
            } else if name == "?column?" && columns.len() > 1 {
                self.refuse(
                    place,
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
        for (column, place) in self.statement.columns().iter().zip(self.places()) {
            let Some(unknown) = self.unknown_type(column.type_()) else {
                continue;
            };
            let (name, r#type) = (column.name(), qualified(unknown));
            self.refuse(
                place,
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
            let place = self.query.place_of(&self.file.source, name);
            let place = place.unwrap_or_else(|| self.query.line.name.range.clone());
            if let Some(unknown) = self.unknown_type(parameter) {
                let r#type = qualified(unknown);
                self.refuse(
                    place,
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
                    place,
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
