//! Reading a snapshot: two queries, in which PostgreSQL does the work.

use std::collections::{BTreeMap, HashMap};

use futures_util::FutureExt;
use serde_json::Value;
use tokio_postgres::{Client, Row, Statement};

use super::canonical::{self, canonical};
use super::{Catalog, Class, Facts, Key, Scope, Ties, privileges};

pub(super) const QUERY: &str = include_str!("queries.sql");
const DEPENDENCIES: &str = include_str!("dependencies.sql");

/// How `pg_depend` knows an object: catalog, object, and the number of a column.
type Address = (u32, u32, i32);

impl Catalog {
    /// Reads what the database has, without privileges and owners. It changes nothing, also no setting of the session, whether its end is waited for
    /// or not; it may be inside a transaction.
    ///
    /// # Errors
    ///
    /// If PostgreSQL cannot be asked.
    pub async fn read(client: &Client) -> Result<Self, tokio_postgres::Error> {
        Self::read_with(client, &Scope::default()).await
    }

    /// Reads as much of what the database has as is asked for; else like [`Catalog::read`].
    ///
    /// # Errors
    ///
    /// If PostgreSQL cannot be asked.
    pub async fn read_with(client: &Client, scope: &Scope) -> Result<Self, tokio_postgres::Error> {
        Reader::prepare(client).await?.read(client, scope).await
    }

    fn of_rows(
        rows: &[Row],
        dependencies: &[Row],
        scope: &Scope,
    ) -> Result<Self, tokio_postgres::Error> {
        let objects = rows.iter().map(object).collect::<Result<_, _>>()?;
        let ties = ties(rows, dependencies)?;
        Ok(Self {
            objects,
            ties,
            scope: scope.clone(),
        })
    }
}

/// The two queries, prepared on one connection: who reads more than once has them planned once.
#[derive(Clone)]
pub struct Reader {
    objects: Statement,
    dependencies: Statement,
}

impl Reader {
    /// Prepares the queries on a connection.
    ///
    /// # Errors
    ///
    /// If PostgreSQL cannot be asked.
    pub async fn prepare(client: &Client) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            objects: client.prepare(QUERY).await?,
            dependencies: client.prepare(DEPENDENCIES).await?,
        })
    }

    /// Reads like [`Catalog::read_with`], on the connection that they were prepared on.
    ///
    /// # Errors
    ///
    /// If PostgreSQL cannot be asked.
    pub async fn read(
        &self,
        client: &Client,
        scope: &Scope,
    ) -> Result<Catalog, tokio_postgres::Error> {
        let path = EmptyPath::begin(client).await?;
        let rows = client.query(&self.objects, &[]).await;
        // In a transaction that has failed it cannot be put back, and need not: the rollback does.
        let put_back = path.end().await;
        let rows = rows?;
        put_back?;
        let dependencies = client.query(&self.dependencies, &[]).await?;
        let mut catalog = Catalog::of_rows(&rows, &dependencies, scope)?;
        if scope.privileges {
            let address = |row: &Row| Ok(((row.try_get(3)?, row.try_get(4)?), row.try_get(5)?));
            let mut known = HashMap::new();
            for row in &rows {
                let (address, part): (_, i32) = address(row)?;
                if part == 0 {
                    known.insert(address, key(row)?);
                }
            }
            privileges::add(&mut catalog, &known, client, scope).await?;
        }
        Ok(catalog)
    }
}

/// A session whose search path is empty, so that whatever PostgreSQL writes has its schema.
pub(super) struct EmptyPath<'c> {
    client: &'c Client,
    /// What puts it back, until it is.
    put_back: Option<String>,
}

impl<'c> EmptyPath<'c> {
    pub(super) async fn begin(client: &'c Client) -> Result<Self, tokio_postgres::Error> {
        let before = "select quote_literal(current_setting('search_path'))";
        let before: String = client.query_one(before, &[]).await?.try_get(0)?;
        let path = Self {
            client,
            put_back: Some(format!("select set_config('search_path', {before}, false)")),
        };
        let empty = "select set_config('search_path', '', false)";
        client.batch_execute(empty).await?;
        Ok(path)
    }

    pub(super) async fn end(mut self) -> Result<(), tokio_postgres::Error> {
        match self.put_back.take() {
            Some(put_back) => self.client.batch_execute(&put_back).await,
            None => Ok(()),
        }
    }
}

impl Drop for EmptyPath<'_> {
    /// Whoever is gone in the middle puts it back too. The request is on its way once it is polled; nobody waits for
    /// the answer.
    fn drop(&mut self) {
        if let Some(put_back) = &self.put_back {
            let _ = self.client.batch_execute(put_back).now_or_never();
        }
    }
}

