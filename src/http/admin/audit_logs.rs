//! `/admin/audit-logs`: searching the audit log, and exporting it as JSON Lines, which streams.

use axum::Json as Answer;
use axum::body::{Body, Bytes};
use axum::extract::State;
use chrono::{DateTime, Utc};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};

use crate::db::Database;
use crate::domain::audit::Outcome;
use crate::domain::audit::list::{self, By, Page, Position, Search, Written};
use crate::domain::ids::UserId;
use crate::domain::permissions::Permission;
use crate::domain::text::Text;
use crate::domain::transactions::list::latest_time;
use crate::http::App;
use crate::http::document::{JsonLines, values};
use crate::http::error::ApiError;
use crate::http::extract::Query;
use crate::http::identity::{Permitted, Required};
use crate::http::moment;
use crate::http::page::{self, BAD_CURSOR};
use crate::http::validate::Fields;

/// Entries that an export reads at once, and holds in memory.
const EXPORT_ROWS: i64 = 500;

/// Takes [`Permission::ReadAuditLog`].
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct ReadAuditLog;

impl Required for ReadAuditLog {
    const PERMISSION: Permission = Permission::ReadAuditLog;
}

/// What a search goes by.
pub(in crate::http) type Name = Text<100>;

/// Which entries are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SearchQuery {
    /// Who did it.
    #[param(inline, value_type = Option<values::Id>)]
    user_id: Option<i64>,
    /// What was done, such as `wallet.spend`.
    #[param(inline, value_type = Option<values::AuditName>)]
    action: Option<String>,
    /// Kind of thing that it was done to; with a `resource_id`, an `action` or a `user_id`.
    #[param(inline, value_type = Option<values::AuditName>)]
    resource_type: Option<String>,
    /// Which one, with its `resource_type`.
    #[param(inline, value_type = Option<values::AuditName>)]
    resource_id: Option<String>,
    /// How it ended.
    #[param(inline)]
    outcome: Option<Outcome>,
    /// Written at this time or later.
    #[serde(default, deserialize_with = "moment::optional")]
    from: Option<DateTime<Utc>>,
    /// Written before this time.
    #[serde(default, deserialize_with = "moment::optional")]
    to: Option<DateTime<Utc>>,
    /// How many a page has.
    #[param(inline, value_type = Option<values::Rows>)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    #[param(inline, value_type = Option<values::Cursor>)]
    cursor: Option<String>,
}

/// The same without pages.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(in crate::http) struct ExportQuery(SearchQuery);

/// What only pages have.
const LIMIT: &str = "limit";
const CURSOR: &str = "cursor";

impl IntoParams for ExportQuery {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = SearchQuery::into_params(place);
        parameters.retain(|parameter| ![LIMIT, CURSOR].contains(&parameter.name.as_str()));
        parameters
    }
}

/// A page of entries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub(in crate::http) struct ListBody {
    entries: Vec<Written>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// `GET /admin/audit-logs`
pub(in crate::http) async fn search(
    State(app): State<App>,
    _: Permitted<ReadAuditLog>,
    Query(query): Query<SearchQuery>,
) -> Result<Answer<ListBody>, ApiError> {
    let (search, after, rows) = query.check()?;
    let Page { entries, next } = list::page(&app.db, &search, after, rows).await?;
    Ok(Answer(ListBody {
        entries,
        next_cursor: next.map(write_cursor),
    }))
}

/// `GET /admin/audit-logs/export`: all entries of a search, one JSON object per line, newest first. A body that ends
/// without its last chunk is not the whole.
pub(in crate::http) async fn export(
    State(app): State<App>,
    _: Permitted<ReadAuditLog>,
    Query(query): Query<ExportQuery>,
) -> Result<JsonLines, ApiError> {
    let search = query.check()?;
    let body = Body::from_stream(stream::try_unfold(Some(None), move |position| {
        let (db, search) = (app.db.clone(), search.clone());
        async move {
            match position {
                Some(after) => next_lines(&db, &search, after).await.map(Some),
                None => Ok(None),
            }
        }
    }));
    Ok(JsonLines(body))
}

