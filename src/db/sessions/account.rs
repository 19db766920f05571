//! What the user of a session changes of the account: password and profile, while the session goes on.

use std::sync::Arc;

use super::other_revocation;
use crate::db::queries::client::Params as _;
use crate::db::queries::{sessions as sql, users as users_sql};
use crate::db::{Database, DbError, Retry, audit};
use crate::domain::audit::Entry;
use crate::domain::profile::{BirthDate, ProfileChange};
use crate::domain::sessions::{RevocationReason, Session};
use crate::domain::users::User;

impl Database {
    /// Gives the user of a session another password and ends the other sessions, in this order: who signs in with the
    /// old one at the same time either comes first, and is ended, or finds it changed. Says whether it was done.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn change_password(
        &self,
        session: Session,
        old_hash: &str,
        new_hash: &str,
        entry: &Entry,
    ) -> Result<bool, DbError> {
        let request = Arc::new((old_hash.to_owned(), new_hash.to_owned(), entry.clone()));
        self.transaction("change_password", Retry::Unchanged, move |transaction| {
            let request = Arc::clone(&request);
            Box::pin(async move {
                let (old_hash, new_hash, entry) = &*request;
                let parameters = &users_sql::ChangePasswordParams {
                    new_password_hash: new_hash.as_str(),
                    user_id: session.user_id.0,
                    old_password_hash: old_hash.as_str(),
                    session_id: session.id.0,
                };
                let changed = users_sql::change_password()
                    .params(transaction, parameters)
                    .opt()
                    .await?;
                if changed.is_none() {
                    return Ok(false);
                }
                let others = other_revocation(session, RevocationReason::PasswordChange);
                let ended = sql::revoke_other_sessions()
                    .params(transaction, &others)
                    .all()
                    .await?;
                let entry = entry.clone().with("ended_sessions", ended.len());
                audit::write(transaction, &entry).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Changes the profile of the user of a session; `None` when the session or the account has ended.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn change_profile(
        &self,
        session: Session,
        change: ProfileChange,
        entry: &Entry,
    ) -> Result<Option<User>, DbError> {
        let request = Arc::new((change, entry.clone()));
        self.transaction("change_profile", Retry::Repeatable, move |transaction| {
            let request = Arc::clone(&request);
            Box::pin(async move {
                let (change, entry) = &*request;
                let (name, place) = (change.full_name.as_ref(), change.location.as_ref());
                let language = change.preferred_language.as_ref();
                let parameters = &users_sql::UpdateProfileParams {
                    sets_full_name: name.is_some(),
                    full_name: name.and_then(Option::as_ref).map(|name| name.as_str()),
                    sets_birth_date: change.birth_date.is_some(),
                    birth_date: change.birth_date.flatten().map(BirthDate::get),
                    sets_location: place.is_some(),
                    location: place.and_then(Option::as_ref).map(|place| place.as_str()),
                    sets_preferred_language: language.is_some(),
                    preferred_language: language.map_or("", |language| language.as_str()),
                    user_id: session.user_id.0,
                    session_id: session.id.0,
                };
                let user = users_sql::update_profile()
                    .params(transaction, parameters)
                    .opt()
                    .await?;
                if user.is_some() {
                    audit::write(transaction, entry).await?;
                }
                Ok(user)
            })
        })
        .await
        .map(|user| user.map(User::from))
    }
}
