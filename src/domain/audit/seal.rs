//! Sealing: a chain of SHA-256 over the audit log, so that whoever can write the tables, and does, is found out.
//!
//! A seal stands over the seal before it, its own row, and all entries after the last one of the seal before up to its
//! own last one. So a changed, removed or inserted entry breaks the seal of its place, and a changed or removed seal
//! breaks the chain. What no chain can show in itself is a new end: the newest seals dropped, with their entries or
//! without, or all of it written anew. For that, a seal has to be kept elsewhere: the server logs each new one, and
//! [`verify`](super::verify) can be told which must be in the chain.
//!
//! Numbers are drawn before transactions end, so entries become visible out of order. What is sealed is settled: the
//! newest number is read first, then the transactions that hold the table's lock for writing, and once these have ended,
//! no smaller number can come any more. Every `insert` takes that lock before it draws its number, and holds it to the
//! end. Nobody waits for the sealer.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::db::{Database, DbError};

/// Entries under one seal at most: bounds memory, and the length of the transaction that seals.
pub const MAX_ENTRIES_PER_SEAL: i64 = 1000;
/// Between two looks at the transactions that are waited for.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// What is hashed first; another version of the format has another.
const FORMAT: &[u8] = b"divine-whispers audit seal 1";

/// A seal: 256 bits, written as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealValue(pub [u8; 32]);

/// A text that is no seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a seal has 64 hexadecimal digits")]
pub struct NotASeal;

impl fmt::Display for SealValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl TryFrom<&[u8]> for SealValue {
    type Error = NotASeal;

    fn try_from(bytes: &[u8]) -> Result<Self, NotASeal> {
        bytes.try_into().map(Self).map_err(|_| NotASeal)
    }
}

impl FromStr for SealValue {
    type Err = NotASeal;

    fn from_str(text: &str) -> Result<Self, NotASeal> {
        let digits = text.trim();
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotASeal);
        }
        let mut value = [0; 32];
        for (index, byte) in value.iter_mut().enumerate() {
            let pair = digits.get(2 * index..2 * index + 2).ok_or(NotASeal)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NotASeal)?;
        }
        Ok(Self(value))
    }
}

/// A row of the chain, as it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// 1, 2, 3 without a gap.
    pub number: i64,
    /// The last entry under it.
    pub last_entry_id: i64,
    /// How many entries are under it.
    pub entry_count: i64,
    /// The hash; a text of another length is one that no hash is equal to.
    pub value: Vec<u8>,
    /// When it was made, in microseconds since 1970, as text.
    pub sealed_at_us: String,
}

/// An entry in the words that are hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // The columns of the table, each described there.
pub struct SealedEntry {
    pub id: i64,
    pub actor_user_id: Option<i64>,
    pub action: String,
    pub resource_type: String,
    pub resource_id: Option<String>,
    pub outcome: String,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub details: String,
    pub created_at_us: String,
}

/// A hash under way: first the entries, then [`finish`](Self::finish).
pub(super) struct Hash {
    hasher: Sha256,
    /// How many entries it has seen.
    pub(super) entry_count: i64,
}

impl Hash {
    /// Goes on from the seal before; the first seal has none.
    pub(super) fn after(previous: Option<&[u8]>) -> Self {
        let mut hash = Self {
            hasher: Sha256::new(),
            entry_count: 0,
        };
        hash.bytes(Some(FORMAT));
        hash.bytes(previous);
        hash
    }

    pub(super) fn entry(&mut self, entry: &SealedEntry) {
        self.entry_count += 1;
        self.number(entry.id);
        self.bytes(
            entry
                .actor_user_id
                .map(i64::to_be_bytes)
                .as_ref()
                .map(|bytes| &bytes[..]),
        );
        self.bytes(Some(entry.action.as_bytes()));
        self.bytes(Some(entry.resource_type.as_bytes()));
        self.bytes(entry.resource_id.as_deref().map(str::as_bytes));
        self.bytes(Some(entry.outcome.as_bytes()));
        self.bytes(entry.ip_address.as_deref().map(str::as_bytes));
        self.bytes(entry.user_agent.as_deref().map(str::as_bytes));
        self.bytes(entry.request_id.as_deref().map(str::as_bytes));
        self.bytes(Some(entry.details.as_bytes()));
        self.bytes(Some(entry.created_at_us.as_bytes()));
    }

