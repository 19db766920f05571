//! What the database and the rules of money refuse, as problems.

use super::ApiError;
use crate::db::DbError;
use crate::domain::transactions::MoneyError;

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unreachable { .. }
            | DbError::Exhausted
            | DbError::Lost { .. }
            | DbError::Collision { .. }
            | DbError::StalePlan { .. }
            | DbError::Timeout { .. } => Self::Unavailable(error.to_string()),
            DbError::Value { message } => Self::field("body", message),
            DbError::Constraint { .. } | DbError::Defect { .. } => {
                Self::Internal(error.to_string())
            }
        }
    }
}

impl From<MoneyError> for ApiError {
    fn from(error: MoneyError) -> Self {
        match error {
            MoneyError::InsufficientBalance {
                current_balance,
                required_amount,
            } => Self::InsufficientBalance {
                current_balance,
                required_amount,
            },
            MoneyError::Duplicate { existing } => Self::DuplicateTransaction {
                existing_transaction_id: existing.0,
            },
            MoneyError::NotActive => Self::AccountNotActive,
            MoneyError::SessionEnded => Self::SessionEnded,
            MoneyError::NoSuchRecipient | MoneyError::SelfTransfer => {
                Self::field("to_user_id", error)
            }
            MoneyError::NoSuchUser => Self::NotFound("there is no user with this number"),
            MoneyError::NoSuchSpend => Self::NotFound("there is no spend with this number"),
            MoneyError::RefundExceedsSpend { refundable } => Self::RefundExceedsSpend {
                refundable_amount: refundable,
            },
            MoneyError::BalanceLimit => Self::BalanceLimitExceeded,
            MoneyError::OutcomeUnknown => Self::OutcomeUnknown,
            MoneyError::Database(error) => error.into(),
        }
    }
}
