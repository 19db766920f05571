//! Asks PostgreSQL how it would run a query.

use tokio_postgres::{Client, SimpleQueryMessage};

use super::Plan;
use super::judge::Judge;
use super::tree::Node;
use crate::prepare::Prepared;

/// How often a query is planned at most, each time without the indexes that were read completely before.
const ROUNDS: usize = 8;

/// Asks PostgreSQL for plans.
pub(super) struct Explain<'a> {
    pub(super) client: &'a Client,
    pub(super) judge: Judge<'a>,
}

impl Explain<'_> {
    /// The plan of a query; none if it has none.
    ///
    /// Where tables are empty, an index that is read completely can look as cheap as one that finds. So the query is
    /// planned again without it: what is found at last has no better way.
    pub(super) async fn query(
        &self,
        number: usize,
        query: &Prepared,
    ) -> Result<Option<Plan>, tokio_postgres::Error> {
        if !has_plan(&query.shipped.sql) {
            return Ok(None);
        }
        let name = format!("query_build_{number}");
        let Some(first) = self.once(&name, query, &[]).await? else {
            return Ok(None);
        };
        let mut best = Plan {
            findings: self.judge.findings(&first),
            tree: first,
        };
        let mut hidden: Vec<(String, String)> = Vec::new();
        let mut findings = best.findings.clone();
        for round in 1..ROUNDS {
            let indexes = findings.iter().filter_map(|finding| finding.index.clone());
            let before = hidden.len();
            hidden.extend(indexes);
            if hidden.len() == before {
                break;
            }
            let name = format!("query_build_{number}_{round}");
            let again = match self.once(&name, query, &hidden).await {
                Ok(again) => again,
                // `on conflict` needs its index, and who is no superuser can hide none.
                Err(error) if error.as_db_error().is_some() => None,
                Err(error) => return Err(error),
            };
            let Some(tree) = again else { break };
            findings = self.judge.findings(&tree);
            if findings.len() < best.findings.len() {
                best = Plan {
                    tree,
                    findings: findings.clone(),
                };
            }
        }
        Ok(Some(best))
    }

    /// Plans a query as if some indexes were not there.
    async fn once(
        &self,
        name: &str,
        query: &Prepared,
        hidden: &[(String, String)],
    ) -> Result<Option<Node>, tokio_postgres::Error> {
        let nulls = vec!["null"; query.statement.params().len()].join(", ");
        let arguments = match nulls.is_empty() {
            true => nulls,
            false => format!("({nulls})"),
        };
        // One message is one transaction: if it fails, the indexes are there again.
        let ask = format!(
            "{} prepare {name} as {}\n; explain (format json, verbose, costs off) execute {name}{arguments}; \
             deallocate {name}; {}",
            show_indexes(hidden, false),
            query.shipped.sql,
            show_indexes(hidden, true),
        );
        let messages = self.client.simple_query(&ask).await?;
        Ok(messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Node::parse(row.get(0)?),
            _ => None,
        }))
    }
}

/// The planner does not look at an index that is not valid.
fn show_indexes(indexes: &[(String, String)], is_valid: bool) -> String {
    if indexes.is_empty() {
        return String::new();
    }
    let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let names = indexes
        .iter()
        .map(|(schema, name)| format!("({}, {})", literal(schema), literal(name)));
    let names: Vec<String> = names.collect();
    format!(
        "update pg_catalog.pg_index set indisvalid = {is_valid} where indexrelid in \
         (select c.oid from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace \
         where (n.nspname, c.relname) in ({}));",
        names.join(", ")
    )
}

/// Whether the statement is one that PostgreSQL plans.
fn has_plan(sql: &str) -> bool {
    let words = [
        "select", "insert", "update", "delete", "merge", "with", "values", "table",
    ];
    let sql = sql.trim_start_matches(|c: char| c == '(' || c.is_whitespace());
    let end = sql
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(sql.len());
    words.contains(&sql[..end].to_ascii_lowercase().as_str())
}