    /// With what the row of the seal says of itself.
    pub(super) fn finish(
        mut self,
        number: i64,
        last_entry_id: i64,
        entry_count: i64,
        sealed_at_us: &str,
    ) -> SealValue {
        self.number(number);
        self.number(last_entry_id);
        self.number(entry_count);
        self.bytes(Some(sealed_at_us.as_bytes()));
        SealValue(self.hasher.finalize().into())
    }

    fn number(&mut self, number: i64) {
        self.hasher.update(number.to_be_bytes());
    }

    /// With its length before it, so that nothing can move from one field to the next; nothing is not the empty text.
    fn bytes(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            None => self.hasher.update([0]),
            Some(bytes) => {
                self.hasher.update([1]);
                self.hasher.update((bytes.len() as u64).to_be_bytes());
                self.hasher.update(bytes);
            }
        }
    }
}

/// The seal over some entries; nothing over none.
pub fn seal(
    previous: Option<&Seal>,
    entries: &[SealedEntry],
    sealed_at: DateTime<Utc>,
) -> Option<Seal> {
    let last_entry_id = entries.last()?.id;
    let mut hash = Hash::after(previous.map(|seal| seal.value.as_slice()));
    for entry in entries {
        hash.entry(entry);
    }
    let number = previous.map_or(1, |seal| seal.number + 1);
    let entry_count = hash.entry_count;
    let sealed_at_us = sealed_at.timestamp_micros().to_string();
    let value = hash.finish(number, last_entry_id, entry_count, &sealed_at_us);
    Some(Seal {
        number,
        last_entry_id,
        entry_count,
        value: value.0.to_vec(),
        sealed_at_us,
    })
}

/// What one step of sealing came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// One more seal.
    Sealed(Seal),
    /// Everything that is settled is sealed.
    NothingLeft,
    /// Another program seals at this moment.
    Elsewhere,
}

/// What sealing came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sealing {
    /// Entries that are sealed now and were not before.
    pub entries: i64,
    /// The last seal that was made, if one was.
    pub newest: Option<Seal>,
    /// Whether transactions that write were still under way when the patience ended: nothing was sealed.
    pub waiting: bool,
    /// Whether another program seals at this moment.
    pub elsewhere: bool,
}

/// Seals all entries that are settled, or gives up after a time: what is missing, the next call seals.
///
/// # Errors
/// If the database fails. What was sealed before stays sealed.
pub async fn seal_settled(db: &Database, patience: Duration) -> Result<Sealing, DbError> {
    let mut sealing = Sealing::default();
    let last_id = db.newest_entry().await?;
    // In this order: whoever has drawn a smaller number has the lock by now, or has ended.
    if !have_ended(db, db.transactions_that_write().await?, patience).await? {
        sealing.waiting = true;
        return Ok(sealing);
    }
    loop {
        match db.seal_next(last_id, MAX_ENTRIES_PER_SEAL).await? {
            Step::Sealed(seal) => {
                sealing.entries += seal.entry_count;
                sealing.newest = Some(seal);
            }
            Step::NothingLeft => return Ok(sealing),
            Step::Elsewhere => {
                sealing.elsewhere = true;
                return Ok(sealing);
            }
        }
    }
}

/// Whether all of these transactions end in time.
async fn have_ended(
    db: &Database,
    mut writers: HashSet<String>,
    patience: Duration,
) -> Result<bool, DbError> {
    let deadline = Instant::now() + patience;
    while !writers.is_empty() {
        if Instant::now() >= deadline {
            return Ok(false);
        }
        tokio::time::sleep(POLL_INTERVAL).await;
        let writing = db.transactions_that_write().await?;
        writers.retain(|transaction| writing.contains(transaction));
    }
    Ok(true)
}
