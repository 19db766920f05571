//! The ledger: the operations that move points, and what refuses them.
//!
//! Each is one statement, or one transaction, of the database; none of them can move a part. A request
//! that carries an idempotency key is done once, however often it comes. Reading the ledger is in
//! [`list`].

mod error;
pub mod list;
pub(super) mod posting;
pub(super) mod refusal;
mod request;
pub mod statistics;

use chrono::{DateTime, Utc};

use super::audit::{Entry, Origin, Outcome};
use super::idempotency::Idempotency;
use super::ids::{JobId, SessionId, TransactionId, UserId, WalletId};
use super::points::Amount;
use super::sessions::Session;
use crate::db::Database;

pub use error::MoneyError;
pub use request::{Adjust, Deposit, Refund, Spend, Transfer};

/// A row of the ledger. Type and status are text here: a newer release may have more of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // The columns of the table, each described there.
pub struct Transaction {
    pub id: TransactionId,
    pub wallet_id: WalletId,
    pub transaction_type: String,
    pub amount: i64,
    pub status: String,
    pub balance_after: Option<i64>,
    pub reference_id: Option<String>,
    pub description: Option<String>,
    pub payment_method: Option<String>,
    pub refunded_transaction_id: Option<TransactionId>,
    pub counterpart_transaction_id: Option<TransactionId>,
    pub job_id: Option<JobId>,
    pub request_fingerprint: Option<Vec<u8>>,
    pub created_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
}

/// What an operation did, or had done when the same request came before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// The row of the ledger.
    pub transaction: Transaction,
    /// Whether it was there already, so that nothing was done now.
    pub replayed: bool,
}

/// Takes points and orders the job that they pay for, in one statement.
///
/// # Errors
/// If the balance is short or the account not active.
pub async fn spend(
    db: &Database,
    spend: &Spend,
    idempotency: Option<&Idempotency>,
    origin: &Origin,
) -> Result<Posting, MoneyError> {
    let outcome = posting::until_consistent(|| try_spend(db, spend, idempotency, origin)).await;
    refusal::recorded(db, outcome, || {
        Entry::new("wallet.spend", "wallet", Outcome::Refused, origin)
            .by(spend.user_id)
            .on_wallet_of(spend.user_id)
            .with("amount", -spend.amount.get())
            .with("job_type", spend.job_type.as_str())
    })
    .await
}

async fn try_spend(
    db: &Database,
    spend: &Spend,
    idempotency: Option<&Idempotency>,
    origin: &Origin,
) -> Result<Posting, MoneyError> {
    let attempt = db.spend(spend, idempotency, origin).await;
    posting::settle(db, attempt, spend.user_id, idempotency, None, async || {
        let standing = db
            .standing(spend.user_id)
            .await?
            .ok_or(MoneyError::NoSuchUser)?;
        if !standing.is_active {
            return Err(MoneyError::NotActive);
        }
        if has_ended(db, spend.user_id, spend.session_id).await? {
            return Err(MoneyError::SessionEnded);
        }
        Ok(MoneyError::InsufficientBalance {
            current_balance: standing.balance,
            required_amount: spend.amount.get(),
        })
    })
    .await
}

/// Whether a session is why nothing was done.
pub(super) async fn has_ended(
    db: &Database,
    user_id: UserId,
    session_id: Option<SessionId>,
) -> Result<bool, MoneyError> {
    match session_id {
        Some(id) => Ok(db.authority(Session { id, user_id }).await?.is_none()),
        None => Ok(false),
    }
}

/// Moves points from one user to another, in one statement. Both wallets are locked in the order of
/// their ids, so that crossing transfers wait for each other instead of colliding.
///
/// # Errors
/// If the balance is short, either account is not active, or both are the same.
pub async fn transfer(
    db: &Database,
    transfer: &Transfer,
    idempotency: Option<&Idempotency>,
    origin: &Origin,
) -> Result<Posting, MoneyError> {
    let outcome = if transfer.from == transfer.to {
        Err(MoneyError::SelfTransfer)
    } else {
        posting::until_consistent(|| try_transfer(db, transfer, idempotency, origin)).await
    };
    refusal::recorded(db, outcome, || {
        Entry::new("wallet.transfer", "wallet", Outcome::Refused, origin)
            .by(transfer.from)
            .on_wallet_of(transfer.from)
            .with("amount", -transfer.amount.get())
            .with("to_user_id", transfer.to.0)
    })
    .await
}

