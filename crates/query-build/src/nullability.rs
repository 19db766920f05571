//! Which columns of a result may be null, and whether the annotations say so.
//!
//! PostgreSQL keeps the parse tree of a function that is written in SQL. Each query is made one for a moment, and its tree
//! read: names, types, joins and functions are then resolved, by PostgreSQL itself. What follows from the tree is in
//! `nullability/prove.rs`; what is done about it is here.

mod catalog;
mod functions;
mod node;
mod place;
mod prove;
mod scope;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use futures_util::future::join_all;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage};

use revisions::SourceError;

use crate::annotation::Name;
use crate::check::Prepared;
use crate::query_file::{Query, QueryFile};
use crate::source::Source;
use crate::waiver::Rule;
use catalog::Catalog;
use node::{Node, Value};
use prove::{Parameter, Prover, Why};
use scope::Scope;

/// What is known of the columns of a query.
#[derive(Debug, Default)]
pub(crate) struct Traced {
    /// For each column why it may be null, or nothing if it never is.
    pub(crate) columns: Vec<Option<Why>>,
    /// For each column its place in the file, where it is known.
    places: Vec<Range<usize>>,
}

/// Traces the columns of all queries, in the order of `prepared`.
///
/// # Errors
/// Only if the connection fails.
pub(crate) async fn trace(
    client: &Client,
    files: &[QueryFile],
    prepared: &[Prepared],
) -> Result<Vec<Traced>, tokio_postgres::Error> {
    let heads: Vec<String> = prepared
        .iter()
        .enumerate()
        .map(|(number, query)| head(number, query))
        .collect();
    let asked = prepared.iter().zip(&heads).enumerate();
    let trees =
        join_all(asked.map(|(number, (query, head))| tree(client, number, query, head))).await;
    let trees = trees.into_iter().collect::<Result<Vec<String>, _>>()?;
    let catalog = Catalog::read(client, &trees).await?;
    let all = prepared.iter().zip(&trees);
    Ok(all
        .map(|(query, text)| traced(files, query, text, &catalog))
        .collect())
}

/// The beginning of the statement that makes a function of a query.
fn head(number: usize, query: &Prepared) -> String {
    let types = query.statement.params().iter().map(quoted);
    let types: Vec<String> = types.collect();
    format!(
        "create function pg_temp.query_build_{number}({}) returns void begin atomic ",
        types.join(", ")
    )
}