pub(super) fn object(row: &Row) -> Result<(Key, Facts), tokio_postgres::Error> {
    let mut facts: BTreeMap<String, Value> = match row.try_get(2)? {
        Value::Object(facts) => facts.into_iter().collect(),
        _ => BTreeMap::new(),
    };
    let comment: Option<String> = row.try_get("comment")?;
    facts.extend(comment.map(|comment| ("comment".to_owned(), Value::String(comment))));
    let key = key(row)?;
    let facts = facts.into_iter().filter_map(|(name, value)| {
        let text = text(value)?;
        let text = match is_expression(key.class, &name) {
            true => canonical(&text),
            false => text,
        };
        let text = match (key.class, name.as_str()) {
            (Class::Statistics, "definition") => canonical::statistics(&text),
            _ => text,
        };
        Some((name, text))
    });
    let facts = facts.collect();
    Ok((key, facts))
}

/// Whether PostgreSQL wrote an expression, or a definition with expressions in it, other than what a person wrote.
fn is_expression(class: Class, fact: &str) -> bool {
    let is_source = matches!(class, Class::Function | Class::Procedure | Class::Aggregate);
    let names = [
        "definition",
        "default",
        "generated",
        "using",
        "with check",
        "tables",
    ];
    !is_source && names.contains(&fact)
}

fn key(row: &Row) -> Result<Key, tokio_postgres::Error> {
    let class: String = row.try_get(0)?;
    // The names of the query are those of the classes: a test reads each of them.
    let class = serde_json::from_value(Value::String(class)).unwrap_or(Class::Schema);
    let name = row.try_get(1)?;
    Ok(Key { class, name })
}

/// A fact as text; nothing if it says nothing.
fn text(value: Value) -> Option<String> {
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::Bool(true) => Some("yes".to_owned()),
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// What each object needs.
fn ties(rows: &[Row], dependencies: &[Row]) -> Result<BTreeMap<Key, Ties>, tokio_postgres::Error> {
    let mut known: HashMap<Address, Key> = HashMap::new();
    let mut ties: BTreeMap<Key, Ties> = BTreeMap::new();
    for row in rows {
        let (key, part): (Key, i32) = (key(row)?, row.try_get(5)?);
        if part > 0 {
            ties.entry(key.clone()).or_default().position = part;
        }
        known.insert((row.try_get(3)?, row.try_get(4)?, part), key);
    }
    let mut same: HashMap<Address, Address> = HashMap::new();
    let mut needs: Vec<(Address, Address)> = Vec::new();
    for row in dependencies {
        let one = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let other = (row.try_get(4)?, row.try_get(5)?, row.try_get(6)?);
        match row.try_get(0)? {
            "same" => drop(same.insert(one, other)),
            kind @ ("granted" | "owned") => {
                if let Some(key) = known.get(&one) {
                    let ties = ties.entry(key.clone()).or_default();
                    ties.has_grants |= kind == "granted";
                    ties.has_other_owner |= kind == "owned";
                }
            }
            _ => needs.push((one, other)),
        }
    }
    let mut add = |one: &Key, other: &Key, of_default: bool| {
        if one != other {
            let ties = ties.entry(one.clone()).or_default();
            let needs = match of_default {
                true => &mut ties.default_needs,
                false => &mut ties.needs,
            };
            needs.insert(other.clone());
        }
    };
    for (address, key) in &known {
        // A column needs its table.
        if let (1.., Some(whole)) = (address.2, known.get(&(address.0, address.1, 0))) {
            add(key, whole, false);
        }
    }
    for (one, other) in needs {
        // What another name leads to, and is a column, is the default of that column.
        let leads_to_column = same.get(&one).is_some_and(|address| address.2 > 0);
        if let (Some(one), Some(other)) = (find(one, &known, &same), find(other, &known, &same)) {
            add(one, other, leads_to_column && one.class == Class::Column);
        }
    }
    Ok(ties)
}

/// The object at an address, or the one that it is a part of.
fn find<'a>(
    mut address: Address,
    known: &'a HashMap<Address, Key>,
    same: &HashMap<Address, Address>,
) -> Option<&'a Key> {
    // The array of the row type of a table is three steps away from the table.
    for _ in 0..4 {
        if let Some(key) = known.get(&address) {
            return Some(key);
        }
        address = match same.get(&address) {
            Some(&next) => next,
            None if address.2 > 0 => (address.0, address.1, 0),
            None => return None,
        };
    }
    known.get(&address)
}
