//! A look at the queries of a release on a schema: what does not work there.

use std::collections::BTreeMap;
use std::ops::Range;

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement};

use revisions::SourceError;

use super::accepts;
use super::constraints::{Constraint, Constraints};
use crate::nullability::{self, Traced};
use crate::plan::{self, Plan, place_of_table};
use crate::prepare::{Prepared, Refused, prepare_queries};
use crate::query_file::{Query, QueryFile};

/// The number of a file, and of a query in it.
type Key = (usize, usize);

/// What is seen of the queries on a schema.
pub(super) struct Look {
    statements: BTreeMap<Key, Statement>,
    constraints: Constraints,
    findings: Vec<Finding>,
}

/// Something that does not work.
#[derive(Debug)]
pub(super) struct Finding {
    query: Key,
    pub(super) what: What,
    /// What and where it is.
    pub(super) problem: SourceError,
}

/// What it is that does not work, by which it is known again on another schema.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    /// PostgreSQL refuses the query.
    Query,
    /// A parameter has another type.
    Parameter(usize),
    /// A column of the result is another one.
    Column(usize),
    /// A column of the result may be null, and is not read so.
    Nullable(usize),
    /// A table that grows is read completely.
    Scan(String),
    /// A column of a table may be left null, and refuses that.
    Null(String, String),
    /// A rule of the schema may refuse what is written.
    Constraint(String),
}

impl Look {
    /// What is found here and not in `before`.
    pub(super) fn since(self, before: &Self) -> Vec<Finding> {
        let is_known = |finding: &Finding| before.findings.iter().any(|known| known.is(finding));
        let found = self.findings.into_iter();
        found.filter(|finding| !is_known(finding)).collect()
    }
}

impl Finding {
    /// Whether both are the same, perhaps on different schemas.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.query == other.query && self.what == other.what
    }
}

/// Looks at all queries of `files`. With `before`, a look at an older schema, also at what has changed since then.
///
/// # Errors
/// Only if the connection fails.
pub(super) async fn look(
    client: &Client,
    files: &[QueryFile],
    small_tables: &BTreeMap<String, String>,
    before: Option<&Look>,
) -> Result<Look, tokio_postgres::Error> {
    // The labels of an enum may be others since the client has asked for them.
    client.clear_type_cache();
    let (prepared, refused) = prepare_queries(client, files).await?;
    let plans = plan::plan(client, files, &prepared, small_tables).await?;
    let trees = nullability::trees(client, &prepared).await?;
    let traced = nullability::trace(client, files, &prepared, &trees).await?;
    let constraints = Constraints::read(client).await?;
    let refused = refused.into_iter().chain(plans.refused);
    let mut findings: Vec<Finding> = refused.map(Finding::of_refusal).collect();
    for ((prepared, plan), traced) in prepared.iter().zip(&plans.plans).zip(&traced) {
        let seen = Seen {
            files,
            prepared,
            traced,
        };
        let old = before.and_then(|before| before.statements.get(&seen.key()));
        findings.extend(seen.nullable(old));
        findings.extend(seen.nulls());
        findings.extend(plan.iter().flat_map(|plan| seen.scans(plan)));
        if let Some(old) = old {
            findings.extend(seen.parameters(old.params()));
            findings.extend(seen.columns(old));
        }
    }
    if let Some(before) = before {
        let rules = constraints.since(&before.constraints, client).await?;
        findings.extend(may_refuse(&rules, files, &prepared, &traced));
    }
    let statements = prepared
        .into_iter()
        .map(|it| ((it.file, it.query), it.statement));
    Ok(Look {
        statements: statements.collect(),
        constraints,
        findings,
    })
}

impl Finding {
    fn of_refusal(refused: Refused) -> Self {
        Self {
            query: (refused.file, refused.query),
            what: What::Query,
            problem: refused.problem,
        }
    }
}

/// A query, and what is known of it.
struct Seen<'a> {
    files: &'a [QueryFile],
    prepared: &'a Prepared,
    traced: &'a Traced,
}

