//! Who is believed, for how long, and how often somebody may be wrong.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::Variables;
use crate::domain::login_limits::LoginLimits;
use crate::domain::sessions::SessionRules;

/// Who is believed.
#[derive(Clone)]
pub struct AuthSettings {
    /// `SECRET_KEY`: signs the access tokens; at least 32 characters. `None` when it is not set.
    pub secret_key: Option<SecretString>,
    /// `ACCESS_TOKEN_EXPIRE_MINUTES`, 30.
    pub access_token_lifetime: Duration,
    /// `REFRESH_TOKEN_EXPIRE_DAYS`, 30; `LOGIN_ATTEMPTS_PER_ACCOUNT`, 10, and `LOGIN_ATTEMPTS_PER_ADDRESS`, 100, in
    /// `LOGIN_WINDOW_MINUTES`, 15.
    pub sessions: SessionRules,
}

impl AuthSettings {
    pub(super) fn read(variables: &mut Variables) -> Self {
        let secret_key = variables.text("SECRET_KEY");
        if secret_key.as_ref().is_some_and(|key| key.len() < 32) {
            let allowed = "32 characters or more; `openssl rand -hex 32` makes one";
            variables.refuse("SECRET_KEY", "is too short", allowed);
        }
        let minutes = variables.number("ACCESS_TOKEN_EXPIRE_MINUTES", 30, 1..=1440);
        let days = variables.number("REFRESH_TOKEN_EXPIRE_DAYS", 30, 1..=365);
        let per_account = variables.number("LOGIN_ATTEMPTS_PER_ACCOUNT", 10, 1..=1_000_000);
        let per_address = variables.number("LOGIN_ATTEMPTS_PER_ADDRESS", 100, 1..=1_000_000);
        let window_minutes = variables.number("LOGIN_WINDOW_MINUTES", 15, 1..=1440);
        Self {
            secret_key: secret_key.map(SecretString::from),
            access_token_lifetime: Duration::from_secs(minutes * 60),
            sessions: SessionRules {
                refresh_token_lifetime: Duration::from_secs(days * 86_400),
                login_limits: LoginLimits {
                    per_account: per_account as u32,
                    per_address: per_address as u32,
                    window: Duration::from_secs(window_minutes * 60),
                },
            },
        }
    }
}

impl fmt::Debug for AuthSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self
            .secret_key
            .as_ref()
            .map(|key| key.expose_secret().len());
        formatter
            .debug_struct("AuthSettings")
            .field("secret_key_length", &known)
            .field("access_token_lifetime", &self.access_token_lifetime)
            .field("sessions", &self.sessions)
            .finish()
    }
}
