//! What the operations are asked to do, in values that are checked. Nothing is done here.

use crate::domain::ids::{SessionId, TransactionId, UserId};
use crate::domain::points::{Adjustment, Amount};
use crate::domain::text::{Description, JobType, PaymentMethod, ReferenceId};

/// What a spend is asked to do.
#[derive(Debug, Clone)]
pub struct Spend {
    /// Who pays.
    pub user_id: UserId,
    /// The session that asks, which must not have ended; `None` is this program.
    pub session_id: Option<SessionId>,
    /// How much.
    pub amount: Amount,
    /// Kind of the job that it pays for.
    pub job_type: JobType,
    /// What the job gets.
    pub input: serde_json::Map<String, serde_json::Value>,
    /// For people.
    pub description: Option<Description>,
}

/// What a transfer is asked to do.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// Who gives.
    pub from: UserId,
    /// The session that asks, which must not have ended; `None` is this program.
    pub session_id: Option<SessionId>,
    /// Who gets.
    pub to: UserId,
    /// How much.
    pub amount: Amount,
    /// For people.
    pub description: Description,
}

/// What a deposit is asked to do.
#[derive(Debug, Clone)]
pub struct Deposit {
    /// Whose wallet is credited.
    pub user_id: UserId,
    /// How much.
    pub amount: Amount,
    /// What the payment is called where it was made; at most once per wallet.
    pub reference_id: ReferenceId,
    /// How it was paid.
    pub payment_method: Option<PaymentMethod>,
    /// For people.
    pub description: Option<Description>,
    /// The service or admin that asks.
    pub created_by: UserId,
}

/// What a refund is asked to do.
#[derive(Debug, Clone)]
pub struct Refund {
    /// The spend.
    pub transaction_id: TransactionId,
    /// How much; all that is left without.
    pub amount: Option<Amount>,
    /// For people.
    pub reason: Description,
    /// The admin who asks.
    pub created_by: UserId,
}

/// What an adjustment is asked to do.
#[derive(Debug, Clone)]
pub struct Adjust {
    /// Whose wallet.
    pub user_id: UserId,
    /// How much, up or down.
    pub amount: Adjustment,
    /// For people.
    pub reason: Description,
    /// The admin who asks.
    pub created_by: UserId,
}