impl Seen<'_> {
    fn key(&self) -> Key {
        (self.prepared.file, self.prepared.query)
    }

    fn finding(&self, what: What, place: Option<Range<usize>>, message: String) -> Finding {
        let (file, query) = self.prepared.of(self.files);
        let place = place.unwrap_or_else(|| query.line.name.range.clone());
        let problem = file.source.problem(place, message);
        Finding {
            query: self.key(),
            what,
            problem: problem.note("query", format!("`{}`", query.line.name.text)),
        }
    }

    /// The columns that may be null and are not read so, whatever the release says of them: it has proved them on its own
    /// schema, or knows better there.
    fn nullable(&self, old: Option<&Statement>) -> Vec<Finding> {
        let (file, query) = self.prepared.of(self.files);
        let columns = self.prepared.statement.columns();
        // Of those that it does not know it reads none, and another one is another matter.
        let is_known = |index: usize, name: &str| {
            old.is_none_or(|old| old.columns().get(index).is_some_and(|it| it.name() == name))
        };
        let columns = columns.iter().enumerate();
        let columns = columns.filter(|(index, column)| is_known(*index, column.name()));
        let found = columns.filter_map(|(index, column)| {
            let why = self.traced.columns.get(index)?.as_ref()?;
            let is_marked = nullability::is_marked(file, query, column.name());
            let message = format!("the column `{}` may be null now", column.name());
            let place = self.traced.places.get(index).cloned();
            let finding = self.finding(What::Nullable(index), place, message);
            let problem = finding.problem.note("reason", why);
            (!is_marked).then_some(Finding { problem, ..finding })
        });
        found.collect()
    }

    fn nulls(&self) -> Vec<Finding> {
        let nulls = self.traced.writes.iter().flat_map(|write| &write.nulls);
        let found = nulls.map(|null| {
            let (table, column) = (&null.table, &null.column);
            let message = match &null.why {
                None => format!(
                    "it inserts rows without `{table}.{column}`, which must have a value and has no default"
                ),
                Some(why) => format!("it may write null to `{table}.{column}`: {why}"),
            };
            let (file, query) = self.prepared.of(self.files);
            let place = place_of_table(query, &file.source, table);
            let what = What::Null(table.clone(), column.clone());
            self.finding(what, Some(place), message)
        });
        found.collect()
    }

    fn scans(&self, plan: &Plan) -> Vec<Finding> {
        let (file, query) = self.prepared.of(self.files);
        let found = plan.findings.iter().map(|scan| {
            let place = place_of_table(query, &file.source, &scan.table);
            self.finding(
                What::Scan(scan.table.clone()),
                Some(place),
                scan.what.clone(),
            )
        });
        found.collect()
    }

    fn parameters(&self, old: &[Type]) -> Vec<Finding> {
        let (file, query) = self.prepared.of(self.files);
        let names = query.parameters(&file.source);
        let both = old.iter().zip(self.prepared.statement.params());
        let found = both.zip(names).enumerate();
        let found = found.filter_map(|(index, ((old, new), name))| {
            let why = accepts::refusal(old, new)?;
            let place = query.place_of(&file.source, name);
            let message = format!("the parameter `{name}` {why}");
            Some(self.finding(What::Parameter(index), place, message))
        });
        found.collect()
    }

    /// Programs read columns by their places: more of them at the end do no harm.
    fn columns(&self, old: &Statement) -> Vec<Finding> {
        let now = self.prepared.statement.columns();
        let found = old.columns().iter().enumerate().filter_map(|(index, old)| {
            let name = old.name();
            let why = match now.get(index) {
                None => format!("the result has no column `{name}` any more"),
                Some(new) if new.name() != name => {
                    format!(
                        "where the result had the column `{name}`, it has `{}` now",
                        new.name()
                    )
                }
                Some(new) => {
                    let why = accepts::refusal(old.type_(), new.type_())?;
                    format!("the column `{name}` {why}")
                }
            };
            let place = self.traced.places.get(index).cloned();
            Some(self.finding(What::Column(index), place, why))
        });
        found.collect()
    }
}

/// For each new rule the queries that write what it is about, at the first of them.
fn may_refuse(
    rules: &[&Constraint],
    files: &[QueryFile],
    prepared: &[Prepared],
    traced: &[Traced],
) -> Vec<Finding> {
    let found = rules.iter().filter_map(|rule| {
        let all = prepared.iter().zip(traced);
        let writers: Vec<_> = all
            .filter(|(_, traced)| traced.writes.iter().any(|write| rule.is_about(write)))
            .collect();
        let (prepared, traced) = *writers.first()?;
        let seen = Seen {
            files,
            prepared,
            traced,
        };
        let what = What::Constraint(rule.key.clone());
        let finding = seen.finding(what, None, rule.definition.clone());
        let others = writers
            .iter()
            .skip(1)
            .map(|(prepared, _)| prepared.of(files).1);
        let others: Vec<String> = others.map(name).collect();
        let problem = match others.is_empty() {
            true => finding.problem,
            false => finding.problem.note("and", others.join(", ")),
        };
        Some(Finding { problem, ..finding })
    });
    found.collect()
}

fn name(query: &Query) -> String {
    format!("`{}`", query.line.name.text)
}
