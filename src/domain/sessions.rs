//! Sessions: continuing one with its refresh token, and ending one or all. Each refresh token is taken once. Who presents
//! one that was replaced has stolen it, or was robbed of it, and nobody can tell which: the session ends.
//!
//! There is no grace for a client that lost the answer to a refresh. It would have to be granted to a thief as well, so
//! such a client signs in again.

use std::time::Duration;

use super::audit::{Entry, Origin, Outcome};
use super::ids::{SessionId, UserId};
use super::login_limits::LoginLimits;
use super::refresh_tokens::RefreshToken;
use super::users::User;
use crate::db::{Database, DbError};

/// How many rows are removed by one statement.
const REMOVED_ROWS: i64 = 1_000;

/// What sessions are allowed.
#[derive(Debug, Clone, Copy)]
pub struct SessionRules {
    /// How long a refresh token is good; each refresh gives as much again.
    pub refresh_token_lifetime: Duration,
    /// How often passwords may be tried.
    pub login_limits: LoginLimits,
}

/// A session, as an access token names it. It may have ended since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Identifier.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
}

/// A session that may go on, and the token to go on with.
#[derive(Debug)]
pub struct Continued {
    /// The session.
    pub session: Session,
    /// Its newest token.
    pub refresh_token: RefreshToken,
}

/// A user who has just signed in.
#[derive(Debug)]
pub struct Opened {
    /// The user.
    pub user: User,
    /// The session, and its first token.
    pub continued: Continued,
}

/// Why a session was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationReason {
    /// The user left.
    Logout,
    /// The user left everywhere.
    LogoutAll,
    /// The password was changed in another session.
    PasswordChange,
    /// A token was presented for the second time.
    TokenReuse,
}

impl RevocationReason {
    /// The name that the database uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::LogoutAll => "logout_all",
            Self::PasswordChange => "password_change",
            Self::TokenReuse => "token_reuse",
        }
    }
}

/// How a refresh token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenStanding {
    /// The session that it is of.
    pub session: Session,
    /// Whether it was exchanged for another one.
    pub is_replaced: bool,
    /// Whether it has expired, or its session has ended.
    pub is_over: bool,
    /// Whether the user may act.
    pub is_active: bool,
}

/// Why a session does not go on.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Not a token of ours, or no longer one.
    #[error("the refresh token is not valid; sign in again")]
    InvalidToken,
    /// The token was used before, and its session is over now.
    #[error("the refresh token was used before, so its session was ended; sign in again")]
    TokenReused,
    /// The session of the access token has ended.
    #[error("the session has ended; sign in again")]
    Ended,
    /// The account is suspended, inactive or banned.
    #[error("the account is not active")]
    NotActive,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Exchanges a refresh token for its successor.
///
/// # Errors
/// If the token is not good, or the account is not active. Of several who come with one token, one gets the successor;
/// for the others it was used before.
pub async fn refresh(
    db: &Database,
    rules: &SessionRules,
    token: &RefreshToken,
    origin: &Origin,
) -> Result<Continued, SessionError> {
    let successor = RefreshToken::random();
    let lifetime = rules.refresh_token_lifetime;
    let mut session = db
        .refresh_session(token.hash(), successor.hash(), lifetime)
        .await?;
    if session.is_none() {
        // The connection may have been lost after it was done: only we know the successor.
        let known = db.refresh_token_standing(successor.hash()).await?;
        session = known.map(|standing| standing.session);
    }
    match session {
        Some(session) => Ok(Continued {
            session,
            refresh_token: successor,
        }),
        None => Err(of_token(db, token, origin)
            .await
            .err()
            // It has become good since: tell the client to try again by refusing it, as it was when it came.
            .unwrap_or(SessionError::InvalidToken)),
    }
}

/// The session that a refresh token is of, if the token is good. One that was replaced ends the session.
///
/// # Errors
/// If the token is not good, or the account is not active.
pub async fn of_token(
    db: &Database,
    token: &RefreshToken,
    origin: &Origin,
) -> Result<Session, SessionError> {
    let standing = db.refresh_token_standing(token.hash()).await?;
    let standing = standing.ok_or(SessionError::InvalidToken)?;
    let session = standing.session;
    if standing.is_replaced {
        let entry = entry_of("auth.refresh", Outcome::Refused, session, origin)
            .with("reason", RevocationReason::TokenReuse.name());
        db.revoke_session(session, RevocationReason::TokenReuse, &entry)
            .await?;
        Err(SessionError::TokenReused)
    } else if standing.is_over {
        Err(SessionError::InvalidToken)
    } else if !standing.is_active {
        Err(SessionError::NotActive)
    } else {
        Ok(session)
    }
}

/// Ends a session, or with it all sessions of its user.
///
/// # Errors
/// If it has ended already.
pub async fn log_out(
    db: &Database,
    session: Session,
    everywhere: bool,
    origin: &Origin,
) -> Result<(), SessionError> {
    let entry =
        entry_of("auth.logout", Outcome::Success, session, origin).with("everywhere", everywhere);
    let was_there = if everywhere {
        db.revoke_all_sessions(session, RevocationReason::LogoutAll, &entry)
            .await?
    } else {
        db.revoke_session(session, RevocationReason::Logout, &entry)
            .await?
    };
    was_there.then_some(()).ok_or(SessionError::Ended)
}

/// Why nothing was done for a session that asked for it: it has ended, or the account is not active.
pub(super) async fn refusal(db: &Database, session: Session) -> SessionError {
    match db.authority(session).await {
        Ok(Some(authority)) if !authority.is_active => SessionError::NotActive,
        Ok(_) => SessionError::Ended,
        Err(error) => SessionError::Database(error),
    }
}

/// An entry of the audit log about a session and its user.
pub(super) fn entry_of(
    action: &'static str,
    outcome: Outcome,
    session: Session,
    origin: &Origin,
) -> Entry {
    Entry::new(action, "user", outcome, origin)
        .by(session.user_id)
        .on(session.user_id)
        .with("session_id", session.id.to_string())
}

/// Removes sessions, tokens and counted attempts whose time is over, and returns how many rows that were. Many may do it at
/// once; each takes what no other has.
///
/// # Errors
/// If the database fails; what was removed until then is gone.
pub async fn remove_expired(db: &Database) -> Result<u64, DbError> {
    let mut removed = 0;
    // Tokens before the sessions that they refer to.
    while removed_all(
        db.remove_expired_refresh_tokens(REMOVED_ROWS).await?,
        &mut removed,
    ) {}
    while removed_all(
        db.remove_expired_sessions(REMOVED_ROWS).await?,
        &mut removed,
    ) {}
    while removed_all(
        db.remove_expired_login_limits(REMOVED_ROWS).await?,
        &mut removed,
    ) {}
    Ok(removed)
}

/// Counts a batch; says whether there may be another one.
fn removed_all(batch: usize, removed: &mut u64) -> bool {
    *removed += batch as u64;
    batch as i64 == REMOVED_ROWS
}
