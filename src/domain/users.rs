//! Users: registering, signing in, and what they are allowed.

use chrono::{DateTime, NaiveDate, Utc};
use secrecy::SecretString;
use serde::Serialize;

use super::ids::UserId;
use super::passwords::{HashError, Hasher, Password};
use super::text::Label;
use crate::db::{Database, DbError};

/// An email address in lower case, so that uniqueness ignores case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

/// A text that is no email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an email address of at most 254 characters")]
pub struct EmailError;

impl Email {
    /// Checks an address and folds it to lower case.
    ///
    /// # Errors
    /// If it is not a plain ASCII address after RFC 5321.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        let options = email_address::Options::default()
            .without_display_text()
            .without_domain_literal();
        let is_address = text.len() <= 254
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
#[derive(Debug, Clone, PartialEq, Serialize)]
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
#[derive(Debug)]
pub struct Registration {
    /// Sign-in name.
    pub email: Email,
    /// Checked against the email already.
    pub password: Password,
    /// Name as the user writes it.
    pub full_name: Option<Label>,
    /// Date of birth.
    pub birth_date: Option<NaiveDate>,
    /// Place.
    pub location: Option<Label>,
    /// Language tag.
    pub preferred_language: String,
}

/// Why registering, signing in or creating a user is refused.
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

/// Registers a user, with a wallet that holds the welcome points.
///
/// # Errors
/// If the address is taken.
pub async fn register(
    db: &Database,
    hasher: &Hasher,
    registration: Registration,
    welcome_points: i64,
) -> Result<User, UserError> {
    let password_hash = hasher.hash(&registration.password).await?;
    Ok(db
        .register_user(&registration, &password_hash, welcome_points)
        .await?)
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

/// Signs a user in with a password.
///
/// # Errors
/// If address or password are wrong, or the account is not active. That the account is not active is
/// told only to those who know the password.
pub async fn log_in(
    db: &Database,
    hasher: &Hasher,
    email: &str,
    password: SecretString,
) -> Result<User, UserError> {
    // What cannot be an address is no account; it takes as long as any other.
    let credentials = match Email::parse(email) {
        Ok(email) => db.credentials(&email).await?,
        Err(EmailError) => None,
    };
    let (id, hash) = credentials.unzip();
    let matches = hasher.verify(password, hash).await?;
    match id {
        Some(id) if matches => db.record_login(id).await?.ok_or(UserError::NotActive),
        _ => Err(UserError::WrongCredentials),
    }
}
