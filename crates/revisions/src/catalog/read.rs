//! Reading a snapshot: one query, in which PostgreSQL does the work.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio_postgres::{Client, Row};

use super::{Catalog, Class, Facts, Key};

const QUERY: &str = include_str!("queries.sql");

impl Catalog {
    /// Reads what the database has. It changes nothing, also no setting of the session; it may be inside a transaction.
    ///
    /// # Errors
    ///
    /// If PostgreSQL cannot be asked.
    pub async fn read(client: &Client) -> Result<Self, tokio_postgres::Error> {
        // With an empty search path, whatever PostgreSQL writes has its schema.
        let before = "select current_setting('search_path'), set_config('search_path', '', false)";
        let before: String = client.query_one(before, &[]).await?.try_get(0)?;
        let rows = client.query(QUERY, &[]).await;
        // In a transaction that has failed it cannot be put back, and need not: the rollback does.
        let put_back = client
            .execute("select set_config('search_path', $1, false)", &[&before])
            .await;
        let rows = rows?;
        put_back?;
        let objects = rows.iter().map(object).collect::<Result<_, _>>()?;
        Ok(Self { objects })
    }
}

fn object(row: &Row) -> Result<(Key, Facts), tokio_postgres::Error> {
    let class: String = row.try_get(0)?;
    let name = row.try_get(1)?;
    let facts: BTreeMap<String, Value> = match row.try_get(2)? {
        Value::Object(facts) => facts.into_iter().collect(),
        _ => BTreeMap::new(),
    };
    // The names of the query are those of the classes: a test reads each of them.
    let class = serde_json::from_value(Value::String(class)).unwrap_or(Class::Schema);
    let facts = facts
        .into_iter()
        .filter_map(|(name, value)| Some((name, text(value)?)));
    Ok((Key { class, name }, facts.collect()))
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
