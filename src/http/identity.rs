//! Who makes a request: the bearer token, and for what not everyone may do, role and status as they are now.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::header;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};

use super::error::ApiError;
use super::token::TokenError;
use super::{App, origin, request_log};
use crate::domain::audit::{self, Entry, Outcome};
use crate::domain::ids::UserId;
use crate::domain::permissions::Permission;
use crate::domain::sessions::Session;

/// A user with a valid token. Whether the account is active decide the statements that move points.
#[derive(Debug, Clone, Copy)]
pub(super) struct SignedIn(pub UserId);

impl FromRequestParts<App> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let InSession(session) = InSession::from_request_parts(parts, app).await?;
        Ok(Self(session.user_id))
    }
}

/// The session that a valid token was made for. Whether it has ended since decide the statements that ask for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct InSession(pub Session);

impl FromRequestParts<App> for InSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let InSessionUntil { session, .. } = InSessionUntil::from_request_parts(parts, app).await?;
        Ok(Self(session))
    }
}

/// The same with the end of the token, for what takes longer than one answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct InSessionUntil {
    /// The session.
    pub session: Session,
    /// When the token expires.
    pub ends_at: DateTime<Utc>,
}

impl FromRequestParts<App> for InSessionUntil {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let missing =
            ApiError::Unauthenticated("send an access token: Authorization: Bearer TOKEN");
        let Some(value) = parts.headers.get(header::AUTHORIZATION) else {
            return Err(missing);
        };
        let Some((scheme, token)) = value.to_str().ok().and_then(|value| value.split_once(' '))
        else {
            return Err(missing);
        };
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(missing);
        }
        match app.tokens.verify_with_end(token.trim()) {
            Ok((session, ends_at)) => {
                request_log::note_user(session.user_id);
                Ok(Self { session, ends_at })
            }
            Err(TokenError::Expired) => {
                Err(ApiError::Unauthenticated("the access token has expired"))
            }
            Err(TokenError::Invalid) => {
                Err(ApiError::Unauthenticated("the access token is not valid"))
            }
        }
    }
}

/// A permission as a type, so that a handler's signature says what it takes to call it.
pub(super) trait Required {
    /// The permission.
    const PERMISSION: Permission;
}

/// A user whose session goes on, whose account is active, and whose role, as the database has it now, grants a permission.
#[derive(Debug, Clone, Copy)]
pub(super) struct Permitted<R> {
    /// Who that is.
    pub user: UserId,
    required: PhantomData<R>,
}

impl<R: Required> FromRequestParts<App> for Permitted<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let InSession(session) = InSession::from_request_parts(parts, app).await?;
        let user = session.user_id;
        let authority = app.db.authority(session).await?;
        let authority = authority.ok_or(ApiError::SessionEnded)?;
        let (refusal, reason) = match authority.role {
            _ if !authority.is_active => (ApiError::AccountNotActive, "account_not_active"),
            Some(role) if R::PERMISSION.is_granted_to(role) => {
                return Ok(Self {
                    user,
                    required: PhantomData,
                });
            }
            _ => (ApiError::Forbidden, "forbidden"),
        };
        let route = parts
            .extensions
            .get::<MatchedPath>()
            .map_or("-", MatchedPath::as_str);
        let entry = Entry::new(
            "access",
            "permission",
            Outcome::Refused,
            &origin::of(parts, app),
        )
        .by(user)
        .on(R::PERMISSION.name())
        .with("route", format!("{} {route}", parts.method))
        .with("reason", reason);
        audit::record_refusal(&app.db, &entry).await;
        Err(refusal)
    }
}
