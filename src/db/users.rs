//! The statements of `queries/users.sql`, in the types of the domain.

use super::queries::client::Params as _;
use super::queries::users as sql;
use super::{Database, DbError, Retry};
use crate::domain::ids::UserId;
use crate::domain::users::{Email, Registration, Role, User};

impl Database {
    /// Registers a user with a wallet, and books the welcome points unless they are 0.
    ///
    /// # Errors
    /// `users_email_key` when the address is taken.
    pub async fn register_user(
        &self,
        registration: &Registration,
        password_hash: &str,
        welcome_points: i64,
    ) -> Result<User, DbError> {
        self.statement("register_user", Retry::Unchanged, |client| async move {
            let parameters = &sql::RegisterUserParams {
                email: registration.email.as_str(),
                password_hash,
                full_name: registration.full_name.as_ref().map(|name| name.as_str()),
                birth_date: registration.birth_date,
                location: registration.location.as_ref().map(|place| place.as_str()),
                preferred_language: registration.preferred_language.as_str(),
                welcome_points,
            };
            sql::register_user()
                .params(&**client, parameters)
                .one()
                .await
        })
        .await
        .map(User::from)
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

    /// Who has an address, and the hash of the password.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn credentials(&self, email: &Email) -> Result<Option<(UserId, String)>, DbError> {
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
        .map(|found| found.map(|credentials| (UserId(credentials.id), credentials.password_hash)))
    }

    /// Records a sign-in; `None` when the account is not active.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn record_login(&self, id: UserId) -> Result<Option<User>, DbError> {
        self.statement("record_login", Retry::Repeatable, |client| async move {
            sql::record_login().bind(&**client, &id.0).opt().await
        })
        .await
        .map(|user| user.map(User::from))
    }

    /// Role and status as they are now.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn authority(&self, id: UserId) -> Result<Option<Authority>, DbError> {
        self.statement("authority_by_id", Retry::Repeatable, |client| async move {
            sql::authority_by_id().bind(&**client, &id.0).opt().await
        })
        .await
        .map(|found| {
            found.map(|row| Authority {
                role: Role::from_name(&row.role),
                is_active: row.status == "active",
            })
        })
    }
}

/// What decides whether a request of a user may be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority {
    /// The role; `None` for one of a newer release, which grants nothing here.
    pub role: Option<Role>,
    /// Whether the account may act at all.
    pub is_active: bool,
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
