//! The reading statements of `queries/transactions.sql`: which one serves which filter.

use chrono::{DateTime, Utc};

use super::super::queries::client::Params as _;
use super::super::queries::transactions as sql;
use super::super::{Database, DbError, Retry};
use crate::domain::ids::{TransactionId, UserId};
use crate::domain::transactions::Transaction;
use crate::domain::transactions::list::{
    Filter, Position, Sum, TransactionStatus, TransactionType,
};
use crate::domain::transactions::statistics::DaySum;

impl Database {
    /// One transaction of a user's own wallet; `None` for another's too.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn transaction_of_user(
        &self,
        user_id: UserId,
        id: TransactionId,
    ) -> Result<Option<Transaction>, DbError> {
        let parameters = &sql::TransactionOfUserParams {
            transaction_id: id.0,
            user_id: user_id.0,
        };
        self.statement(
            "transaction_of_user",
            Retry::Repeatable,
            |client| async move {
                sql::transaction_of_user()
                    .params(&**client, parameters)
                    .opt()
                    .await
            },
        )
        .await
        .map(|found| found.map(Transaction::from))
    }

    /// At most `limit` transactions of a wallet that are older than a position, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn transactions_of_wallet(
        &self,
        user_id: UserId,
        filter: &Filter,
        before: Position,
        limit: i64,
    ) -> Result<Vec<Transaction>, DbError> {
        let rows = match (filter.status, filter.transaction_type) {
            // Few rows of a wallet are not a success; they have an index of their own.
            (Some(status @ (TransactionStatus::Pending | TransactionStatus::Failed)), _) => {
                self.page_of_unsettled(user_id, status, filter, before, limit)
                    .await
            }
            (_, Some(wanted)) => {
                self.page_of_wallet_by_type(user_id, wanted, filter, before, limit)
                    .await
            }
            (_, None) => self.page_of_wallet(user_id, filter, before, limit).await,
        };
        rows.map(|rows| rows.into_iter().map(Transaction::from).collect())
    }

    /// At most `limit` transactions of a wallet that are newer than a position and older than a time, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn page_of_statement(
        &self,
        user_id: UserId,
        after: Position,
        to: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<Transaction>, DbError> {
        let parameters = &sql::PageOfStatementParams {
            user_id: user_id.0,
            to,
            after_created_at: after.created_at,
            after_id: after.id.0,
            limit,
        };
        self.statement(
            "page_of_statement",
            Retry::Repeatable,
            |client| async move {
                sql::page_of_statement()
                    .params(&**client, parameters)
                    .all()
                    .await
            },
        )
        .await
        .map(|rows| rows.into_iter().map(Transaction::from).collect())
    }

    async fn page_of_wallet(
        &self,
        user_id: UserId,
        filter: &Filter,
        before: Position,
        limit: i64,
    ) -> Result<Vec<sql::Transaction>, DbError> {
        let parameters = &sql::PageOfWalletParams {
            user_id: user_id.0,
            status: filter.status.map(|status| status.name()),
            from: filter.from,
            to: filter.to,
            before_created_at: before.created_at,
            before_id: before.id.0,
            limit,
        };
        self.statement("page_of_wallet", Retry::Repeatable, |client| async move {
            sql::page_of_wallet()
                .params(&**client, parameters)
                .all()
                .await
        })
        .await
    }

    async fn page_of_wallet_by_type(
        &self,
        user_id: UserId,
        wanted: TransactionType,
        filter: &Filter,
        before: Position,
        limit: i64,
    ) -> Result<Vec<sql::Transaction>, DbError> {
        let parameters = &sql::PageOfWalletByTypeParams {
            user_id: user_id.0,
            transaction_type: wanted.name(),
            status: filter.status.map(|status| status.name()),
            from: filter.from,
            to: filter.to,
            before_created_at: before.created_at,
            before_id: before.id.0,
            limit,
        };
        self.statement(
            "page_of_wallet_by_type",
            Retry::Repeatable,
            |client| async move {
                sql::page_of_wallet_by_type()
                    .params(&**client, parameters)
                    .all()
                    .await
            },
        )
        .await
    }

    async fn page_of_unsettled(
        &self,
        user_id: UserId,
        status: TransactionStatus,
        filter: &Filter,
        before: Position,
        limit: i64,
    ) -> Result<Vec<sql::Transaction>, DbError> {
        let parameters = &sql::PageOfUnsettledParams {
            user_id: user_id.0,
            status: status.name(),
            transaction_type: filter.transaction_type.map(|wanted| wanted.name()),
            from: filter.from,
            to: filter.to,
            before_created_at: before.created_at,
            before_id: before.id.0,
            limit,
        };
        self.statement(
            "page_of_unsettled",
            Retry::Repeatable,
            |client| async move {
                sql::page_of_unsettled()
                    .params(&**client, parameters)
                    .all()
                    .await
            },
        )
        .await
    }

    /// Sums of what a filter selects of a wallet, per type and status.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn summary_of_wallet(
        &self,
        user_id: UserId,
        filter: &Filter,
    ) -> Result<Vec<Sum>, DbError> {
        let parameters = &sql::SummaryOfWalletParams {
            user_id: user_id.0,
            from: filter.from,
            to: filter.to,
            transaction_type: filter.transaction_type.map(|wanted| wanted.name()),
            status: filter.status.map(|status| status.name()),
        };
        let rows = self
            .statement(
                "summary_of_wallet",
                Retry::Repeatable,
                |client| async move {
                    sql::summary_of_wallet()
                        .params(&**client, parameters)
                        .all()
                        .await
                },
            )
            .await?;
        let sums = rows.into_iter().map(|row| Sum {
            transaction_type: row.transaction_type,
            status: row.status,
            count: row.transaction_count,
            amount: row.amount,
        });
        Ok(sums.collect())
    }

    /// Sums of a wallet's successful transactions of a period, per day and type, newest day first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sums_per_day(
        &self,
        user_id: UserId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<DaySum>, DbError> {
        let parameters = &sql::SumsPerDayParams {
            user_id: user_id.0,
            from,
            to,
        };
        let rows = self
            .statement("sums_per_day", Retry::Repeatable, |client| async move {
                sql::sums_per_day()
                    .params(&**client, parameters)
                    .all()
                    .await
            })
            .await?;
        let sums = rows.into_iter().map(|row| DaySum {
            day: row.day,
            transaction_type: row.transaction_type,
            count: row.transaction_count,
            amount: row.amount,
        });
        Ok(sums.collect())
    }
}
