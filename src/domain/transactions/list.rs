//! Reading the ledger of a wallet: pages, newest first, and sums. A page is found by the position of
//! the last row before it, never by counting, so that page 10,000 costs what page 1 does.

use chrono::{DateTime, Utc};

use super::Transaction;
use crate::db::{Database, DbError};
use crate::domain::ids::{TransactionId, UserId};

/// Kind of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // The words of the ledger.
pub enum TransactionType {
    Deposit,
    Spend,
    Refund,
    Transfer,
    Adjustment,
}

impl TransactionType {
    /// The name that the database and the API use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Spend => "spend",
            Self::Refund => "refund",
            Self::Transfer => "transfer",
            Self::Adjustment => "adjustment",
        }
    }
}

/// How a transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // The words of the ledger.
pub enum TransactionStatus {
    Pending,
    Success,
    Failed,
}

impl TransactionStatus {
    /// The name that the database and the API use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failed => "failed",
        }
    }
}

/// Which transactions of a wallet.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// Of one type only.
    pub transaction_type: Option<TransactionType>,
    /// Of one status only.
    pub status: Option<TransactionStatus>,
    /// Recorded at this time or later.
    pub from: DateTime<Utc>,
    /// Recorded before this time.
    pub to: DateTime<Utc>,
}

impl Filter {
    /// Everything that a clock can have recorded.
    pub fn everything() -> Self {
        Self {
            transaction_type: None,
            status: None,
            from: DateTime::UNIX_EPOCH,
            to: latest_time(),
        }
    }
}

/// The end of the year 9999. PostgreSQL's timestamps reach further, but no clock does.
pub fn latest_time() -> DateTime<Utc> {
    DateTime::from_timestamp(253_402_300_799, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// A place in a list: everything on the next page is older than it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// When the last row before it was recorded.
    pub created_at: DateTime<Utc>,
    /// Its number, which decides between rows of the same moment.
    pub id: TransactionId,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// Newest first.
    pub transactions: Vec<Transaction>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Position>,
}

/// Sums of the transactions of one type and status.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Sum {
    /// Type of them.
    #[serde(rename = "type")]
    pub transaction_type: String,
    /// Status of them.
    pub status: String,
    /// How many.
    pub count: i64,
    /// Sum of their signed amounts.
    pub amount: i64,
}

/// The transactions of a user's wallet after a position, at most `rows` of them.
///
/// # Errors
/// If the database fails.
pub async fn page(
    db: &Database,
    user_id: UserId,
    filter: &Filter,
    after: Option<Position>,
    rows: i64,
) -> Result<Page, DbError> {
    let after = after.unwrap_or(Position {
        created_at: filter.to,
        id: TransactionId(i64::MAX),
    });
    // One more than asked for tells whether there is a next page.
    let mut transactions = db
        .transactions_of_wallet(user_id, filter, after, rows + 1)
        .await?;
    let has_more = i64::try_from(transactions.len()).is_ok_and(|found| found > rows);
    transactions.truncate(usize::try_from(rows).unwrap_or(usize::MAX));
    let last = transactions.last().filter(|_| has_more);
    let next = last.map(|last| Position {
        created_at: last.created_at,
        id: last.id,
    });
    Ok(Page { transactions, next })
}
