//! Users: who they are, what they register with, and what is refused. Signing in is in `sign_in.rs`.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::ids::UserId;
use super::passwords::{HashError, Hasher, Password, PasswordError};
use super::profile::{BirthDate, LanguageTag};
use super::sessions::SessionError;
use super::text::Label;
use crate::db::{Database, DbError};

/// How long an email address may be.
pub const MAX_EMAIL_CHARACTERS: usize = 254;

/// An email address in lower case, so that uniqueness ignores case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

/// A text that is no email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an email address of at most {MAX_EMAIL_CHARACTERS} characters")]
pub struct EmailError;

impl Email {
    /// Takes an address as the database has it.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    /// Checks an address and folds it to lower case.
    ///
    /// # Errors
    /// If it is not a plain ASCII address after RFC 5321.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        let options = email_address::Options::default()
            .without_display_text()
            .without_domain_literal();
        let is_address = text.len() <= MAX_EMAIL_CHARACTERS
            && text.is_ascii()
            && email_address::EmailAddress::parse_with_options(text, options.with_required_tld())
                .is_ok();
        if is_address {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(EmailError)
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or(&*self.0, |(local, _)| local)
    }
}

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Uses the service.
    User,
    /// Sees other users.
    Moderator,
    /// Administers users and points.
    Admin,
    /// A program: the payment provider, a worker.
    Service,
}

impl Role {
    /// Every role, by the name that the database and the API use.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("user", Self::User),
        ("moderator", Self::Moderator),
        ("admin", Self::Admin),
        ("service", Self::Service),
    ];

    /// The role of a name; `None` for one that this release does not know, and so grants nothing.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .into_iter()
            .find_map(|(known, role)| (known == name).then_some(role))
    }

    /// The name that the database and the API use.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
            Self::Service => "service",
        }
    }
}

/// A user, as the user may see it. Role and status are text here: a newer release may have more of them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[allow(missing_docs)] // The columns of the table, each described there.
pub struct User {
    pub id: UserId,
    pub email: String,
    pub role: String,
    pub status: String,
    pub full_name: Option<String>,
    pub birth_date: Option<NaiveDate>,
    pub location: Option<String>,
    pub preferred_language: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub last_login_at: Option<DateTime<Utc>>,
}

/// What somebody registers with.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Sign-in name.
    pub email: Email,
    /// Checked against the email already.
    pub password: Password,
    /// Name as the user writes it.
    pub full_name: Option<Label>,
    /// Date of birth.
    pub birth_date: Option<BirthDate>,
    /// Place.
    pub location: Option<Label>,
    /// Language of the readings.
    pub preferred_language: LanguageTag,
}

/// Why registering, signing in, changing the password or creating a user is refused.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// Somebody has this address.
    #[error("a user with this email address exists")]
    EmailTaken,
    /// No such address, or another password: the two are not told apart.
    #[error("email address or password is wrong")]
    WrongCredentials,
    /// The account is suspended, inactive or banned.
    #[error("the account is not active")]
    NotActive,
    /// The password was tried too often; it was not looked at.
    #[error("too many attempts; try again later")]
    TooManyAttempts {
        /// When it may be tried again.
        retry_after: Duration,
    },
    /// The current password, which a change of it takes, is another one.
    #[error("is not the current password")]
    WrongPassword,
    /// The new password is the current one.
    #[error("must not be the current password")]
    SamePassword,
    /// The new password is not acceptable.
    #[error(transparent)]
    NewPassword(PasswordError),
    /// The session does not go on.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

impl From<DbError> for UserError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Constraint { constraint } if constraint == "users_email_key" => {
                Self::EmailTaken
            }
            other => Self::Database(other),
        }
    }
}

/// Makes a user with a role and an empty wallet.
///
/// # Errors
/// If the address is taken.
pub async fn create_with_role(
    db: &Database,
    hasher: &Hasher,
    email: &Email,
    password: &Password,
    role: Role,
) -> Result<User, UserError> {
    let password_hash = hasher.hash(password).await?;
    Ok(db
        .create_user_with_role(email, &password_hash, role)
        .await?)
}
