//! Wallets: what a user holds.

use chrono::{DateTime, Utc};

use super::ids::{UserId, WalletId};

/// A wallet, with what is pending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// Identifier.
    pub id: WalletId,
    /// Whose it is.
    pub user_id: UserId,
    /// Points; the only balance there is.
    pub balance: i64,
    /// Sum of the amounts that may still come or go.
    pub pending_amount: i64,
    /// What of it will take points: zero or negative.
    pub pending_debits: i64,
    /// When the balance last changed.
    pub updated_at: DateTime<Utc>,
}

impl Wallet {
    /// What can be counted on: the balance less what is about to be taken.
    pub fn available_balance(&self) -> i64 {
        self.balance + self.pending_debits
    }
}

/// Why a wallet gives no points: how its owner and its balance stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether the owner may act.
    pub is_active: bool,
    /// Points.
    pub balance: i64,
}
