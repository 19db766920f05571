//! Checking the seals: every entry that is sealed is read again, in batches.

use std::fmt;

use super::seal::{Hash, MAX_ENTRIES_PER_SEAL, Seal, SealValue};
use crate::db::{Database, DbError};

/// Seals read at once.
const SEALS_PER_BATCH: i64 = 100;

/// What was found. In order if there are no [`breaks`](Self::breaks).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many seals there are.
    pub seals: i64,
    /// How many entries are under them, as they are found.
    pub sealed_entries: i64,
    /// How many entries come after the last seal.
    pub unsealed_entries: i64,
    /// The end of the chain, to be kept elsewhere.
    pub newest: Option<Seal>,
    /// What is not as it was sealed, in the order of the chain.
    pub breaks: Vec<Break>,
}

/// Something that is not as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Break {
    /// Seals are missing before this one.
    SealsMissing {
        /// The first that is missing.
        first: i64,
        /// The last that is missing.
        last: i64,
    },
    /// The entries under a seal, or the row of the seal, are not those that were sealed.
    NotAsSealed {
        /// Number of the seal.
        seal: i64,
        /// The entries after this one: the last one of the seal before.
        after_entry_id: Option<i64>,
        /// The last entry that it says is under it.
        last_entry_id: i64,
        /// How many entries it says there are.
        sealed: i64,
        /// How many there are.
        found: i64,
    },
    /// A seal that was kept elsewhere is not in the chain: its end was dropped, or all was written anew.
    ExpectedSealMissing(SealValue),
}

impl fmt::Display for Break {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SealsMissing { first, last } if first == last => {
                write!(formatter, "seal {first} is missing")
            }
            Self::SealsMissing { first, last } => {
                write!(formatter, "seals {first} to {last} are missing")
            }
            Self::NotAsSealed {
                seal,
                after_entry_id,
                last_entry_id,
                sealed,
                found,
            } => {
                write!(formatter, "seal {seal} is broken: the entries ")?;
                match after_entry_id {
                    Some(id) => write!(formatter, "after {id} up to {last_entry_id} ")?,
                    None => write!(formatter, "up to {last_entry_id} ")?,
                }
                match found - sealed {
                    0 => write!(
                        formatter,
                        "({sealed} of them), this seal or the one before it were changed"
                    ),
                    more if more > 0 => {
                        write!(
                            formatter,
                            "are {found}, and {sealed} were sealed: {more} too many"
                        )
                    }
                    fewer => write!(
                        formatter,
                        "are {found}, and {sealed} were sealed: {} are missing",
                        -fewer
                    ),
                }
            }
            Self::ExpectedSealMissing(seal) => {
                write!(
                    formatter,
                    "the seal {seal} is not in the chain: its end was dropped, or it was written anew"
                )
            }
        }
    }
}

/// Reads the whole chain and all that is under it.
///
/// # Errors
/// If the database fails.
pub async fn verify(db: &Database, expected: Option<SealValue>) -> Result<Report, DbError> {
    let mut report = Report::default();
    let mut is_expected_found = false;
    loop {
        let after = report.newest.as_ref().map_or(i64::MIN, |seal| seal.number);
        let seals = db.seals_after(after, SEALS_PER_BATCH).await?;
        if seals.is_empty() {
            break;
        }
        for seal in seals {
            is_expected_found |= expected.is_some_and(|wanted| seal.value == wanted.0);
            check(db, &seal, &mut report).await?;
            report.newest = Some(seal);
        }
    }
    if let Some(wanted) = expected.filter(|_| !is_expected_found) {
        report.breaks.push(Break::ExpectedSealMissing(wanted));
    }
    let last = report
        .newest
        .as_ref()
        .map_or(i64::MIN, |seal| seal.last_entry_id);
    report.unsealed_entries = db.count_entries_after(last).await?;
    Ok(report)
}

/// Checks one seal, from the one before it on, whether that was right or not: so each break is reported once.
async fn check(db: &Database, seal: &Seal, report: &mut Report) -> Result<(), DbError> {
    let previous = report.newest.as_ref();
    let expected_number = previous.map_or(1, |previous| previous.number + 1);
    if seal.number > expected_number {
        report.breaks.push(Break::SealsMissing {
            first: expected_number,
            last: seal.number - 1,
        });
    }
    let mut hash = Hash::after(previous.map(|previous| previous.value.as_slice()));
    let after_entry_id = previous.map(|previous| previous.last_entry_id);
    let mut position = after_entry_id.unwrap_or(i64::MIN);
    loop {
        let entries = db
            .entries_to_seal(position, seal.last_entry_id, MAX_ENTRIES_PER_SEAL)
            .await?;
        let Some(last) = entries.last() else { break };
        position = last.id;
        entries.iter().for_each(|entry| hash.entry(entry));
    }
    let found = hash.entry_count;
    report.seals += 1;
    report.sealed_entries += found;
    let value = hash.finish(
        seal.number,
        seal.last_entry_id,
        seal.entry_count,
        &seal.sealed_at_us,
    );
    // After a gap the seal before is not the one that it was made after, so it cannot be checked: the gap is the break.
    if seal.number == expected_number && (seal.value != value.0 || found != seal.entry_count) {
        report.breaks.push(Break::NotAsSealed {
            seal: seal.number,
            after_entry_id,
            last_entry_id: seal.last_entry_id,
            sealed: seal.entry_count,
            found,
        });
    }
    Ok(())
}
