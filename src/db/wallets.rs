//! The statements of `queries/wallets.sql`, in the types of the domain.

use chrono::{DateTime, Utc};

use super::queries::client::Params as _;
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

    /// Up to when a statement of a user's wallet is drawn: the time, or now if that is earlier or none is given. No transaction
    /// with an earlier time comes any more; whoever is at the wallet is waited for. `None` without a wallet.
    ///
    /// # Errors
    /// If the database fails, or whoever is at the wallet stays there.
    pub async fn end_of_statement(
        &self,
        user_id: UserId,
        to: Option<DateTime<Utc>>,
    ) -> Result<Option<DateTime<Utc>>, DbError> {
        let parameters = &sql::EndOfStatementParams {
            to,
            user_id: user_id.0,
        };
        self.statement("end_of_statement", Retry::Repeatable, |client| async move {
            sql::end_of_statement()
                .params(&**client, parameters)
                .opt()
                .await
        })
        .await
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
