//! The profile of a user: what readings need to know, and what of it is accepted.

use chrono::{Datelike as _, NaiveDate, Utc};

use super::audit::{Origin, Outcome};
use super::sessions::{self, Session, SessionError};
use super::text::{Label, Text};
use super::users::User;
use crate::db::Database;

/// Nobody is older.
const EARLIEST_BIRTH_YEAR: i32 = 1900;

/// A day that somebody can be born on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BirthDate(NaiveDate);

/// A day that nobody alive is born on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a date since 1900, not in the future")]
pub struct BirthDateError;

impl BirthDate {
    /// Checks a date.
    ///
    /// # Errors
    /// If it is before 1900 or after today.
    pub fn new(date: NaiveDate) -> Result<Self, BirthDateError> {
        if date.year() >= EARLIEST_BIRTH_YEAR && date <= Utc::now().date_naive() {
            Ok(Self(date))
        } else {
            Err(BirthDateError)
        }
    }

    /// The date.
    pub fn get(self) -> NaiveDate {
        self.0
    }
}

/// How long a language tag may be.
pub const MAX_LANGUAGE_TAG_CHARACTERS: usize = 35;

/// A language tag of the shape of BCP 47: letters and digits in groups of at most eight, joined by hyphens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageTag(String);

/// A text that is no language tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a language tag such as en or zh-Hant")]
pub struct LanguageTagError;

impl LanguageTag {
    /// Checks a tag.
    ///
    /// # Errors
    /// If it does not have that shape, or not 2 to 35 characters.
    pub fn parse(tag: &str) -> Result<Self, LanguageTagError> {
        let is_group = |group: &str| {
            (1..=8).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        if Text::<MAX_LANGUAGE_TAG_CHARACTERS>::parse(tag).is_ok()
            && tag.len() >= 2
            && tag.split('-').all(is_group)
        {
            Ok(Self(tag.to_owned()))
        } else {
            Err(LanguageTagError)
        }
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LanguageTag {
    fn default() -> Self {
        Self("en".to_owned())
    }
}

/// A change of a profile. The outer `None` leaves a field as it is; an inner one clears it.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    /// Name as the user writes it.
    pub full_name: Option<Option<Label>>,
    /// Date of birth.
    pub birth_date: Option<Option<BirthDate>>,
    /// Place.
    pub location: Option<Option<Label>>,
    /// Language of the readings; cannot be cleared, only set to the default.
    pub preferred_language: Option<LanguageTag>,
}

impl ProfileChange {
    /// The names of the fields that it sets.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("full_name", self.full_name.is_some()),
            ("birth_date", self.birth_date.is_some()),
            ("location", self.location.is_some()),
            ("preferred_language", self.preferred_language.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, is_set)| is_set.then_some(name))
        .collect()
    }
}

/// Changes the profile of the user of a session.
///
/// # Errors
/// If the session has ended, or the account is not active.
pub async fn change(
    db: &Database,
    session: Session,
    change: ProfileChange,
    origin: &Origin,
) -> Result<User, SessionError> {
    // Which fields, and not what they hold: the audit log is for ever.
    let entry = sessions::entry_of("auth.change_profile", Outcome::Success, session, origin)
        .with("fields", change.fields());
    match db.change_profile(session, change, &entry).await? {
        Some(user) => Ok(user),
        None => Err(sessions::refusal(db, session).await),
    }
}
