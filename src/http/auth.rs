//! `/auth`: registering and signing in. Going on and leaving is in `sessions.rs`, the account in `account.rs`.

use axum::Json as Answer;
use axum::extract::State;
use chrono::NaiveDate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::document::{Created, values};
use super::error::ApiError;
use super::extract::Json;
use super::moment;
use super::sessions::Tokens;
use super::validate::Fields;
use crate::domain::audit::Origin;
use crate::domain::passwords::Password;
use crate::domain::profile::{BirthDate, LanguageTag};
use crate::domain::sessions::Opened;
use crate::domain::sign_in::Desk;
use crate::domain::text::Label;
use crate::domain::users::{Email, Registration, User};

/// What somebody registers with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterRequest {
    #[schema(value_type = values::EmailAddress)]
    email: String,
    #[schema(value_type = values::NewPassword)]
    password: SecretString,
    #[schema(value_type = Option<values::LabelText>)]
    full_name: Option<String>,
    /// Since 1900, not in the future.
    #[serde(default, deserialize_with = "moment::optional")]
    birth_date: Option<NaiveDate>,
    #[schema(value_type = Option<values::LabelText>)]
    location: Option<String>,
    #[schema(value_type = Option<values::LanguageTagText>)]
    preferred_language: Option<String>,
}

/// What somebody signs in with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginRequest {
    email: String,
    #[schema(value_type = values::KnownPassword)]
    password: SecretString,
}

/// A user, and the tokens that speak for the user.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionBody {
    user: User,
    tokens: Tokens,
}

/// `POST /auth/register`
pub(super) async fn register(
    State(app): State<App>,
    origin: Origin,
    Json(request): Json<RegisterRequest>,
) -> Result<Created<SessionBody>, ApiError> {
    let registration = request.check()?;
    let opened = app
        .desk(&origin)
        .register(registration, app.welcome_points)
        .await?;
    Ok(Created(SessionBody::of(&app, opened)?))
}

/// `POST /auth/login`
pub(super) async fn log_in(
    State(app): State<App>,
    origin: Origin,
    Json(request): Json<LoginRequest>,
) -> Result<Answer<SessionBody>, ApiError> {
    let desk = app.desk(&origin);
    let opened = desk.log_in(&request.email, request.password).await?;
    Ok(Answer(SessionBody::of(&app, opened)?))
}

impl App {
    /// Where passwords are looked at, for a request.
    pub(super) fn desk<'a>(&'a self, origin: &'a Origin) -> Desk<'a> {
        Desk {
            db: &self.db,
            hasher: &self.hasher,
            rules: &self.sessions,
            origin,
        }
    }
}

impl SessionBody {
    fn of(app: &App, opened: Opened) -> Result<Self, ApiError> {
        Ok(Self {
            user: opened.user,
            tokens: Tokens::of(app, &opened.continued)?,
        })
    }
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
        let birth_date = fields.check_optional("birth_date", self.birth_date.map(BirthDate::new));
        let location =
            fields.check_optional("location", self.location.as_deref().map(Label::parse));
        let language = self.preferred_language.as_deref().map(LanguageTag::parse);
        let language = fields.check_optional("preferred_language", language);
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
                preferred_language: preferred_language.unwrap_or_default(),
            }),
            _ => Err(fields.into_error()),
        }
    }
}
