//! What build.rs declares, held against the database: small tables and mapped types that are not there.

use std::collections::BTreeMap;

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use revisions::{Location, SourceError};

/// What build.rs declares, and its text, for messages.
#[derive(Clone, Copy)]
pub(crate) struct Declared<'a> {
    /// The tables that do not grow, and why.
    pub(crate) small_tables: &'a BTreeMap<String, String>,
    /// The Rust types of types of PostgreSQL.
    pub(crate) mapped_types: &'a BTreeMap<String, String>,
    /// What messages call build.rs.
    pub(crate) name: &'a str,
    /// The text of build.rs; empty if it cannot be read.
    pub(crate) script: &'a str,
}

const UNKNOWN_TABLES: &str = "
    select name from unnest($1) as given (name) where not exists (
        select from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p', 'm') and name in (c.relname, n.nspname || '.' || c.relname))";

const UNKNOWN_TYPES: &str = "
    select name from unnest($1) as given (name) where not exists (
        select from pg_catalog.pg_type as t join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
         where name = n.nspname || '.' || t.typname)";

impl Declared<'_> {
    /// The small tables and the mapped types that there are not.
    ///
    /// # Errors
    /// Only if the connection fails.
    pub(crate) async fn unknown(
        &self,
        client: &Client,
    ) -> Result<Vec<SourceError>, tokio_postgres::Error> {
        let mut problems = Vec::new();
        for name in missing(client, UNKNOWN_TABLES, self.small_tables).await? {
            let what = format!("there is no table `{name}`, which is declared to be small");
            let remedy = "correct its name in `.small_table(…)`, or take it out";
            problems.push(self.problem(&name, what, remedy));
        }
        for name in missing(client, UNKNOWN_TYPES, self.mapped_types).await? {
            let what = format!("there is no type `{name}`, which is mapped to one of Rust");
            let remedy = "correct its name in `.map_type(…)`, schema first as in `pg_catalog.timestamptz`, or take it out";
            problems.push(self.problem(&name, what, remedy));
        }
        Ok(problems)
    }

    /// A problem of a name in build.rs, where it stands as a literal; else of the file.
    fn problem(&self, name: &str, what: String, remedy: &str) -> SourceError {
        let literal = format!("\"{name}\"");
        let problem = match self.script.find(&literal) {
            Some(start) => {
                let range = start..start + literal.len();
                SourceError::at(self.name, Location::of_range(self.script, range), what)
            }
            None => SourceError::of_file(self.name, what),
        };
        problem.remedy(remedy)
    }
}

/// The keys that `unknown` gives back.
async fn missing(
    client: &Client,
    unknown: &str,
    declared: &BTreeMap<String, String>,
) -> Result<Vec<String>, tokio_postgres::Error> {
    let names: Vec<&str> = declared.keys().map(String::as_str).collect();
    let rows = client
        .query_typed(unknown, &[(&names, Type::TEXT_ARRAY)])
        .await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}
