//! The statements of `queries/sessions.sql`, in the types of the domain. What the user of a session changes of the account is
//! in `account`.

mod account;

use std::sync::Arc;
use std::time::Duration;

use super::queries::client::Params as _;
use super::queries::sessions as sql;
use super::{Database, DbError, Retry, audit};
use crate::domain::audit::{Entry, Origin};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::refresh_tokens::TokenHash;
use crate::domain::sessions::{RevocationReason, Session, TokenStanding};
use crate::domain::users::Role;

/// How many tokens of a session are remembered: more than one that is refreshed twice an hour has in its thirty days.
const REMEMBERED_TOKENS: i32 = 2_000;

/// A session that is about to be opened.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Identifier.
    pub session_id: SessionId,
    /// Of its first refresh token.
    pub token_hash: TokenHash,
    /// How long that one is good.
    pub lifetime: Duration,
    /// Where the sign-in comes from.
    pub origin: Origin,
}

/// What decides whether a request of a user may be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority {
    /// The role; `None` for one of a newer release, which grants nothing here.
    pub role: Option<Role>,
    /// Whether the account may act at all.
    pub is_active: bool,
}

impl Database {
    /// Exchanges a refresh token for its successor; `None` when it is not good, or when a lost connection hid that it was
    /// done: then the successor is there.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn refresh_session(
        &self,
        token: TokenHash,
        successor: TokenHash,
        lifetime: Duration,
    ) -> Result<Option<Session>, DbError> {
        let parameters = &sql::RefreshParams {
            token_hash: token.0.as_slice(),
            lifetime_seconds: lifetime.as_secs_f64(),
            remembered_tokens: REMEMBERED_TOKENS,
            successor_hash: successor.0.as_slice(),
        };
        self.statement("refresh", Retry::Repeatable, |client| async move {
            sql::refresh().params(&**client, parameters).opt().await
        })
        .await
        .map(|refreshed| {
            refreshed.map(|row| Session {
                id: SessionId(row.session_id),
                user_id: UserId(row.user_id),
            })
        })
    }

    /// How a refresh token stands; `None` when it is none, or was removed.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn refresh_token_standing(
        &self,
        token: TokenHash,
    ) -> Result<Option<TokenStanding>, DbError> {
        let hash = &token.0.as_slice();
        self.statement(
            "refresh_token_standing",
            Retry::Repeatable,
            |client| async move {
                sql::refresh_token_standing()
                    .bind(&**client, hash)
                    .opt()
                    .await
            },
        )
        .await
        .map(|found| {
            found.map(|row| TokenStanding {
                session: Session {
                    id: SessionId(row.session_id),
                    user_id: UserId(row.user_id),
                },
                is_replaced: row.is_replaced,
                is_over: row.is_over,
                is_active: row.status == "active",
            })
        })
    }

    /// Ends a session, and says whether it had not ended before; only then the entry is written.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn revoke_session(
        &self,
        session: Session,
        reason: RevocationReason,
        entry: &Entry,
    ) -> Result<bool, DbError> {
        let entry = Arc::new(entry.clone());
        self.transaction("revoke_session", Retry::Unchanged, move |transaction| {
            let entry = Arc::clone(&entry);
            Box::pin(async move {
                let parameters = &revocation(session, reason);
                let revoked = sql::revoke_session()
                    .params(transaction, parameters)
                    .opt()
                    .await?;
                if revoked.is_some() {
                    audit::write(transaction, &entry).await?;
                }
                Ok(revoked.is_some())
            })
        })
        .await
    }

    /// Ends a session and with it all others of its user, and says whether it had not ended before; only then anything
    /// is done.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn revoke_all_sessions(
        &self,
        session: Session,
        reason: RevocationReason,
        entry: &Entry,
    ) -> Result<bool, DbError> {
        let entry = Arc::new(entry.clone());
        self.transaction(
            "revoke_all_sessions",
            Retry::Unchanged,
            move |transaction| {
                let entry = Arc::clone(&entry);
                Box::pin(async move {
                    let parameters = &revocation(session, reason);
                    let revoked = sql::revoke_session()
                        .params(transaction, parameters)
                        .opt()
                        .await?;
                    if revoked.is_none() {
                        return Ok(false);
                    }
                    sql::revoke_other_sessions()
                        .params(transaction, &other_revocation(session, reason))
                        .all()
                        .await?;
                    audit::write(transaction, &entry).await?;
                    Ok(true)
                })
            },
        )
        .await
    }

    /// Role and status of the user of a session, as they are now; `None` when the session has ended.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn authority(&self, session: Session) -> Result<Option<Authority>, DbError> {
        let parameters = &sql::AuthorityOfSessionParams {
            session_id: session.id.0,
            user_id: session.user_id.0,
        };
        self.statement(
            "authority_of_session",
            Retry::Repeatable,
            |client| async move {
                sql::authority_of_session()
                    .params(&**client, parameters)
                    .opt()
                    .await
            },
        )
        .await
        .map(|found| {
            found.map(|row| Authority {
                role: Role::from_name(&row.role),
                is_active: row.status == "active",
            })
        })
    }

    /// Removes refresh tokens that have expired, at most as many; returns how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_expired_refresh_tokens(&self, rows: i64) -> Result<usize, DbError> {
        self.statement(
            "remove_expired_refresh_tokens",
            Retry::Repeatable,
            |client| async move {
                sql::remove_expired_refresh_tokens()
                    .bind(&**client, &rows)
                    .all()
                    .await
            },
        )
        .await
        .map(|removed| removed.len())
    }

    /// Removes sessions that have expired and whose tokens are removed, at most as many; returns how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_expired_sessions(&self, rows: i64) -> Result<usize, DbError> {
        self.statement(
            "remove_expired_sessions",
            Retry::Repeatable,
            |client| async move {
                sql::remove_expired_sessions()
                    .bind(&**client, &rows)
                    .all()
                    .await
            },
        )
        .await
        .map(|removed| removed.len())
    }
}

fn revocation(
    session: Session,
    reason: RevocationReason,
) -> sql::RevokeSessionParams<&'static str> {
    sql::RevokeSessionParams {
        reason: reason.name(),
        session_id: session.id.0,
        user_id: session.user_id.0,
    }
}

fn other_revocation(
    kept: Session,
    reason: RevocationReason,
) -> sql::RevokeOtherSessionsParams<&'static str> {
    sql::RevokeOtherSessionsParams {
        reason: reason.name(),
        user_id: kept.user_id.0,
        kept_session_id: kept.id.0,
    }
}
