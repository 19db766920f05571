//! From what the database did to what the requester is told: posted now, posted before, or refused.

use super::{MoneyError, Posting, Transaction};
use crate::db::{Database, DbError};
use crate::domain::idempotency::Idempotency;
use crate::domain::ids::UserId;
use crate::domain::text::ReferenceId;

/// How often an operation is tried that was refused for a balance which covers it by now.
const MAX_ATTEMPTS: u32 = 3;

/// Runs an operation until its refusal is true: the balance that a refusal tells is read after the operation, and points
/// may have arrived in between.
pub(in crate::domain) async fn until_consistent<Running>(
    operation: impl Fn() -> Running,
) -> Result<Posting, MoneyError>
where
    Running: Future<Output = Result<Posting, MoneyError>>,
{
    for _ in 0..MAX_ATTEMPTS {
        match operation().await {
            Err(MoneyError::InsufficientBalance {
                current_balance,
                required_amount,
            }) if current_balance >= required_amount => {}
            outcome => return outcome,
        }
    }
    Err(MoneyError::Database(DbError::Collision {
        message: "the balance keeps changing".to_owned(),
    }))
}

/// Turns the attempt of an operation into its outcome. `explain` says why nothing was posted; it is
/// asked only when no earlier posting answers the request.
pub(in crate::domain) async fn settle(
    db: &Database,
    attempt: Result<Option<Transaction>, DbError>,
    requester: UserId,
    idempotency: Option<&Idempotency>,
    reference: Option<(UserId, &ReferenceId)>,
    explain: impl AsyncFnOnce() -> Result<MoneyError, MoneyError>,
) -> Result<Posting, MoneyError> {
    let refusal = match attempt {
        Ok(Some(transaction)) => {
            return Ok(Posting {
                transaction,
                replayed: false,
            });
        }
        Ok(None) => None,
        Err(DbError::Constraint { constraint }) => Some(constraint),
        Err(DbError::Lost { .. }) if idempotency.is_none() => {
            return Err(MoneyError::OutcomeUnknown);
        }
        Err(error) => return Err(MoneyError::Database(error)),
    };
    // The same key may have done it, however it is refused now: a spend that emptied the wallet leaves
    // nothing for its own repetition.
    if let Some(posting) = replay(db, requester, idempotency).await? {
        return posting;
    }
    match (refusal.as_deref(), reference) {
        (None, _) => Err(explain().await.unwrap_or_else(|error| error)),
        (Some("wallets_balance_limit_check"), _) => Err(MoneyError::BalanceLimit),
        (Some("transactions_reference_id_key"), Some((user_id, reference_id))) => {
            let existing = db.transaction_by_reference(user_id, reference_id).await?;
            let existing = existing.ok_or_else(|| vanished("transactions_reference_id_key"))?;
            Err(MoneyError::Duplicate {
                existing: existing.id,
            })
        }
        (Some(constraint), _) => Err(vanished(constraint)),
    }
}

/// What an earlier request with the same key did: its posting, or a refusal when it was another request.
async fn replay(
    db: &Database,
    requester: UserId,
    idempotency: Option<&Idempotency>,
) -> Result<Option<Result<Posting, MoneyError>>, MoneyError> {
    let Some(idempotency) = idempotency else {
        return Ok(None);
    };
    let Some(transaction) = db
        .transaction_by_idempotency_key(requester, &idempotency.key)
        .await?
    else {
        return Ok(None);
    };
    Ok(Some(
        if transaction.request_fingerprint.as_deref() == Some(&idempotency.fingerprint) {
            Ok(Posting {
                transaction,
                replayed: true,
            })
        } else {
            Err(MoneyError::Duplicate {
                existing: transaction.id,
            })
        },
    ))
}

/// A constraint spoke that these operations cannot violate: a defect, reported as one.
fn vanished(constraint: &str) -> MoneyError {
    MoneyError::Database(DbError::Constraint {
        constraint: constraint.to_owned(),
    })
}

impl From<DbError> for MoneyError {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}
