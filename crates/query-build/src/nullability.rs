//! Which columns of a result may be null, and whether the annotations say so.
//!
//! PostgreSQL keeps the parse tree of a function that is written in SQL. Each query is made one for a moment, and its tree
//! read: names, types, joins and functions are then resolved, by PostgreSQL itself. What follows from the tree is proved
//! in `nullability/prove.rs`; what is done about it, in `nullability/judge.rs`.

mod catalog;
mod functions;
mod judge;
pub(crate) mod node;
pub(crate) mod place;
mod prove;
mod scope;
mod table;
mod writes;

use std::cell::RefCell;
use std::ops::Range;

use futures_util::future::join_all;
use tokio_postgres::error::DbError;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, SimpleQueryMessage};

use crate::annotation::Name;
use crate::prepare::Prepared;
use crate::query_file::{Query, QueryFile};
use crate::source::Source;
use catalog::Catalog;
pub(crate) use judge::judge;
use node::{Node, Value};
use prove::{Parameter, Prover, Why};
use scope::Scope;
pub(crate) use writes::{Change, Given, Write};

/// What is known of the columns of a query.
#[derive(Debug, Default)]
pub(crate) struct Traced {
    /// For each column why it may be null, or nothing if it never is.
    pub(crate) columns: Vec<Option<Why>>,
    /// For each column its place in the file, where it is known.
    pub(crate) places: Vec<Range<usize>>,
    /// What it writes.
    pub(crate) writes: Vec<Write>,
}

/// Traces all queries, in the order of `prepared`, by their trees: see [`trees`].
///
/// # Errors
/// Only if the connection fails.
pub(crate) async fn trace(
    client: &Client,
    files: &[QueryFile],
    prepared: &[Prepared],
    trees: &[String],
) -> Result<Vec<Traced>, Error> {
    let catalog = Catalog::read(client, trees).await?;
    let all = prepared.iter().zip(trees);
    Ok(all
        .map(|(query, text)| traced(files, query, text, &catalog))
        .collect())
}

/// The parse trees of the queries as text; empty where PostgreSQL makes none, as for `listen`.
///
/// # Errors
/// Only if the connection fails.
pub(crate) async fn trees(client: &Client, prepared: &[Prepared]) -> Result<Vec<String>, Error> {
    let asked = prepared.iter().enumerate();
    let trees = join_all(asked.map(|(number, query)| tree(client, number, query))).await;
    trees.into_iter().collect()
}

/// The beginning of the statement that makes a function of a query.
pub(crate) fn head(number: usize, query: &Prepared) -> String {
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

async fn tree(client: &Client, number: usize, query: &Prepared) -> Result<String, Error> {
    let create = format!("{}{}\n; end", head(number, query), query.shipped.sql);
    Ok(tree_of(client, number, &create).await?.unwrap_or_default())
}

/// What PostgreSQL keeps of the function that `create` makes, by the name that [`head`] gives it; or why it makes none.
pub(crate) async fn tree_of(
    client: &Client,
    number: usize,
    create: &str,
) -> Result<Result<String, DbError>, Error> {
    // One message is one transaction: a function that is refused leaves nothing behind.
    let name = format!("pg_temp.query_build_{number}");
    let ask = format!(
        "{create}; select prosqlbody::pg_catalog.text from pg_catalog.pg_proc \
         where oid = '{name}'::pg_catalog.regproc; drop function {name}"
    );
    let messages = match client.simple_query(&ask).await {
        Ok(messages) => messages,
        Err(error) => {
            return match error.as_db_error() {
                Some(refusal) => Ok(Err(refusal.clone())),
                None => Err(error),
            };
        }
    };
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(Ok(row.unwrap_or_default().to_owned()))
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
            writes: Vec::new(),
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
    Traced {
        columns,
        places,
        writes: prover.writes(&scope),
    }
}

fn first_node<'a, 't>(value: &'a Value<'t>) -> Option<&'a Node<'t>> {
    match value {
        Value::Node(node) => Some(node),
        Value::List(values) => values.iter().find_map(first_node),
        _ => None,
    }
}

/// Whether a column of the result is marked as one that may be null.
pub(crate) fn is_marked(file: &QueryFile, query: &Query, column: &str) -> bool {
    let mut fields = file.fields_of(&query.line.row).iter();
    let field = fields.find(|field| field.text == column);
    field.is_some_and(|field| Mark::of(&file.source, field).may_be_null)
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