async fn try_transfer(
    db: &Database,
    transfer: &Transfer,
    idempotency: Option<&Idempotency>,
    origin: &Origin,
) -> Result<Posting, MoneyError> {
    let attempt = db.transfer(transfer, idempotency, origin).await;
    posting::settle(db, attempt, transfer.from, idempotency, None, async || {
        let sender = db
            .standing(transfer.from)
            .await?
            .ok_or(MoneyError::NoSuchUser)?;
        if !sender.is_active {
            return Err(MoneyError::NotActive);
        }
        if has_ended(db, transfer.from, transfer.session_id).await? {
            return Err(MoneyError::SessionEnded);
        }
        // Whether another account is suspended is nobody's business: it just cannot receive.
        if !db
            .standing(transfer.to)
            .await?
            .is_some_and(|receiver| receiver.is_active)
        {
            return Err(MoneyError::NoSuchRecipient);
        }
        Ok(MoneyError::InsufficientBalance {
            current_balance: sender.balance,
            required_amount: transfer.amount.get(),
        })
    })
    .await
}

/// Credits a payment, whatever the status of the account: the money has arrived.
///
/// # Errors
/// If the reference was booked before in this wallet, or there is no such user.
pub async fn deposit(
    db: &Database,
    deposit: &Deposit,
    idempotency: Option<&Idempotency>,
    origin: &Origin,
) -> Result<Posting, MoneyError> {
    let attempt = db.deposit(deposit, idempotency, origin).await;
    let reference = Some((deposit.user_id, &deposit.reference_id));
    let outcome = posting::settle(
        db,
        attempt,
        deposit.created_by,
        idempotency,
        reference,
        async || Ok(MoneyError::NoSuchUser),
    )
    .await;
    refusal::recorded(db, outcome, || {
        Entry::new("wallet.deposit", "wallet", Outcome::Refused, origin)
            .by(deposit.created_by)
            .on_wallet_of(deposit.user_id)
            .with("amount", deposit.amount.get())
            .with("user_id", deposit.user_id.0)
            .with("reference_id", deposit.reference_id.as_str())
    })
    .await
}

/// Gives back a spend, wholly or in part.
///
/// # Errors
/// If there is no such spend, or refunds would add up to more than it.
pub async fn refund(
    db: &Database,
    refund: &Refund,
    idempotency: Option<&Idempotency>,
    origin: &Origin,
) -> Result<Posting, MoneyError> {
    let attempt = db.refund(refund, idempotency, origin).await;
    let outcome = posting::settle(
        db,
        attempt,
        refund.created_by,
        idempotency,
        None,
        async || {
            let refundable = db
                .refundable(refund.transaction_id)
                .await?
                .ok_or(MoneyError::NoSuchSpend)?;
            Ok(MoneyError::RefundExceedsSpend { refundable })
        },
    )
    .await;
    refusal::recorded(db, outcome, || {
        Entry::new("wallet.refund", "wallet", Outcome::Refused, origin)
            .by(refund.created_by)
            .with("amount", refund.amount.map(Amount::get))
            .with("refunded_transaction_id", refund.transaction_id.0)
            .with("reason_given", refund.reason.as_str())
    })
    .await
}

/// Corrects a balance by hand.
///
/// # Errors
/// If the balance would fall below zero, or there is no such user.
pub async fn adjust(
    db: &Database,
    adjust: &Adjust,
    idempotency: Option<&Idempotency>,
    origin: &Origin,
) -> Result<Posting, MoneyError> {
    let outcome = posting::until_consistent(|| try_adjust(db, adjust, idempotency, origin)).await;
    refusal::recorded(db, outcome, || {
        Entry::new("wallet.adjust", "wallet", Outcome::Refused, origin)
            .by(adjust.created_by)
            .on_wallet_of(adjust.user_id)
            .with("amount", adjust.amount.get())
            .with("user_id", adjust.user_id.0)
            .with("reason_given", adjust.reason.as_str())
    })
    .await
}

async fn try_adjust(
    db: &Database,
    adjust: &Adjust,
    idempotency: Option<&Idempotency>,
    origin: &Origin,
) -> Result<Posting, MoneyError> {
    let attempt = db.adjust(adjust, idempotency, origin).await;
    posting::settle(
        db,
        attempt,
        adjust.created_by,
        idempotency,
        None,
        async || {
            let standing = db
                .standing(adjust.user_id)
                .await?
                .ok_or(MoneyError::NoSuchUser)?;
            Ok(MoneyError::InsufficientBalance {
                current_balance: standing.balance,
                required_amount: adjust.amount.get().saturating_neg(),
            })
        },
    )
    .await
}
