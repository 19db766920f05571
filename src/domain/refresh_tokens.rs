//! Refresh tokens: 32 random bytes, which the client holds and nobody else. The database has their hashes.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

const TOKEN_BYTES: usize = 32;

/// A refresh token. Never shown, but to the client that it is made for.
#[derive(Clone)]
pub struct RefreshToken {
    text: SecretString,
    hash: TokenHash,
}

/// What is stored of a refresh token: SHA-256. A slow hash is for what people think up; nobody guesses 256 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

/// A text that is no refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a refresh token")]
pub struct NoRefreshToken;

impl RefreshToken {
    /// A new one.
    pub fn random() -> Self {
        Self::of_bytes(rand::rng().random())
    }

    /// Reads what a client sent.
    ///
    /// # Errors
    /// If it is not 32 bytes in base64url without padding.
    pub fn parse(text: &SecretString) -> Result<Self, NoRefreshToken> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text.expose_secret())
            .map_err(|_| NoRefreshToken)?;
        bytes
            .try_into()
            .map(Self::of_bytes)
            .map_err(|_| NoRefreshToken)
    }

    fn of_bytes(bytes: [u8; TOKEN_BYTES]) -> Self {
        Self {
            text: URL_SAFE_NO_PAD.encode(bytes).into(),
            hash: TokenHash(Sha256::digest(bytes).into()),
        }
    }

    /// The token, for the client.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// What the database has of it.
    pub fn hash(&self) -> TokenHash {
        self.hash
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RefreshToken(hidden)")
    }
}
