//! What refuses an operation on points.

use super::TransactionId;
use crate::db::DbError;

/// Why an operation is refused. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum MoneyError {
    /// Fewer points than are needed.
    #[error("the balance of {current_balance} points does not cover {required_amount}")]
    InsufficientBalance {
        /// Points in the wallet.
        current_balance: i64,
        /// Points that the operation takes.
        required_amount: i64,
    },
    /// The idempotency key or the reference stands for another transaction already.
    #[error("this request was made before, as transaction {existing}")]
    Duplicate {
        /// That transaction.
        existing: TransactionId,
    },
    /// The account of the user is not active.
    #[error("the account is not active")]
    NotActive,
    /// The session that asks has ended.
    #[error("the session has ended; sign in again")]
    SessionEnded,
    /// The other user does not exist, or cannot receive points.
    #[error("there is no such user who can receive points")]
    NoSuchRecipient,
    /// The user has no wallet.
    #[error("there is no user with this wallet")]
    NoSuchUser,
    /// A transfer to oneself.
    #[error("points cannot be transferred to oneself")]
    SelfTransfer,
    /// There is no successful spend with this number.
    #[error("there is no spend with this number")]
    NoSuchSpend,
    /// Refunds would add up to more than the spend.
    #[error("{refundable} points of the spend are left to refund")]
    RefundExceedsSpend {
        /// What is left of it.
        refundable: i64,
    },
    /// The balance would grow beyond what every client can read.
    #[error("the balance would exceed its limit")]
    BalanceLimit,
    /// The connection was lost, and without an idempotency key nobody can tell whether points moved.
    #[error("whether this was booked is not known: the connection to the database was lost")]
    OutcomeUnknown,
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}
