//! The audit entries of refused operations. Those of what was done are written by the statements that do it.

use serde_json::{Map, Value, json};

use super::{MoneyError, Posting};
use crate::db::Database;
use crate::domain::audit::{self, Entry};

/// Passes on how an operation ended, after the entry of a refusal is written. A replayed request writes none: nothing
/// was done this time, and the entry of what was done is there.
pub(in crate::domain) async fn recorded(
    db: &Database,
    outcome: Result<Posting, MoneyError>,
    entry: impl FnOnce() -> Entry,
) -> Result<Posting, MoneyError> {
    if let Err(error) = &outcome
        && let Some(reason) = reason(error)
    {
        let mut entry = entry();
        entry.details.extend(reason);
        audit::record_refusal(db, &entry).await;
    }
    outcome
}

/// Why an operation was refused, in details of an entry; nothing if it was no rule that ended it.
fn reason(error: &MoneyError) -> Option<Map<String, Value>> {
    let details = match error {
        MoneyError::InsufficientBalance {
            current_balance,
            required_amount,
        } => json!({
            "reason": "insufficient_balance",
            "current_balance": current_balance,
            "required_amount": required_amount,
        }),
        MoneyError::Duplicate { existing } => {
            json!({"reason": "duplicate", "existing_transaction_id": existing})
        }
        MoneyError::NotActive => json!({"reason": "account_not_active"}),
        MoneyError::SessionEnded => json!({"reason": "session_ended"}),
        MoneyError::NoSuchRecipient => json!({"reason": "no_such_recipient"}),
        MoneyError::NoSuchUser => json!({"reason": "no_such_user"}),
        MoneyError::SelfTransfer => json!({"reason": "self_transfer"}),
        MoneyError::NoSuchSpend => json!({"reason": "no_such_spend"}),
        MoneyError::RefundExceedsSpend { refundable } => {
            json!({"reason": "refund_exceeds_spend", "refundable_amount": refundable})
        }
        MoneyError::BalanceLimit => json!({"reason": "balance_limit"}),
        MoneyError::OutcomeUnknown | MoneyError::Database(_) => return None,
    };
    match details {
        Value::Object(details) => Some(details),
        _ => None,
    }
}
