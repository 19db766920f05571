//! `/auth/refresh` and `/auth/logout`: sessions go on, and end. And how tokens are shown.

use axum::Json as Answer;
use axum::extract::State;
use axum::response::NoContent;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::document::values;
use super::error::ApiError;
use super::extract::{Json, MaybeJson};
use super::identity::InSession;
use crate::domain::audit::Origin;
use crate::domain::refresh_tokens::RefreshToken;
use crate::domain::sessions::{self, Continued};

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
pub(super) struct Tokens {
    access_token: String,
    refresh_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
    /// Seconds.
    refresh_expires_in: u64,
}

impl Tokens {
    /// A new access token beside the newest refresh token.
    pub fn of(app: &App, continued: &Continued) -> Result<Self, ApiError> {
        let access_token = app
            .tokens
            .sign(continued.session)
            .map_err(|error| ApiError::Internal(error.to_string()))?;
        Ok(Self {
            access_token,
            refresh_token: continued.refresh_token.expose().to_owned(),
            token_type: "Bearer",
            expires_in: app.tokens.lifetime().as_secs(),
            refresh_expires_in: app.sessions.refresh_token_lifetime.as_secs(),
        })
    }
}

/// What a session goes on with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshRequest {
    #[schema(value_type = values::RefreshTokenText)]
    refresh_token: SecretString,
}

/// What a refresh gives.
#[derive(Serialize, ToSchema)]
pub(super) struct RefreshBody {
    tokens: Tokens,
}

/// `POST /auth/refresh`
pub(super) async fn refresh(
    State(app): State<App>,
    origin: Origin,
    Json(request): Json<RefreshRequest>,
) -> Result<Answer<RefreshBody>, ApiError> {
    let token = read_token(&request.refresh_token)?;
    let continued = sessions::refresh(&app.db, &app.sessions, &token, &origin).await?;
    let tokens = Tokens::of(&app, &continued)?;
    Ok(Answer(RefreshBody { tokens }))
}

/// What is to end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogoutRequest {
    /// Names the session; without it the access token does.
    #[schema(value_type = Option<values::RefreshTokenText>)]
    refresh_token: Option<SecretString>,
    /// Whether all sessions of the user end with it.
    #[serde(default)]
    all: bool,
}

/// `POST /auth/logout`. A refresh token is enough: who leaves after a while has no other.
pub(super) async fn log_out(
    State(app): State<App>,
    origin: Origin,
    signed_in: Result<InSession, ApiError>,
    MaybeJson(request): MaybeJson<LogoutRequest>,
) -> Result<NoContent, ApiError> {
    let session = match &request.refresh_token {
        Some(token) => sessions::of_token(&app.db, &read_token(token)?, &origin).await?,
        None => signed_in?.0,
    };
    sessions::log_out(&app.db, session, request.all, &origin).await?;
    Ok(NoContent)
}

fn read_token(text: &SecretString) -> Result<RefreshToken, ApiError> {
    RefreshToken::parse(text).map_err(|_| ApiError::InvalidRefreshToken)
}
