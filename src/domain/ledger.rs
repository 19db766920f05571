//! The rules of the ledger, and checking that every wallet keeps them.
//!
//! Constraints, locks and tests see to it that they hold; this finds out if they do not: after a restore, a change by hand,
//! a defect. That a refused operation changes nothing cannot be seen afterwards; tests show it.

use serde::Serialize;
use utoipa::ToSchema;

use super::ids::{TransactionId, WalletId};
use crate::db::{Database, DbError};

/// Wallets that one statement looks at.
pub const WALLETS_PER_BATCH: i64 = 1000;
/// What is reported of one rule in one batch at most: a list that long is not read, and it has to fit into memory.
pub const MAX_BREACHES_PER_BATCH: i64 = 1000;

/// What holds in every wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The balance is the sum of the successful amounts.
    BalanceIsSum,
    /// The balance is the last `balance_after`.
    BalanceIsLast,
    /// The wallet counts its successful transactions.
    PostingsAreCounted,
    /// Successful transactions are numbered 1, 2, 3.
    PostingsAreNumbered,
    /// Each `balance_after` follows from the one before.
    BalancesFollow,
    /// Refunds add up to at most their spend.
    RefundsWithinSpend,
    /// A reference succeeds at most once.
    ReferencesOnce,
    /// A job exists if and only if its spend does.
    SpendsHaveJobs,
    /// What a failed, cancelled or expired job cost is given back, once.
    FailedJobsRefunded,
    /// The halves of a transfer cancel out.
    TransfersCancelOut,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 10] = [
        Self::BalanceIsSum,
        Self::BalanceIsLast,
        Self::PostingsAreCounted,
        Self::PostingsAreNumbered,
        Self::BalancesFollow,
        Self::RefundsWithinSpend,
        Self::ReferencesOnce,
        Self::SpendsHaveJobs,
        Self::FailedJobsRefunded,
        Self::TransfersCancelOut,
    ];

    /// The rule in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::BalanceIsSum => "the balance is the sum of the successful amounts",
            Self::BalanceIsLast => "the balance is the last balance_after",
            Self::PostingsAreCounted => "the wallet counts its successful transactions",
            Self::PostingsAreNumbered => "successful transactions are numbered 1, 2, 3",
            Self::BalancesFollow => "each balance_after follows from the one before",
            Self::RefundsWithinSpend => "refunds add up to at most their spend",
            Self::ReferencesOnce => "a reference succeeds at most once",
            Self::SpendsHaveJobs => "a job exists if and only if its spend does",
            Self::FailedJobsRefunded => {
                "what a failed, cancelled or expired job cost is given back, once"
            }
            Self::TransfersCancelOut => "the halves of a transfer cancel out",
        }
    }
}

/// Something that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Breach {
    /// Which rule.
    pub rule: Rule,
    /// In which wallet.
    pub wallet_id: WalletId,
    /// At which transaction, if it is one.
    pub transaction_id: Option<TransactionId>,
    /// What the rule says; points, a number of transactions, or a place among them.
    pub expected: Option<i64>,
    /// What is there.
    pub found: Option<i64>,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// Wallets.
    pub wallets: i64,
    /// What breaks a rule.
    pub breaches: i64,
}

/// Checks every rule in every wallet, and hands over what breaks one, as it is found.
///
/// # Errors
/// If the database fails; of the wallets that were not looked at, nothing is known then.
pub async fn verify(db: &Database, mut found: impl FnMut(Breach)) -> Result<Checked, DbError> {
    let mut checked = Checked::default();
    let mut after = WalletId(i64::MIN);
    while let Some((last, wallets)) = db.next_wallets(after, WALLETS_PER_BATCH).await? {
        for rule in Rule::ALL {
            for breach in db
                .breaches(rule, after, last, MAX_BREACHES_PER_BATCH)
                .await?
            {
                checked.breaches += 1;
                found(breach);
            }
        }
        checked.wallets += wallets;
        after = last;
    }
    Ok(checked)
}
