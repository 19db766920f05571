//! `/auth`: registering, signing in, and who one is.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{Datelike as _, NaiveDate, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::App;
use super::error::ApiError;
use super::extract::Json;
use super::identity::SignedIn;
use super::validate::Fields;
use crate::domain::ids::UserId;
use crate::domain::passwords::Password;
use crate::domain::text::{Label, Text};
use crate::domain::users::{self, Email, Registration, User};

/// Nobody is older.
const EARLIEST_BIRTH_YEAR: i32 = 1900;

/// What somebody registers with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterRequest {
    email: String,
    password: SecretString,
    full_name: Option<String>,
    birth_date: Option<NaiveDate>,
    location: Option<String>,
    preferred_language: Option<String>,
}

/// What somebody signs in with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginRequest {
    email: String,
    password: SecretString,
}

/// A user, and the tokens that speak for the user.
#[derive(Debug, Serialize)]
pub(super) struct SessionBody {
    user: User,
    tokens: Tokens,
}

#[derive(Debug, Serialize)]
struct Tokens {
    access_token: String,
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
}

/// `POST /auth/register`
pub(super) async fn register(
    State(app): State<App>,
    Json(request): Json<RegisterRequest>,
) -> Result<(StatusCode, Answer<SessionBody>), ApiError> {
    let user = users::register(&app.db, &app.hasher, request.check()?, app.welcome_points).await?;
    let tokens = tokens(&app, user.id)?;
    Ok((StatusCode::CREATED, Answer(SessionBody { user, tokens })))
}

/// `POST /auth/login`
pub(super) async fn log_in(
    State(app): State<App>,
    Json(request): Json<LoginRequest>,
) -> Result<Answer<SessionBody>, ApiError> {
    let user = users::log_in(&app.db, &app.hasher, &request.email, request.password).await?;
    let tokens = tokens(&app, user.id)?;
    Ok(Answer(SessionBody { user, tokens }))
}

/// `GET /auth/me`
pub(super) async fn me(
    State(app): State<App>,
    SignedIn(user): SignedIn,
) -> Result<Answer<User>, ApiError> {
    let user = app.db.user(user).await?;
    // A token can outlive a database that was made anew.
    user.map(Answer)
        .ok_or(ApiError::Unauthenticated("the access token is not valid"))
}

fn tokens(app: &App, user: UserId) -> Result<Tokens, ApiError> {
    let access_token = app
        .tokens
        .sign(user)
        .map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(Tokens {
        access_token,
        token_type: "Bearer",
        expires_in: app.tokens.lifetime().as_secs(),
    })
}

impl RegisterRequest {
    fn check(self) -> Result<Registration, ApiError> {
        let mut fields = Fields::default();
        let email = fields.check("email", Email::parse(&self.email));
        // Without an address there is nothing to compare the password with; it is checked next time.
        let password = email
            .as_ref()
            .and_then(|email| fields.check("password", Password::parse(self.password, email)));
        let full_name =
            fields.check_optional("full_name", self.full_name.as_deref().map(Label::parse));
        let birth_date = fields.check_optional("birth_date", self.birth_date.map(check_birth_date));
        let location =
            fields.check_optional("location", self.location.as_deref().map(Label::parse));
        let language = self.preferred_language.unwrap_or_else(|| "en".to_owned());
        let language = fields.check("preferred_language", check_language(language));
        match (email, password, full_name, birth_date, location, language) {
            (
                Some(email),
                Some(password),
                Some(full_name),
                Some(birth_date),
                Some(location),
                Some(preferred_language),
            ) => Ok(Registration {
                email,
                password,
                full_name,
                birth_date,
                location,
                preferred_language,
            }),
            _ => Err(fields.into_error()),
        }
    }
}

fn check_birth_date(date: NaiveDate) -> Result<NaiveDate, &'static str> {
    if date.year() >= EARLIEST_BIRTH_YEAR && date <= Utc::now().date_naive() {
        Ok(date)
    } else {
        Err("must be a date since 1900, not in the future")
    }
}

/// The shape of a BCP 47 tag: letters and digits in groups of at most eight, joined by hyphens.
fn check_language(tag: String) -> Result<String, &'static str> {
    let is_group = |group: &str| {
        (1..=8).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    if Text::<35>::parse(&tag).is_ok() && tag.len() >= 2 && tag.split('-').all(is_group) {
        Ok(tag)
    } else {
        Err("must be a language tag such as en or zh-Hant")
    }
}
