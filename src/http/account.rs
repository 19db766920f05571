//! `/auth/me`, `/auth/profile` and `/auth/password`: the account of who is signed in.

use axum::Json as Answer;
use axum::extract::State;
use axum::response::NoContent;
use chrono::NaiveDate;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::App;
use super::document::values;
use super::error::ApiError;
use super::extract::Json;
use super::identity::InSession;
use super::moment;
use super::validate::Fields;
use crate::domain::audit::Origin;
use crate::domain::profile::{self, BirthDate, LanguageTag, ProfileChange};
use crate::domain::text::Label;
use crate::domain::users::User;

/// `GET /auth/me`
pub(super) async fn me(
    State(app): State<App>,
    InSession(session): InSession,
) -> Result<Answer<User>, ApiError> {
    let user = app.db.user_of_session(session).await?;
    user.map(Answer).ok_or(ApiError::SessionEnded)
}

/// What is to change of a profile: a field that is left out stays, and null clears it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileRequest {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<values::LabelText>)]
    full_name: Option<Option<String>>,
    /// Since 1900, not in the future.
    #[serde(default, deserialize_with = "moment::present")]
    #[schema(value_type = Option<NaiveDate>)]
    birth_date: Option<Option<NaiveDate>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<values::LabelText>)]
    location: Option<Option<String>>,
    /// Null is the default, en.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<values::LanguageTagText>)]
    preferred_language: Option<Option<String>>,
}

/// `PUT /auth/profile`
pub(super) async fn change_profile(
    State(app): State<App>,
    origin: Origin,
    InSession(session): InSession,
    Json(request): Json<ProfileRequest>,
) -> Result<Answer<User>, ApiError> {
    let change = request.check()?;
    let user = profile::change(&app.db, session, change, &origin).await?;
    Ok(Answer(user))
}

/// The password as it is, and as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordRequest {
    #[schema(value_type = values::KnownPassword)]
    current_password: SecretString,
    #[schema(value_type = values::NewPassword)]
    new_password: SecretString,
}

/// `PUT /auth/password`
pub(super) async fn change_password(
    State(app): State<App>,
    origin: Origin,
    InSession(session): InSession,
    Json(request): Json<PasswordRequest>,
) -> Result<NoContent, ApiError> {
    app.desk(&origin)
        .change_password(session, request.current_password, request.new_password)
        .await?;
    Ok(NoContent)
}

/// `Some(None)` for null, where serde takes null for a field that is left out.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl ProfileRequest {
    fn check(self) -> Result<ProfileChange, ApiError> {
        let mut fields = Fields::default();
        let label = |text: Option<Option<String>>| {
            text.map(|text| text.as_deref().map(Label::parse).transpose())
        };
        let full_name = fields.check_optional("full_name", label(self.full_name));
        let birth_date = self
            .birth_date
            .map(|date| date.map(BirthDate::new).transpose());
        let birth_date = fields.check_optional("birth_date", birth_date);
        let location = fields.check_optional("location", label(self.location));
        let language = self.preferred_language.map(|tag| match tag {
            Some(tag) => LanguageTag::parse(&tag),
            None => Ok(LanguageTag::default()),
        });
        let language = fields.check_optional("preferred_language", language);
        match (full_name, birth_date, location, language) {
            (Some(full_name), Some(birth_date), Some(location), Some(preferred_language)) => {
                Ok(ProfileChange {
                    full_name,
                    birth_date,
                    location,
                    preferred_language,
                })
            }
            _ => Err(fields.into_error()),
        }
    }
}
