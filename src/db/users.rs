//! The statements of `queries/users.sql`, in the types of the domain.

use std::sync::Arc;

use super::queries::client::Params as _;
use super::queries::users as sql;
use super::sessions::Opening;
use super::{Database, DbError, Retry, audit};
use crate::domain::audit::Entry;
use crate::domain::ids::UserId;
use crate::domain::profile::BirthDate;
use crate::domain::sessions::Session;
use crate::domain::users::{Email, Registration, Role, User};

impl Database {
    /// Registers a user with a wallet, books the welcome points unless they are 0, and opens a session.
    ///
    /// # Errors
    /// `users_email_key` when the address is taken.
    pub async fn register_user(
        &self,
        registration: &Registration,
        password_hash: &str,
        welcome_points: i64,
        opening: &Opening,
        entry: &Entry,
    ) -> Result<User, DbError> {
        // The transaction may be tried again, so it has what it needs to itself.
        let request = Arc::new((
            registration.clone(),
            password_hash.to_owned(),
            opening.clone(),
            entry.clone(),
        ));
        self.transaction("register_user", Retry::Unchanged, move |transaction| {
            let request = Arc::clone(&request);
            Box::pin(async move {
                let (registration, password_hash, opening, entry) = &*request;
                let parameters = &sql::RegisterUserParams {
                    email: registration.email.as_str(),
                    password_hash: password_hash.as_str(),
                    full_name: registration.full_name.as_ref().map(|name| name.as_str()),
                    birth_date: registration.birth_date.map(BirthDate::get),
                    location: registration.location.as_ref().map(|place| place.as_str()),
                    preferred_language: registration.preferred_language.as_str(),
                    welcome_points,
                };
                let registered = sql::register_user()
                    .params(transaction, parameters)
                    .one()
                    .await?;
                let id = UserId(registered.id);
                audit::write(transaction, &entry.clone().by(id).on(id)).await?;
                let parameters = &sign_in_parameters(id, password_hash, opening);
                // It is active: it has just been made.
                sql::sign_in().params(transaction, parameters).one().await
            })
        })
        .await
        .map(User::from)
    }

    /// Signs an active user in with the password that was checked; `None` when the account is not active or has another
    /// one by now.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sign_in(
        &self,
        account: &Credentials,
        opening: &Opening,
        entry: &Entry,
    ) -> Result<Option<User>, DbError> {
        let request = Arc::new((account.clone(), opening.clone(), entry.clone()));
        self.transaction("sign_in", Retry::Unchanged, move |transaction| {
            let request = Arc::clone(&request);
            Box::pin(async move {
                let (account, opening, entry) = &*request;
                let parameters =
                    &sign_in_parameters(account.user_id, &account.password_hash, opening);
                let user = sql::sign_in().params(transaction, parameters).opt().await?;
                if user.is_some() {
                    audit::write(transaction, entry).await?;
                }
                Ok(user)
            })
        })
        .await
        .map(|user| user.map(User::from))
    }

    /// Makes a user with a role and an empty wallet.
    ///
    /// # Errors
    /// `users_email_key` when the address is taken.
    pub async fn create_user_with_role(
        &self,
        email: &Email,
        password_hash: &str,
        role: Role,
    ) -> Result<User, DbError> {
        self.statement(
            "create_user_with_role",
            Retry::Unchanged,
            |client| async move {
                let parameters = &sql::CreateUserWithRoleParams {
                    email: email.as_str(),
                    password_hash,
                    role: role.name(),
                };
                sql::create_user_with_role()
                    .params(&**client, parameters)
                    .one()
                    .await
            },
        )
        .await
        .map(User::from)
    }

    /// One user.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, DbError> {
        self.statement("user_by_id", Retry::Repeatable, |client| async move {
            sql::user_by_id().bind(&**client, &id.0).opt().await
        })
        .await
        .map(|user| user.map(User::from))
    }

    /// The user of a session, unless it has ended.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn user_of_session(&self, session: Session) -> Result<Option<User>, DbError> {
        let parameters = &sql::UserOfSessionParams {
            session_id: session.id.0,
            user_id: session.user_id.0,
        };
        self.statement("user_of_session", Retry::Repeatable, |client| async move {
            sql::user_of_session()
                .params(&**client, parameters)
                .opt()
                .await
        })
        .await
        .map(|user| user.map(User::from))
    }

    /// Whose an address is, and what the password is checked against.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, DbError> {
        self.statement(
            "credentials_by_email",
            Retry::Repeatable,
            |client| async move {
                sql::credentials_by_email()
                    .bind(&**client, &email.as_str())
                    .opt()
                    .await
            },
        )
        .await
        .map(|found| found.map(Credentials::from))
    }

    /// The same of the user of a session, unless it has ended.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn credentials_of_session(
        &self,
        session: Session,
    ) -> Result<Option<Credentials>, DbError> {
        let parameters = &sql::CredentialsOfSessionParams {
            session_id: session.id.0,
            user_id: session.user_id.0,
        };
        self.statement(
            "credentials_of_session",
            Retry::Repeatable,
            |client| async move {
                sql::credentials_of_session()
                    .params(&**client, parameters)
                    .opt()
                    .await
            },
        )
        .await
        .map(|found| found.map(Credentials::from))
    }
}

fn sign_in_parameters<'a>(
    user: UserId,
    password_hash: &'a str,
    opening: &'a Opening,
) -> sql::SignInParams<&'a str, String, &'a str, &'a [u8]> {
    sql::SignInParams {
        user_id: user.0,
        password_hash,
        session_id: opening.session_id.0,
        lifetime_seconds: opening.lifetime.as_secs_f64(),
        ip_address: opening.origin.ip_address_text(),
        user_agent: opening.origin.user_agent(),
        token_hash: opening.token_hash.0.as_slice(),
    }
}

/// What a password is checked against.
#[derive(Clone)]
pub struct Credentials {
    /// Whose they are.
    pub user_id: UserId,
    /// Sign-in name.
    pub email: Email,
    /// Argon2id hash in PHC string format.
    pub password_hash: String,
    /// Whether the account may act at all.
    pub is_active: bool,
}

impl From<sql::Credentials> for Credentials {
    fn from(row: sql::Credentials) -> Self {
        Self {
            user_id: UserId(row.id),
            email: Email::stored(row.email),
            password_hash: row.password_hash,
            is_active: row.status == "active",
        }
    }
}

impl From<sql::User> for User {
    fn from(row: sql::User) -> Self {
        Self {
            id: UserId(row.id),
            email: row.email,
            role: row.role,
            status: row.status,
            full_name: row.full_name,
            birth_date: row.birth_date,
            location: row.location,
            preferred_language: row.preferred_language,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_login_at: row.last_login_at,
        }
    }
}
