//! Access tokens: JWTs signed with HMAC-SHA-256 (RFC 7519, RFC 7515), valid for minutes.
//!
//! jsonwebtoken reads, writes and validates them; the HMAC it is given here, because its own choices of
//! cryptography bring RSA and elliptic curves along, which nobody here uses.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use signature::{Signer, Verifier};

use crate::domain::sessions::Session;

/// Signs and checks access tokens. Cheap to clone.
#[derive(Clone)]
pub struct TokenSigner {
    keys: Arc<(EncodingKey, DecodingKey)>,
    lifetime: Duration,
}

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The user, as a string, as RFC 7519 has it.
    sub: String,
    /// The session.
    sid: String,
    /// Seconds since 1970: when it was made.
    iat: i64,
    /// Seconds since 1970: when it ends.
    exp: i64,
}

/// A token that is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Its time is over.
    #[error("the access token has expired")]
    Expired,
    /// It is none of ours.
    #[error("the access token is not valid")]
    Invalid,
}

impl TokenSigner {
    /// A signer with a key; tokens live this long.
    pub fn new(key: &SecretString, lifetime: Duration) -> Self {
        // Once per process; later calls find it done.
        let _already_done = HMAC_SHA_256.install_default();
        let key = key.expose_secret().as_bytes();
        Self {
            keys: Arc::new((EncodingKey::from_secret(key), DecodingKey::from_secret(key))),
            lifetime,
        }
    }

    /// How long a token lives.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// A token for a session of a user.
    ///
    /// # Errors
    /// If it could not be written; a defect.
    pub fn sign(&self, session: Session) -> Result<String, jsonwebtoken::errors::Error> {
        let now = Utc::now().timestamp();
        let lifetime = i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX);
        let claims = Claims {
            sub: session.user_id.to_string(),
            sid: session.id.to_string(),
            iat: now,
            exp: now.saturating_add(lifetime),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.keys.0)
    }

    /// Which session of whom a token was made for.
    ///
    /// # Errors
    /// If it is not one of ours, of another algorithm, or over.
    pub fn verify(&self, token: &str) -> Result<Session, TokenError> {
        self.verify_with_end(token).map(|(session, _)| session)
    }

    /// The same, and when the token expires.
    ///
    /// # Errors
    /// As of [`Self::verify`].
    pub fn verify_with_end(&self, token: &str) -> Result<(Session, DateTime<Utc>), TokenError> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_required_spec_claims(&["exp", "sub"]);
        let token =
            jsonwebtoken::decode::<Claims>(token, &self.keys.1, &validation).map_err(|error| {
                match error.kind() {
                    ErrorKind::ExpiredSignature => TokenError::Expired,
                    _ => TokenError::Invalid,
                }
            })?;
        let ends_at = DateTime::from_timestamp(token.claims.exp, 0);
        match (token.claims.sid.parse(), token.claims.sub.parse(), ends_at) {
            (Ok(id), Ok(user_id), Some(ends_at)) => Ok((Session { id, user_id }, ends_at)),
            _ => Err(TokenError::Invalid),
        }
    }
}

static HMAC_SHA_256: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(HmacSha256::new(*algorithm, key.as_bytes())?)),
    verifier_factory: |algorithm, key| {
        Ok(Box::new(HmacSha256::new(
            *algorithm,
            key.try_get_as_bytes()?,
        )?))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct HmacSha256(Hmac<Sha256>);

impl HmacSha256 {
    fn new(algorithm: Algorithm, key: &[u8]) -> Result<Self, Error> {
        if algorithm != Algorithm::HS256 {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
        Hmac::new_from_slice(key)
            .map(Self)
            .map_err(|_| ErrorKind::InvalidKeyFormat.into())
    }
}

impl Signer<Vec<u8>> for HmacSha256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let mut mac = self.0.clone();
        mac.update(message);
        Ok(mac.finalize().into_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for HmacSha256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let mut mac = self.0.clone();
        mac.update(message);
        // In constant time.
        mac.verify_slice(signature)
            .map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for HmacSha256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for HmacSha256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
