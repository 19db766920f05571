//! `/admin/schema`: the revisions that are applied and pending, and the tables that they make, as a picture.

use axum::Json as Answer;
use axum::extract::State;
use revisions::Revisions;
use revisions::diagram::Diagram;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::schema::Applied;
use crate::domain::permissions::Permission;
use crate::http::App;
use crate::http::document::Svg;
use crate::http::error::ApiError;
use crate::http::identity::{Permitted, Required};
use crate::migrations::REVISIONS;

/// Takes [`Permission::ReadSchema`].
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct ReadSchema;

impl Required for ReadSchema {
    const PERMISSION: Permission = Permission::ReadSchema;
}

/// Where the schema is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchemaStanding)]
pub(in crate::http) struct SchemaBody {
    /// Whether nothing is pending.
    is_current: bool,
    applied: Vec<AppliedBody>,
    pending: Vec<PendingBody>,
    /// An `erDiagram` for Mermaid, of what the applied revisions make; `diagram.svg` has it as a picture. Nothing if this
    /// program does not know what they make.
    diagram: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppliedRevision)]
struct AppliedBody {
    /// Text, as everywhere: the digits are a time.
    id: String,
    message: Option<String>,
    /// RFC 3339.
    applied_on: Option<String>,
    /// Of a newer release.
    is_unknown: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PendingRevision)]
struct PendingBody {
    id: String,
    message: String,
}

/// `GET /admin/schema`
pub(in crate::http) async fn show(
    State(app): State<App>,
    _: Permitted<ReadSchema>,
) -> Result<Answer<SchemaBody>, ApiError> {
    let revisions = embedded()?;
    let history = app.db.schema_history().await?;
    let diagram = diagram(&revisions, &history).map(|diagram| diagram.mermaid());
    let pending = revisions
        .iter()
        .filter(|revision| !history.iter().any(|row| row.id == revision.id()))
        .map(|revision| PendingBody {
            id: revision.id().to_string(),
            message: revision.message().to_owned(),
        });
    let pending: Vec<_> = pending.collect();
    let applied = history.into_iter().map(|row| {
        let known = revisions.get(row.id);
        AppliedBody {
            id: row.id.to_string(),
            message: known.map(|revision| revision.message().to_owned()),
            applied_on: row.applied_on,
            is_unknown: known.is_none(),
        }
    });
    Ok(Answer(SchemaBody {
        is_current: pending.is_empty(),
        applied: applied.collect(),
        pending,
        diagram,
    }))
}

/// `GET /admin/schema/diagram.svg`
pub(in crate::http) async fn picture(
    State(app): State<App>,
    _: Permitted<ReadSchema>,
) -> Result<Svg, ApiError> {
    let revisions = embedded()?;
    let history = app.db.schema_history().await?;
    let diagram = diagram(&revisions, &history).ok_or(ApiError::NotFound(
        "what the applied revisions make is not known to this release",
    ))?;
    // Where the boxes go takes a while to work out.
    let svg = tokio::task::spawn_blocking(move || diagram.svg())
        .await
        .map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(Svg(svg))
}

fn embedded() -> Result<Revisions, ApiError> {
    Revisions::embedded(REVISIONS).map_err(|error| ApiError::Internal(error.to_string()))
}

fn diagram(revisions: &Revisions, history: &[Applied]) -> Option<Diagram> {
    let is_applied = |id| history.iter().any(|row| row.id == id);
    let expected = revisions.expected_schema(is_applied).ok()?;
    Some(Diagram::of(&expected.catalog))
}