fn quoted(r#type: &Type) -> String {
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    format!("{}.{}", quote(r#type.schema()), quote(r#type.name()))
}

/// The parse tree as text; empty where PostgreSQL makes none, as for `listen`.
async fn tree(
    client: &Client,
    number: usize,
    query: &Prepared,
    head: &str,
) -> Result<String, tokio_postgres::Error> {
    if query.statement.columns().is_empty() {
        return Ok(String::new());
    }
    // One message is one transaction: a function that is refused leaves nothing behind.
    let name = format!("pg_temp.query_build_{number}");
    let ask = format!(
        "{head}{}\n; end; \
         select prosqlbody::pg_catalog.text from pg_catalog.pg_proc where oid = '{name}'::pg_catalog.regproc; \
         drop function {name}",
        query.shipped.sql
    );
    match client.simple_query(&ask).await {
        Ok(messages) => {
            let row = messages.iter().find_map(|message| match message {
                SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            });
            Ok(row.unwrap_or_default().to_owned())
        }
        Err(error) if error.as_db_error().is_some() => Ok(String::new()),
        Err(error) => Err(error),
    }
}

fn traced(files: &[QueryFile], prepared: &Prepared, text: &str, catalog: &Catalog) -> Traced {
    let (file, query) = prepared.of(files);
    let count = prepared.statement.columns().len();
    let places = place::columns(&file.source, query, count);
    let parsed = node::parse(text);
    let Some(tree) = parsed.as_ref().and_then(first_node) else {
        let why = || Some("PostgreSQL does not say what it is made of".to_owned());
        return Traced {
            columns: (0..count).map(|_| why()).collect(),
            places,
        };
    };
    let parameters = parameters(file, query);
    let prover = Prover {
        catalog,
        parameters: &parameters,
        under_proof: RefCell::default(),
    };
    let scope = Scope::new(tree, None, catalog);
    let numbers = 1..=i64::try_from(count).unwrap_or(0);
    let columns = numbers
        .map(|number| prover.column(&scope, number).err())
        .collect();
    Traced { columns, places }
}

fn first_node<'a, 't>(value: &'a Value<'t>) -> Option<&'a Node<'t>> {
    match value {
        Value::Node(node) => Some(node),
        Value::List(values) => values.iter().find_map(first_node),
        _ => None,
    }
}

/// The parameters of a query, in the order of their numbers.
fn parameters(file: &QueryFile, query: &Query) -> Vec<Parameter> {
    let fields = file.fields_of(&query.line.params);
    let names = query.parameters(&file.source).into_iter();
    let mark = |name: &str| {
        let field = fields.iter().find(|field| field.text == name);
        field
            .map(|field| Mark::of(&file.source, field))
            .unwrap_or_default()
    };
    names
        .map(|name| Parameter {
            name: name.to_owned(),
            may_be_null: mark(name).may_be_null,
            elements_may_be_null: mark(name).elements_may_be_null,
        })
        .collect()
}

/// What the marks behind a name say.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    may_be_null: bool,
    elements_may_be_null: bool,
}

impl Mark {
    fn of(source: &Source, field: &Name) -> Self {
        let rest = source.text[field.range.end..].trim_start_matches('"');
        let unmarked = rest.strip_prefix('?');
        Self {
            may_be_null: unmarked.is_some(),
            elements_may_be_null: unmarked.unwrap_or(rest).starts_with("[?]"),
        }
    }
}

/// Compares what was traced with what is marked. What is refused goes to `problems`, the rest to `warnings`.
pub(crate) fn judge(
    files: &[QueryFile],
    prepared: &[Prepared],
    traced: &[Traced],
    problems: &mut Vec<SourceError>,
    warnings: &mut Vec<SourceError>,
) {
    // A row that several queries return: a mark is needed if any of them needs it.
    let mut marks: BTreeMap<(usize, usize), MarkInUse> = BTreeMap::new();
    for (prepared, traced) in prepared.iter().zip(traced) {
        let (file, query) = prepared.of(files);
        let fields = file.fields_of(&query.line.row);
        for (index, column) in prepared.statement.columns().iter().enumerate() {
            let field = fields.iter().find(|field| field.text == column.name());
            let field = field.filter(|field| Mark::of(&file.source, field).may_be_null);
            let why = traced.columns.get(index).and_then(Option::as_ref);
            let is_waived = is_waived(query, column.name());
            match (field, why) {
                (None, Some(why)) if !is_waived => {
                    let place = traced.places.get(index).cloned();
                    problems.push(unmarked(file, query, column.name(), why, place));
                }
                (Some(field), _) => {
                    let mark =
                        marks
                            .entry((prepared.file, field.range.start))
                            .or_insert(MarkInUse {
                                field,
                                is_needed: false,
                            });
                    mark.is_needed |= why.is_some() && !is_waived;
                }
                _ => {}
            }
        }
        waivers(file, query, prepared, traced, problems, warnings);
    }
    for ((file, _), mark) in &marks {
        if !mark.is_needed {
            let (source, name) = (&files[*file].source, &mark.field.text);
            let what = format!("the column `{name}` is marked with `?`, and is never null");
            let remedy =
                format!("write `{name}` without the mark: its Rust type is then no `Option`");
            warnings.push(
                source
                    .problem(mark.field.range.clone(), what)
                    .remedy(remedy),
            );
        }
    }
}

/// A `?`, and whether any query needs it.
struct MarkInUse<'a> {
    field: &'a Name,
    is_needed: bool,
}

fn is_waived(query: &Query, column: &str) -> bool {
    let mut waivers = query.waivers.iter();
    waivers.any(|waiver| matches!(&waiver.rule, Rule::NotNull(name) if name.text == column))
}

fn unmarked(
    file: &QueryFile,
    query: &Query,
    column: &str,
    why: &str,
    place: Option<Range<usize>>,
) -> SourceError {
    let place = place.unwrap_or_else(|| query.line.name.range.clone());
    let marked = match (&query.line.row.name, &query.line.row.fields) {
        (Some(name), None) => format!("`{column}?` in the line of `{}`", name.text),
        _ => format!("`: ({column}?)` in the line of `{}`", query.line.name.text),
    };
    file.source
        .problem(place, format!("the column `{column}` may be null, and is not marked with `?`"))
        .note("query", format!("`{}`", query.line.name.text))
        .note("reason", why)
        .remedy(format!(
            "mark it: {marked}; or say under that line why it never is: `--# not-null: {column}: reason`"
        ))
}

/// Waivers of columns that are not there, or that are proved.
fn waivers(
    file: &QueryFile,
    query: &Query,
    prepared: &Prepared,
    traced: &Traced,
    problems: &mut Vec<SourceError>,
    warnings: &mut Vec<SourceError>,
) {
    let columns = prepared.statement.columns();
    for waiver in &query.waivers {
        let Rule::NotNull(name) = &waiver.rule else {
            continue;
        };
        let index = columns.iter().position(|column| column.name() == name.text);
        let Some(index) = index else {
            let what = format!("the result has no column `{}`", name.text);
            let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
            let remedy = format!("its columns are: {}", names.join(", "));
            problems.push(file.source.problem(name.range.clone(), what).remedy(remedy));
            continue;
        };
        if traced.columns[index].is_none() {
            let what = format!(
                "nothing is waived here: that `{}` is never null is proved",
                name.text
            );
            warnings.push(
                file.source
                    .problem(waiver.range.clone(), what)
                    .remedy("take the line out"),
            );
        }
    }
}
