//! The statements of `queries/admin/users.sql`, in the types of the domain.

use std::sync::Arc;

use super::queries::admin::users as sql;
use super::queries::client::Params as _;
use super::{Database, DbError, Retry, audit};
use crate::domain::administration::{Change, Position, Search, Standing, Verdict};
use crate::domain::audit::{Origin, Outcome};
use crate::domain::ids::UserId;
use crate::domain::users::{Email, User};

impl Database {
    /// At most `limit` users of a search after a position: by address if the search names one, else newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn search_users(
        &self,
        search: &Search,
        after: Option<Position>,
        limit: i64,
    ) -> Result<Vec<User>, DbError> {
        let role = search.role.map(|role| role.name());
        let status = search.status.map(|status| status.name());
        let before_id = match &after {
            Some(Position::Id(id)) => id.0,
            _ => i64::MAX,
        };
        let after_email = match &after {
            Some(Position::Email(email)) => email.as_str(),
            _ => "",
        };
        let rows = self
            .statement("search_users", Retry::Repeatable, |client| async move {
                let client = &**client;
                match (&search.email_prefix, role, status) {
                    (Some(prefix), ..) => {
                        let parameters = &sql::PageByEmailParams {
                            email_prefix: prefix.as_str(),
                            prefix_end: &prefix.end(),
                            after_email,
                            role,
                            status,
                            limit,
                        };
                        sql::page_by_email().params(client, parameters).all().await
                    }
                    (None, Some(role), _) => {
                        let parameters = &sql::PageByRoleParams {
                            role,
                            before_id,
                            status,
                            limit,
                        };
                        sql::page_by_role().params(client, parameters).all().await
                    }
                    (None, None, Some(status)) => {
                        let parameters = &sql::PageByStatusParams {
                            status,
                            before_id,
                            limit,
                        };
                        sql::page_by_status().params(client, parameters).all().await
                    }
                    (None, None, None) => {
                        let parameters = &sql::PageParams { before_id, limit };
                        sql::page().params(client, parameters).all().await
                    }
                }
            })
            .await?;
        Ok(rows.into_iter().map(User::from).collect())
    }

    /// The user of an address.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn user_by_email(&self, email: &Email) -> Result<Option<User>, DbError> {
        self.statement("user_by_email", Retry::Repeatable, |client| async move {
            sql::user_by_email()
                .bind(&**client, &email.as_str())
                .opt()
                .await
        })
        .await
        .map(|user| user.map(User::from))
    }

    /// Changes role or status of a user, with its entry, as [`Change::decide`] says: on rows that are locked, all active
    /// admins in the order of their ids and then the user, so that nobody decides on what is about to change.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn change_user(
        &self,
        change: &Change,
        origin: &Origin,
    ) -> Result<(Verdict, Option<User>), DbError> {
        // A transaction may be run again, so each run owns what it needs.
        let request = Arc::new((change.clone(), origin.clone()));
        // Sent again after a lost connection, it finds the account changed.
        self.transaction("change_user", Retry::Repeatable, move |transaction| {
            let request = Arc::clone(&request);
            Box::pin(async move {
                let (change, origin) = &*request;
                let admins = sql::lock_active_admins().bind(transaction).all().await?;
                let admins: Vec<UserId> = admins.into_iter().map(UserId).collect();
                let lock = async |id: UserId| {
                    let user = sql::lock_user().bind(transaction, &id.0).opt().await?;
                    Ok::<_, tokio_postgres::Error>(user.map(User::from))
                };
                let actor = lock(change.actor).await?;
                let target = lock(change.user_id).await?;
                let verdict = change.decide(actor.as_ref(), target.as_ref(), &admins);
                if verdict != Verdict::Change {
                    return Ok((verdict, target));
                }
                let (role, status) = match change.to {
                    Standing::Role(role) => (Some(role.name()), None),
                    Standing::Status(status) => (None, Some(status.name())),
                };
                let parameters = &sql::ChangeStandingParams {
                    role,
                    status,
                    user_id: change.user_id.0,
                };
                let changed = sql::change_standing()
                    .params(transaction, parameters)
                    .one()
                    .await?;
                let entry = change.entry(Outcome::Success, origin, target.as_ref());
                audit::write(transaction, &entry).await?;
                Ok((verdict, Some(User::from(changed))))
            })
        })
        .await
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
