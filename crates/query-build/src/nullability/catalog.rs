//! What PostgreSQL's catalog says of the tables and functions that parse trees name by their numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

/// What the trees need to know.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    tables: HashMap<i64, Table>,
    functions: HashMap<i64, Function>,
}

/// A table: its name, and its columns by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: BTreeMap<i64, Column>,
    /// Whether a row that is written may be another one than the statement says: by a trigger, a rule, or those of the
    /// tables below it.
    pub(crate) changes_rows: bool,
}

/// A column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// Whether it is declared not null, and no row is null.
    pub(crate) is_not_null: bool,
    /// Whether it is declared not null: of the rows that are there, one may be null nevertheless.
    pub(crate) refuses_null: bool,
    /// Whether an insert that leaves it out gives it a value of its own.
    pub(crate) has_default: bool,
}

/// A function, and the operators that it stands behind.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Whether it is one of PostgreSQL's own.
    pub(crate) is_built_in: bool,
    /// Whether it is null if an argument is.
    pub(crate) is_strict: bool,
    /// The types of its arguments: `text, integer`.
    pub(crate) arguments: String,
    pub(crate) operators: Vec<String>,
}

/// A column is not null in all rows only if the constraint has been validated, which PostgreSQL 18 can leave out.
const COLUMNS: &str = "
select a.attrelid::int8, c.relname::text, a.attnum::int8, a.attname::text,
       a.attnotnull and not exists (
           select from pg_catalog.pg_constraint as n
            where n.conrelid = a.attrelid and n.contype = 'n' and not n.convalidated and a.attnum = any(n.conkey)),
       a.attnotnull or y.typnotnull,
       a.atthasdef or a.attidentity <> '' or a.attgenerated <> '' or y.typdefault is not null,
       c.relhasrules or c.relhassubclass or exists (
           select from pg_catalog.pg_trigger as t
            where t.tgrelid = a.attrelid and t.tgtype & 3 = 3 and not t.tgisinternal)
  from pg_catalog.pg_attribute as a
  join pg_catalog.pg_class as c on c.oid = a.attrelid
  join pg_catalog.pg_type as y on y.oid = a.atttypid
 where a.attrelid = any($1) and a.attnum > 0 and not a.attisdropped";

const FUNCTIONS: &str = "
select p.oid::int8, p.proname::text, p.pronamespace = 'pg_catalog'::regnamespace, p.proisstrict,
       pg_catalog.oidvectortypes(p.proargtypes),
       array(select o.oprname::text from pg_catalog.pg_operator as o where o.oprcode = p.oid)
  from pg_catalog.pg_proc as p
 where p.oid = any($1)";

impl Catalog {
    /// Reads what `trees` name.
    ///
    /// # Errors
    /// Only if the connection fails.
    pub(crate) async fn read(
        client: &Client,
        trees: &[String],
    ) -> Result<Self, tokio_postgres::Error> {
        let mut catalog = Self::default();
        let tables = numbers_after(trees, &[":relid "]);
        let functions = numbers_after(
            trees,
            &[":opfuncid ", ":funcid ", ":aggfnoid ", ":winfnoid "],
        );
        let columns = client
            .query_typed(COLUMNS, &[(&tables, Type::OID_ARRAY)])
            .await?;
        let functions = client
            .query_typed(FUNCTIONS, &[(&functions, Type::OID_ARRAY)])
            .await?;
        for row in columns {
            let table = catalog.tables.entry(row.try_get(0)?).or_default();
            table.name = row.try_get(1)?;
            table.changes_rows = row.try_get(7)?;
            table.columns.insert(row.try_get(2)?, column(&row)?);
        }
        for row in functions {
            let function = Function {
                name: row.try_get(1)?,
                is_built_in: row.try_get(2)?,
                is_strict: row.try_get(3)?,
                arguments: row.try_get(4)?,
                operators: row.try_get(5)?,
            };
            catalog.functions.insert(row.try_get(0)?, function);
        }
        Ok(catalog)
    }

    pub(crate) fn function(&self, number: Option<i64>) -> Option<&Function> {
        self.functions.get(&number?)
    }

    /// The table, and one of its columns.
    pub(crate) fn column(&self, table: i64, column: i64) -> Option<(&Table, &Column)> {
        let table = self.tables.get(&table)?;
        Some((table, table.columns.get(&column)?))
    }

    pub(crate) fn table(&self, table: i64) -> Option<&Table> {
        self.tables.get(&table)
    }
}

fn column(row: &Row) -> Result<Column, tokio_postgres::Error> {
    Ok(Column {
        name: row.try_get(3)?,
        is_not_null: row.try_get(4)?,
        refuses_null: row.try_get(5)?,
        has_default: row.try_get(6)?,
    })
}

/// The numbers that stand behind some words in the texts.
fn numbers_after(texts: &[String], words: &[&str]) -> Vec<u32> {
    let mut numbers = BTreeSet::new();
    for text in texts {
        for word in words {
            for (at, _) in text.match_indices(word) {
                let digits = &text[at + word.len()..];
                let end = digits.find(|c: char| !c.is_ascii_digit());
                let digits = &digits[..end.unwrap_or(digits.len())];
                numbers.extend(digits.parse::<u32>());
            }
        }
    }
    numbers.into_iter().collect()
}
