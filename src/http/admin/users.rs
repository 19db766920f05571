//! `/admin/users`: searching accounts, and changing role and status.

use axum::Json as Answer;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::administration::{
    self, Change, EmailPrefix, Page, Position, Search, Standing, Status,
};
use crate::domain::audit::Origin;
use crate::domain::ids::UserId;
use crate::domain::permissions::Permission;
use crate::domain::text::Description;
use crate::domain::users::{Role, User};
use crate::http::App;
use crate::http::document::values;
use crate::http::error::ApiError;
use crate::http::extract::{Json, PathId, Query};
use crate::http::identity::{Permitted, Required};
use crate::http::page::{self, BAD_CURSOR};
use crate::http::validate::Fields;

/// Takes [`Permission::ReadUsers`].
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct ReadUsers;

impl Required for ReadUsers {
    const PERMISSION: Permission = Permission::ReadUsers;
}

/// Takes [`Permission::ChangeUsers`].
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct ChangeUsers;

impl Required for ChangeUsers {
    const PERMISSION: Permission = Permission::ChangeUsers;
}

/// Which users are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ListQuery {
    /// The beginning of the address.
    #[param(inline, value_type = Option<values::EmailBeginning>)]
    email: Option<String>,
    #[param(inline, value_type = Option<values::RoleName>)]
    role: Option<String>,
    #[param(inline)]
    status: Option<Status>,
    /// How many a page has.
    #[param(inline, value_type = Option<values::Rows>)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    #[param(inline, value_type = Option<values::Cursor>)]
    cursor: Option<String>,
}

/// A page of users.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserPage)]
pub(in crate::http) struct ListBody {
    users: Vec<User>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// `GET /admin/users`
pub(in crate::http) async fn list(
    State(app): State<App>,
    _: Permitted<ReadUsers>,
    Query(query): Query<ListQuery>,
) -> Result<Answer<ListBody>, ApiError> {
    let mut fields = Fields::default();
    let rows = fields.check("limit", page::check_rows(query.limit));
    let email_prefix =
        fields.check_optional("email", query.email.as_deref().map(EmailPrefix::parse));
    let role = fields.check_optional("role", query.role.as_deref().map(read_role));
    let is_by_email = query.email.is_some();
    let after = query.cursor.as_deref();
    let after = fields.check_optional(
        "cursor",
        after.map(|cursor| read_cursor(cursor, is_by_email).ok_or(BAD_CURSOR)),
    );
    let (Some(rows), Some(email_prefix), Some(role), Some(after)) =
        (rows, email_prefix, role, after)
    else {
        return Err(fields.into_error());
    };
    let search = Search {
        email_prefix,
        role,
        status: query.status,
    };
    let Page { users, next } = administration::search(&app.db, &search, after, rows).await?;
    let next_cursor = next.map(|position| match position {
        Position::Id(id) => page::write_cursor(&id.to_string()),
        Position::Email(email) => page::write_cursor(&email),
    });
    Ok(Answer(ListBody { users, next_cursor }))
}

/// `GET /admin/users/{id}`
pub(in crate::http) async fn show(
    State(app): State<App>,
    _: Permitted<ReadUsers>,
    PathId(id): PathId,
) -> Result<Answer<User>, ApiError> {
    let user = app.db.user(UserId(id)).await?;
    user.map(Answer)
        .ok_or(ApiError::NotFound("there is no user with this number"))
}

/// Another role for a user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RoleRequest {
    #[schema(value_type = values::RoleName)]
    role: String,
    #[schema(value_type = Option<values::DescriptionText>)]
    reason: Option<String>,
}

/// `PUT /admin/users/{id}/role`
pub(in crate::http) async fn change_role(
    State(app): State<App>,
    permitted: Permitted<ChangeUsers>,
    PathId(id): PathId,
    origin: Origin,
    Json(request): Json<RoleRequest>,
) -> Result<Answer<User>, ApiError> {
    let mut fields = Fields::default();
    let role = fields.check("role", read_role(&request.role));
    let reason = fields.check_optional("reason", request.reason.as_deref().map(Description::parse));
    let (Some(role), Some(reason)) = (role, reason) else {
        return Err(fields.into_error());
    };
    let change = Change {
        actor: permitted.user,
        user_id: UserId(id),
        to: Standing::Role(role),
        reason,
    };
    let user = administration::change(&app.db, &change, &origin).await?;
    Ok(Answer(user))
}

/// Another status for a user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct StatusRequest {
    status: Status,
    #[schema(value_type = Option<values::DescriptionText>)]
    reason: Option<String>,
}

/// `PUT /admin/users/{id}/status`
pub(in crate::http) async fn change_status(
    State(app): State<App>,
    permitted: Permitted<ChangeUsers>,
    PathId(id): PathId,
    origin: Origin,
    Json(request): Json<StatusRequest>,
) -> Result<Answer<User>, ApiError> {
    let mut fields = Fields::default();
    let reason = fields.check_optional("reason", request.reason.as_deref().map(Description::parse));
    let Some(reason) = reason else {
        return Err(fields.into_error());
    };
    let change = Change {
        actor: permitted.user,
        user_id: UserId(id),
        to: Standing::Status(request.status),
        reason,
    };
    let user = administration::change(&app.db, &change, &origin).await?;
    Ok(Answer(user))
}

fn read_role(name: &str) -> Result<Role, &'static str> {
    Role::from_name(name).ok_or("must be user, moderator, admin or service")
}

fn read_cursor(cursor: &str, is_by_email: bool) -> Option<Position> {
    let position = page::read_cursor(cursor)?;
    match is_by_email {
        // Without the NUL character, which PostgreSQL has no text with.
        true => Some(position)
            .filter(|email| email.bytes().all(|byte| byte.is_ascii_graphic()))
            .map(Position::Email),
        false => position.parse().ok().map(Position::Id),
    }
}
