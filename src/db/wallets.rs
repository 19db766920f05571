//! The statements of `queries/wallets.sql`, in the types of the domain.

use super::queries::wallets as sql;
use super::{Database, DbError, Retry};
use crate::domain::ids::{UserId, WalletId};
use crate::domain::wallets::{Standing, Wallet};

impl Database {
    /// The wallet of a user.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn wallet(&self, user_id: UserId) -> Result<Option<Wallet>, DbError> {
        self.statement("wallet_of_user", Retry::Repeatable, |client| async move {
            sql::wallet_of_user()
                .bind(&**client, &user_id.0)
                .opt()
                .await
        })
        .await
        .map(|found| {
            found.map(|row| Wallet {
                id: WalletId(row.id),
                user_id: UserId(row.user_id),
                balance: row.balance,
                pending_amount: row.pending_amount,
                pending_debits: row.pending_debits,
                updated_at: row.updated_at,
            })
        })
    }

    /// How a user and the balance stand.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn standing(&self, user_id: UserId) -> Result<Option<Standing>, DbError> {
        self.statement("wallet_standing", Retry::Repeatable, |client| async move {
            sql::wallet_standing()
                .bind(&**client, &user_id.0)
                .opt()
                .await
        })
        .await
        .map(|found| {
            found.map(|row| Standing {
                is_active: row.status == "active",
                balance: row.balance,
            })
        })
    }
}
