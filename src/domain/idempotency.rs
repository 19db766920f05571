//! Idempotency keys: a request that is repeated with its key is answered again, not done again.
//!
//! The ledger itself remembers them: a transaction carries the key and a fingerprint of the request
//! that made it, unique per requester, and its row holds everything that the first answer said.
//! A refusal posts nothing, so it is not remembered: sent again, the request may succeed.
//! After <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// How long a key may be.
pub const MAX_KEY_CHARACTERS: usize = 255;

/// A key that a client chose: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// A key that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {MAX_KEY_CHARACTERS} visible ASCII characters")]
pub struct InvalidKey;

impl IdempotencyKey {
    /// Checks a key.
    ///
    /// # Errors
    /// If it is empty, too long, or has other than visible ASCII characters.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidKey> {
        let text = std::str::from_utf8(text).map_err(|_| InvalidKey)?;
        if (1..=MAX_KEY_CHARACTERS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic())
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidKey)
        }
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key together with the request that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// What the client chose.
    pub key: IdempotencyKey,
    /// SHA-256 of the operation and its request.
    pub fingerprint: Vec<u8>,
}

impl Idempotency {
    /// Binds a key to an operation and the request as it was understood, so that white space, the order of
    /// fields, and a release that knows one more optional field do not matter.
    ///
    /// # Errors
    /// If the request cannot be written as JSON.
    pub fn new(
        key: IdempotencyKey,
        operation: &str,
        request: &impl Serialize,
    ) -> serde_json::Result<Self> {
        // Through a Value: its maps are sorted by key.
        let mut request = serde_json::to_value(request)?;
        if let Some(fields) = request.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        let request = request.to_string();
        let mut hasher = Sha256::new();
        hasher.update(operation.as_bytes());
        hasher.update([0]);
        hasher.update(request.as_bytes());
        Ok(Self {
            key,
            fingerprint: hasher.finalize().to_vec(),
        })
    }
}
