//! The examination of the queries on the scratch database: do they fit the schema, how are they run, what may be null.

use tokio_postgres::Client;

use revisions::SourceError;

use crate::check::check;
use crate::declared::Declared;
use crate::prepare::prepare_queries;
use crate::query_file::QueryFile;
use crate::{nullability, plan, plan_document, same_tree};

/// What came of it, besides problems.
pub(crate) struct Vetted {
    pub(crate) warnings: Vec<SourceError>,
    pub(crate) document: String,
}

/// Examines all queries; what is refused goes to `problems`.
///
/// # Errors
/// Only if the connection fails.
pub(crate) async fn examine(
    client: &Client,
    files: &[QueryFile],
    declared: Declared<'_>,
    problems: &mut Vec<SourceError>,
) -> Result<Vetted, tokio_postgres::Error> {
    let mut warnings = Vec::new();
    let small_tables = declared.small_tables;
    let (prepared, refused) = prepare_queries(client, files).await?;
    problems.extend(refused.into_iter().map(|it| it.problem));
    check(files, &prepared, declared.mapped_types, problems);
    let plans = plan::plan(client, files, &prepared, small_tables).await?;
    plans.judge(files, &prepared, problems, &mut warnings);
    problems.extend(declared.unknown(client).await?);
    let trees = same_tree::compare(client, files, &prepared, problems).await?;
    let traced = nullability::trace(client, files, &prepared, &trees).await?;
    nullability::judge(files, &prepared, &traced, problems, &mut warnings);
    let document = plan_document::write(files, &prepared, &plans, &traced, small_tables);
    Ok(Vetted { warnings, document })
}
