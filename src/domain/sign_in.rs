//! What passwords are for: registering, signing in, and changing the password. Whoever tries passwords is counted; each
//! change and each refusal has its entry in the audit log.

use secrecy::SecretString;

use super::audit::{self, Entry, Origin, Outcome};
use super::ids::{SessionId, UserId};
use super::login_limits::{Attempt, TooMany};
use super::passwords::{Hasher, Password};
use super::refresh_tokens::RefreshToken;
use super::sessions::{self, Continued, Opened, Session, SessionError, SessionRules};
use super::users::{Email, Registration, UserError};
use crate::db::Database;
use crate::db::sessions::Opening;
use crate::db::users::Credentials;

/// What it takes to sign somebody in.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The database.
    pub db: &'a Database,
    /// Checks passwords.
    pub hasher: &'a Hasher,
    /// What sessions are allowed.
    pub rules: &'a SessionRules,
    /// Where the request comes from.
    pub origin: &'a Origin,
}

impl Desk<'_> {
    /// Registers a user, with a wallet that holds the welcome points, and signs the user in.
    ///
    /// # Errors
    /// If the address is taken.
    pub async fn register(
        &self,
        registration: Registration,
        welcome_points: i64,
    ) -> Result<Opened, UserError> {
        let hash = self.hasher.hash(&registration.password).await?;
        let (opening, refresh_token) = self.opening();
        let entry = self
            .entry("auth.register", Outcome::Success)
            .with("session_id", opening.session_id.to_string());
        let registered = self
            .db
            .register_user(&registration, &hash, welcome_points, &opening, &entry)
            .await
            .map_err(UserError::from);
        match registered {
            Ok(user) => Ok(opened(user, &opening, refresh_token)),
            Err(error) => {
                if matches!(error, UserError::EmailTaken) {
                    let entry = self.entry("auth.register", Outcome::Refused);
                    self.refuse(entry, "email_taken").await;
                }
                Err(error)
            }
        }
    }

    /// Signs a user in with a password.
    ///
    /// # Errors
    /// If address or password are wrong, were tried too often, or the account is not active. That the account is not
    /// active is told only to those who know the password.
    pub async fn log_in(&self, email: &str, password: SecretString) -> Result<Opened, UserError> {
        // What cannot be an address is no account; it takes as long as any other.
        let email = Email::parse(email).ok();
        let attempt = self.begin(email.as_ref(), "auth.login", None).await?;
        let (account, matches) = match self.check(email.as_ref(), password).await {
            Ok(checked) => checked,
            Err(error) => {
                attempt.abandoned(self.db).await;
                return Err(error);
            }
        };
        let mut refusal = self.entry("auth.login", Outcome::Refused);
        if let Some(account) = &account {
            refusal = refusal.on(account.user_id);
        }
        let Some(account) = account.filter(|_| matches) else {
            self.refuse(refusal, "wrong_credentials").await;
            return Err(UserError::WrongCredentials);
        };
        attempt.succeeded(self.db).await;
        if !account.is_active {
            self.refuse(refusal, "not_active").await;
            return Err(UserError::NotActive);
        }
        let (opening, refresh_token) = self.opening();
        let entry = self
            .entry("auth.login", Outcome::Success)
            .by(account.user_id)
            .on(account.user_id)
            .with("session_id", opening.session_id.to_string());
        match self.db.sign_in(&account, &opening, &entry).await? {
            Some(user) => Ok(opened(user, &opening, refresh_token)),
            None => {
                self.refuse(refusal, "changed_meanwhile").await;
                Err(UserError::WrongCredentials)
            }
        }
    }

    /// Gives the user of a session another password, and ends the other sessions.
    ///
    /// # Errors
    /// If the current password is wrong or was tried too often, the new one is not acceptable, or the session has ended.
    pub async fn change_password(
        &self,
        session: Session,
        current: SecretString,
        new: SecretString,
    ) -> Result<(), UserError> {
        const ACTION: &str = "auth.change_password";
        let ended = || UserError::Session(SessionError::Ended);
        let account = self.db.credentials_of_session(session).await?;
        let account = account.ok_or_else(ended)?;
        if !account.is_active {
            return Err(UserError::NotActive);
        }
        // Before anything is hashed: what is not acceptable is told for nothing.
        let new = Password::parse(new, &account.email).map_err(UserError::NewPassword)?;
        let attempt = self
            .begin(Some(&account.email), ACTION, Some(session.user_id))
            .await?;
        let is_same = new.is(&current);
        let matches = self
            .hasher
            .verify(current, Some(account.password_hash.clone()));
        match matches.await {
            Ok(true) => attempt.succeeded(self.db).await,
            Ok(false) => {
                let entry = sessions::entry_of(ACTION, Outcome::Refused, session, self.origin);
                self.refuse(entry, "wrong_password").await;
                return Err(UserError::WrongPassword);
            }
            Err(error) => {
                attempt.abandoned(self.db).await;
                return Err(error.into());
            }
        }
        if is_same {
            return Err(UserError::SamePassword);
        }
        let hash = self.hasher.hash(&new).await?;
        let entry = sessions::entry_of(ACTION, Outcome::Success, session, self.origin);
        let changed = self
            .db
            .change_password(session, &account.password_hash, &hash, &entry)
            .await?;
        if changed {
            Ok(())
        } else {
            // Somebody else was faster: with another password, with logging out, or with closing the account.
            Err(sessions::refusal(self.db, session).await.into())
        }
    }

    /// Counts an attempt, or refuses it.
    async fn begin(
        &self,
        email: Option<&Email>,
        action: &'static str,
        user: Option<UserId>,
    ) -> Result<Attempt, UserError> {
        let limits = &self.rules.login_limits;
        match limits.begin(self.db, email, self.origin.ip_address).await? {
            Ok(attempt) => Ok(attempt),
            Err(TooMany {
                retry_after,
                is_first,
            }) => {
                if is_first {
                    let mut entry = self.entry(action, Outcome::Refused);
                    if let Some(user) = user {
                        entry = entry.by(user).on(user);
                    }
                    self.refuse(entry, "too_many_attempts").await;
                }
                Err(UserError::TooManyAttempts { retry_after })
            }
        }
    }

    /// Whose an address is, and whether the password belongs to it.
    async fn check(
        &self,
        email: Option<&Email>,
        password: SecretString,
    ) -> Result<(Option<Credentials>, bool), UserError> {
        let account = match email {
            Some(email) => self.db.credentials(email).await?,
            None => None,
        };
        let hash = account
            .as_ref()
            .map(|account| account.password_hash.clone());
        let matches = self.hasher.verify(password, hash).await?;
        Ok((account, matches))
    }

    fn opening(&self) -> (Opening, RefreshToken) {
        let refresh_token = RefreshToken::random();
        let opening = Opening {
            session_id: SessionId::new(),
            token_hash: refresh_token.hash(),
            lifetime: self.rules.refresh_token_lifetime,
            origin: self.origin.clone(),
        };
        (opening, refresh_token)
    }

    fn entry(&self, action: &'static str, outcome: Outcome) -> Entry {
        Entry::new(action, "user", outcome, self.origin)
    }

    async fn refuse(&self, entry: Entry, reason: &'static str) {
        audit::record_refusal(self.db, &entry.with("reason", reason)).await;
    }
}

fn opened(user: super::users::User, opening: &Opening, refresh_token: RefreshToken) -> Opened {
    let session = Session {
        id: opening.session_id,
        user_id: user.id,
    };
    Opened {
        user,
        continued: Continued {
            session,
            refresh_token,
        },
    }
}
