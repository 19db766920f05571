//! Passwords: what is accepted, and how they are hashed and checked without stalling other requests.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params, PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use super::users::Email;

/// How short a password may be.
pub const MIN_CHARACTERS: usize = 12;
/// How long it may be.
pub const MAX_CHARACTERS: usize = 128;

/// The commonest passwords of twelve characters or more, in lower case.
const COMMONEST: &str = include_str!("passwords/commonest.txt");

/// A password that is acceptable for an account. Never shown.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("must have {MIN_CHARACTERS} to {MAX_CHARACTERS} characters")]
    Length,
    /// The email address, or the part before its `@`.
    #[error("must be neither the email address nor a part of it")]
    IsEmail,
    /// One that everybody tries first.
    #[error("is one of the commonest passwords")]
    Common,
}

impl Password {
    /// Checks a password for an account.
    ///
    /// # Errors
    /// If it is too short or long, the email address or its local part, or among the commonest.
    pub fn parse(text: SecretString, email: &Email) -> Result<Self, PasswordError> {
        let exposed = text.expose_secret();
        let folded = exposed.to_lowercase();
        if !(MIN_CHARACTERS..=MAX_CHARACTERS).contains(&exposed.chars().count()) {
            Err(PasswordError::Length)
        } else if folded == email.as_str() || folded == email.local_part() {
            Err(PasswordError::IsEmail)
        } else if COMMONEST.lines().any(|common| common == folded) {
            Err(PasswordError::Common)
        } else {
            Ok(Self(text))
        }
    }

    /// Whether it is the same as another text.
    pub fn is(&self, other: &SecretString) -> bool {
        self.0.expose_secret() == other.expose_secret()
    }
}

/// Hashes and checks passwords with Argon2id, off the async threads and only a few at a time: each takes
/// 19 MiB and tens of milliseconds of a core.
#[derive(Clone)]
pub struct Hasher {
    cores: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// Checked when there is no such account, so that the time of an answer does not tell.
    decoy: Arc<str>,
}

/// Why a password was neither hashed nor checked.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many wait already.
    #[error("too many passwords are waiting to be checked")]
    Busy,
    /// A defect, or a machine without memory.
    #[error("passwords cannot be hashed: {0}")]
    Failed(String),
}

/// How many may wait for each core: at some tens of milliseconds each, the last one waits about a second.
const WAITING_PER_CORE: usize = 32;

impl Default for Hasher {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cores: Arc::new(Semaphore::new(cores)),
            places: Arc::new(Semaphore::new(cores * (1 + WAITING_PER_CORE))),
            decoy: decoy().into(),
        }
    }
}

impl Hasher {
    /// The hash of a password as a PHC string, with a random salt.
    ///
    /// # Errors
    /// If hashing did not work.
    pub async fn hash(&self, password: &Password) -> Result<String, HashError> {
        let password = password.0.clone();
        self.blocking(move || hash_text(password.expose_secret()))
            .await?
    }

    /// Whether a password belongs to a hash; without a hash it takes just as long and says no.
    ///
    /// # Errors
    /// If the hash is not one, or checking did not work.
    pub async fn verify(
        &self,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<bool, HashError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.to_string());
        let matches = self
            .blocking(move || {
                let hash = PasswordHash::new(&hash)
                    .map_err(|error| HashError::Failed(error.to_string()))?;
                match Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash)
                {
                    Ok(()) => Ok(true),
                    Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                    Err(error) => Err(HashError::Failed(error.to_string())),
                }
            })
            .await??;
        Ok(known && matches)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let _place = self.places.try_acquire().map_err(|_| HashError::Busy)?;
        let permit = Arc::clone(&self.cores).acquire_owned().await;
        let permit = permit.map_err(|error| HashError::Failed(error.to_string()))?;
        // The permit goes with the work: a caller who leaves early does not free the core.
        let work = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        work.await
            .map_err(|error| HashError::Failed(error.to_string()))
    }
}

/// A hash that no password has, and that takes as long to check as any other.
fn decoy() -> String {
    let (memory, passes, lanes) = (
        Params::DEFAULT_M_COST,
        Params::DEFAULT_T_COST,
        Params::DEFAULT_P_COST,
    );
    let (salt, hash) = ("A".repeat(22), "A".repeat(43));
    format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${hash}")
}

fn hash_text(password: &str) -> Result<String, HashError> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string())
        .map_err(|error| HashError::Failed(error.to_string()))
}
