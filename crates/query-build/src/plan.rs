//! How PostgreSQL would run each query on tables that have grown, and that no query reads all of one.
//!
//! The plan is the generic one, as it is for whatever is bound. `explain (generic_plan)` is of PostgreSQL 16; a prepared
//! statement with `plan_cache_mode = force_generic_plan` gives the same plan, on 15 too. The tables are empty, so what a
//! plan costs means nothing: the ways that need no index are switched off, and a plan that takes one has no other.

mod explain;
mod index;
mod judge;
mod tree;

use std::collections::BTreeMap;
use std::ops::Range;

use futures_util::future::join_all;
use tokio_postgres::Client;

use revisions::SourceError;
use revisions::lexer::Kind;

use crate::prepare::{Prepared, Refused, refused};
use crate::query_file::{Query, QueryFile};
use crate::source::Source;
use crate::waiver::Rule;
use explain::Explain;
use index::Indexes;
use judge::{Finding, Judge};
pub(crate) use tree::Node;

/// The plans of the queries, in their order; none for what has no plan, such as `listen`.
pub(crate) struct Plans {
    /// What PostgreSQL cannot plan, such as `on conflict` without a unique index.
    pub(crate) refused: Vec<Refused>,
    pub(crate) plans: Vec<Option<Plan>>,
    pub(crate) indexes: Indexes,
}

/// How a query is run.
pub(crate) struct Plan {
    pub(crate) tree: Node,
    pub(crate) findings: Vec<Finding>,
}

/// Sorting stays on: the price of a sort must not make an index that only gives the order look better than one that finds.
const SETTINGS: &str = "
    set plan_cache_mode = force_generic_plan; set jit = off;
    set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set enable_material = off";
const RESET: &str = "
    reset plan_cache_mode; reset jit;
    reset enable_seqscan; reset enable_hashjoin; reset enable_mergejoin; reset enable_material";

/// Plans all queries.
///
/// # Errors
/// Only if the connection fails.
pub(crate) async fn plan(
    client: &Client,
    files: &[QueryFile],
    prepared: &[Prepared],
    small_tables: &BTreeMap<String, String>,
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
    let (mut plans, mut refusals) = (Vec::new(), Vec::new());
    for (query, answer) in prepared.iter().zip(answers) {
        match answer {
            Ok(plan) => plans.push(plan),
            Err(error) => {
                let Some(refusal) = error.as_db_error() else {
                    return Err(error);
                };
                let (file, of) = query.of(files);
                refusals.push(Refused {
                    file: query.file,
                    query: query.query,
                    problem: refused(file, of, &query.shipped, refusal),
                });
                plans.push(None);
            }
        }
    }
    Ok(Plans {
        refused: refusals,
        plans,
        indexes,
    })
}

impl Plans {
    /// Refuses queries that cannot be planned, and those that read all of a table that grows, unless that is waived.
    pub(crate) fn judge(
        &self,
        files: &[QueryFile],
        prepared: &[Prepared],
        problems: &mut Vec<SourceError>,
        warnings: &mut Vec<SourceError>,
    ) {
        problems.extend(self.refused.iter().map(|it| it.problem.clone()));
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
                    let place = place_of_table(query, &file.source, &finding.table);
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

/// Where a table is named in the SQL for the first time, and not one of its columns; the name of the query where it
/// is not.
pub(crate) fn place_of_table(query: &Query, source: &Source, table: &str) -> Range<usize> {
    let followed = query
        .tokens
        .iter()
        .zip(query.tokens.iter().skip(1).map(Some).chain([None]));
    let place = followed.into_iter().find(|(token, next)| {
        let is_name = matches!(token.kind, Kind::Word | Kind::QuotedName);
        let is_qualifier = next.is_some_and(|next| next.text(&source.text) == ".");
        let name = token.text(&source.text).trim_matches('"');
        is_name && !is_qualifier && name.eq_ignore_ascii_case(table)
    });
    place.map_or(query.line.name.range.clone(), |(token, _)| {
        token.range.clone()
    })
}
