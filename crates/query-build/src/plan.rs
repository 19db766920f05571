//! How PostgreSQL would run each query on tables that have grown, and that no query reads all of one.
//!
//! The plan is the generic one, as it is for whatever is bound. `explain (generic_plan)` is of PostgreSQL 16; a prepared
//! statement with `plan_cache_mode = force_generic_plan` gives the same plan, on 15 too. The tables are empty, so what a
//! plan costs means nothing: the ways that need no index are switched off, and a plan that takes one has no other.

mod index;
mod judge;
mod tree;

use std::collections::BTreeMap;

use futures_util::future::join_all;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage};

use revisions::SourceError;

use crate::check::{Prepared, refused};
use crate::query_file::QueryFile;
use crate::waiver::Rule;
pub(crate) use index::Indexes;
use judge::{Finding, Judge};
pub(crate) use tree::Node;

/// The plans of the queries, in their order; none for what has no plan, such as `listen`.
pub(crate) struct Plans {
    pub(crate) plans: Vec<Option<Plan>>,
    pub(crate) indexes: Indexes,
}

/// How a query is run.
pub(crate) struct Plan {
    pub(crate) tree: Node,
    findings: Vec<Finding>,
}

/// Sorting stays on: the price of a sort must not make an index that only gives the order look better than one that finds.
const SETTINGS: &str = "
    set plan_cache_mode = force_generic_plan; set jit = off;
    set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set enable_material = off";
const RESET: &str = "
    reset plan_cache_mode; reset jit;
    reset enable_seqscan; reset enable_hashjoin; reset enable_mergejoin; reset enable_material";

/// How often a query is planned at most, each time without the indexes that were read completely before.
const ROUNDS: usize = 8;

/// Plans all queries; what PostgreSQL cannot plan goes to `problems`.
///
/// # Errors
/// Only if the connection fails.
pub(crate) async fn plan(
    client: &Client,
    files: &[QueryFile],
    prepared: &[Prepared],
    small_tables: &BTreeMap<String, String>,
    problems: &mut Vec<SourceError>,
) -> Result<Plans, tokio_postgres::Error> {
    client.batch_execute(SETTINGS).await?;
    let indexes = index::read(client).await?;
    let judge = Judge {
        indexes: &indexes,
        small_tables,
    };
    let explain = Explain { client, judge };
    let asked = prepared.iter().enumerate();
    let answers = join_all(asked.map(|(number, query)| explain.query(number, query))).await;
    client.batch_execute(RESET).await?;
    let mut plans = Vec::new();
    for (query, answer) in prepared.iter().zip(answers) {
        match answer {
            Ok(plan) => plans.push(plan),
            Err(error) => {
                let Some(refusal) = error.as_db_error() else {
                    return Err(error);
                };
                let (file, of) = query.of(files);
                problems.push(refused(file, of, &query.shipped, refusal));
                plans.push(None);
            }
        }
    }
    Ok(Plans { plans, indexes })
}

/// The declared small tables that there are not.
///
/// # Errors
/// Only if the connection fails.
pub(crate) async fn unknown_tables(
    client: &Client,
    small_tables: &BTreeMap<String, String>,
) -> Result<Vec<SourceError>, tokio_postgres::Error> {
    let names: Vec<&str> = small_tables.keys().map(String::as_str).collect();
    let unknown = "select name from unnest($1) as given (name) where not exists (
                       select from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
                        where c.relkind in ('r', 'p', 'm') and name in (c.relname, n.nspname || '.' || c.relname))";
    let rows = client
        .query_typed(unknown, &[(&names, Type::TEXT_ARRAY)])
        .await?;
    let problems = rows.iter().map(|row| {
        let name: &str = row.try_get(0)?;
        let what = format!("there is no table `{name}`, which is declared to be small");
        let remedy = "correct its name in `.small_table(…)`, or take it out";
        Ok(SourceError::of_file("build.rs", what).remedy(remedy))
    });
    problems.collect()
}

struct Explain<'a> {
    client: &'a Client,
    judge: Judge<'a>,
}

impl Explain<'_> {
    /// The plan of a query; none if it has none.
    ///
    /// Where tables are empty, an index that is read completely can look as cheap as one that finds. So the query is
    /// planned again without it: what is found at last has no better way.
    async fn query(
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

impl Plans {
    /// Refuses queries that read all of a table that grows, unless that is waived.
    pub(crate) fn judge(
        &self,
        files: &[QueryFile],
        prepared: &[Prepared],
        problems: &mut Vec<SourceError>,
        warnings: &mut Vec<SourceError>,
    ) {
        for (prepared, plan) in prepared.iter().zip(&self.plans) {
            let (file, query) = prepared.of(files);
            let findings = plan.iter().flat_map(|plan| plan.findings.clone());
            let findings: Vec<Finding> = findings.collect();
            let waiver = query
                .waivers
                .iter()
                .find(|waiver| waiver.rule == Rule::FullScan);
            match (waiver, findings.is_empty()) {
                (Some(waiver), true) => {
                    let what = "nothing is waived here: the query reads all of no table that grows";
                    let problem = file.source.problem(waiver.range.clone(), what);
                    warnings.push(problem.remedy("take the line out"));
                }
                (Some(_), false) => {}
                (None, _) => problems.extend(findings.into_iter().map(|finding| {
                    let place = query.place_of_table(&file.source, &finding.table);
                    let problem = file.source.problem(place, finding.what);
                    let plan = plan.as_ref().map(|plan| plan.tree.to_string());
 let plan = plan.unwrap_or_default();
                    problem.note("query", format!("`{}`", query.line.name.text)).note("plan", plan).remedy(format!(
                        "add an index, or a condition on one that there is; or say under the name of the query why it may: \
                         `--# full-scan: reason`; if the table stays small, in build.rs: `.small_table(\"{}\", \"reason\")`",
                        finding.table
                    ))
                })),
            }
        }
    }
}