/// Some lines, and where the next ones begin: nowhere after the last. Only when the client has taken these is the next
/// page read.
async fn next_lines(
    db: &Database,
    search: &Search,
    after: Option<Position>,
) -> Result<(Bytes, Option<Option<Position>>), std::io::Error> {
    let page = list::page(db, search, after, EXPORT_ROWS)
        .await
        .map_err(|error| {
            tracing::warn!(%error, "an export of the audit log broke off");
            std::io::Error::other(error)
        })?;
    let mut lines = Vec::new();
    for entry in &page.entries {
        serde_json::to_writer(&mut lines, entry)?;
        lines.push(b'\n');
    }
    Ok((lines.into(), page.next.map(Some)))
}

impl ExportQuery {
    fn check(self) -> Result<Search, ApiError> {
        let query = self.0;
        for (name, is_given) in [
            (LIMIT, query.limit.is_some()),
            (CURSOR, query.cursor.is_some()),
        ] {
            if is_given {
                return Err(ApiError::field(
                    name,
                    "is for pages, and an export has none",
                ));
            }
        }
        query.check().map(|(search, ..)| search)
    }
}

impl SearchQuery {
    fn check(self) -> Result<(Search, Option<Position>, i64), ApiError> {
        let mut fields = Fields::default();
        let rows = fields.check("limit", page::check_rows(self.limit));
        let cursor = self.cursor.as_deref();
        let after = fields.check_optional(
            "cursor",
            cursor.map(|cursor| read_cursor(cursor).ok_or(BAD_CURSOR)),
        );
        let from = self.from.unwrap_or(DateTime::UNIX_EPOCH);
        let from = fields.check("from", page::check_time(from));
        let to = fields.check("to", page::check_time(self.to.unwrap_or(latest_time())));
        let mut name = |field: &str, value: &Option<String>| {
            let text = value.as_deref().map(Name::parse);
            let text = fields.check_optional(field, text);
            text.map(|text| text.map(|text| text.as_str().to_owned()))
        };
        let action = name("action", &self.action);
        let resource_type = name("resource_type", &self.resource_type);
        let resource_id = name("resource_id", &self.resource_id);
        if self.resource_id.is_some() && self.resource_type.is_none() {
            let missing: Result<(), _> = Err("is needed with a resource_id");
            fields.check("resource_type", missing);
            return Err(fields.into_error());
        }
        let (
            Some(rows),
            Some(after),
            Some(from),
            Some(to),
            Some(action),
            Some(resource_type),
            Some(resource_id),
        ) = (rows, after, from, to, action, resource_type, resource_id)
        else {
            return Err(fields.into_error());
        };
        // What finds the fewest comes first.
        let by = match (resource_type, resource_id, self.user_id, action) {
            (resource_type, resource_id, Some(actor), action) => By::Actor {
                actor: UserId(actor),
                action,
                resource_type,
                resource_id,
            },
            (Some(resource_type), Some(resource_id), None, action) => By::Resource {
                resource_type,
                resource_id,
                action,
            },
            (resource_type, _, None, Some(action)) => By::Action {
                action,
                resource_type,
            },
            (Some(_), None, None, None) => {
                return Err(ApiError::field(
                    "resource_type",
                    "comes with a resource_id, an action or a user_id",
                ));
            }
            (None, _, None, None) => By::Time,
        };
        let search = Search {
            by,
            outcome: self.outcome,
            from,
            to,
        };
        Ok((search, after, rows))
    }
}

fn write_cursor(position: Position) -> String {
    let micros = position.created_at.timestamp_micros();
    page::write_cursor(&format!("{micros}.{}", position.id))
}

fn read_cursor(cursor: &str) -> Option<Position> {
    let text = page::read_cursor(cursor)?;
    let (micros, id) = text.split_once('.')?;
    let created_at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
    Some(Position {
        created_at: page::check_time(created_at).ok()?,
        id: id.parse().ok()?,
    })
}
