//! The statements of `queries/ledger.sql`, in the types of the domain.

use super::queries::client::Params as _;
use super::queries::ledger as sql;
use super::{Database, DbError, Retry};
use crate::domain::ids::{TransactionId, WalletId};
use crate::domain::ledger::{Breach, Rule};

impl Database {
    /// The last of the next wallets after one, and how many they are; `None` after the last.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn next_wallets(
        &self,
        after: WalletId,
        limit: i64,
    ) -> Result<Option<(WalletId, i64)>, DbError> {
        let next = self
            .statement("next_wallets", Retry::Repeatable, |client| async move {
                let parameters = &sql::NextWalletsParams {
                    after_id: after.0,
                    limit,
                };
                sql::next_wallets()
                    .params(&**client, parameters)
                    .one()
                    .await
            })
            .await?;
        Ok(next.last_id.map(|last| (WalletId(last), next.wallet_count)))
    }

    /// At most `limit` breaches of a rule in the wallets after one up to another.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn breaches(
        &self,
        rule: Rule,
        after: WalletId,
        last: WalletId,
        limit: i64,
    ) -> Result<Vec<Breach>, DbError> {
        let rows = self
            .statement("breaches", Retry::Repeatable, |client| async move {
                let (client, after_id, last_id) = (&**client, after.0, last.0);
                macro_rules! find {
                    ($query:ident, $parameters:ident) => {{
                        let parameters = &sql::$parameters {
                            after_id,
                            last_id,
                            limit,
                        };
                        sql::$query().params(client, parameters).all().await
                    }};
                }
                match rule {
                    Rule::BalanceIsSum => find!(balance_is_not_the_sum, BalanceIsNotTheSumParams),
                    Rule::BalanceIsLast => {
                        find!(balance_is_not_the_last, BalanceIsNotTheLastParams)
                    }
                    Rule::PostingsAreCounted => {
                        find!(posting_count_is_wrong, PostingCountIsWrongParams)
                    }
                    Rule::PostingsAreNumbered => {
                        find!(posting_number_is_no_place, PostingNumberIsNoPlaceParams)
                    }
                    Rule::BalancesFollow => find!(
                        balance_after_does_not_follow,
                        BalanceAfterDoesNotFollowParams
                    ),
                    Rule::RefundsWithinSpend => {
                        find!(refunds_exceed_the_spend, RefundsExceedTheSpendParams)
                    }
                    Rule::ReferencesOnce => {
                        find!(reference_succeeded_twice, ReferenceSucceededTwiceParams)
                    }
                    Rule::SpendsHaveJobs => {
                        find!(spend_and_job_do_not_match, SpendAndJobDoNotMatchParams)
                    }
                    Rule::FailedJobsRefunded => {
                        find!(failed_job_is_not_refunded, FailedJobIsNotRefundedParams)
                    }
                    Rule::TransfersCancelOut => {
                        find!(transfer_does_not_cancel_out, TransferDoesNotCancelOutParams)
                    }
                }
            })
            .await?;
        let breaches = rows.into_iter().map(|row| Breach {
            rule,
            wallet_id: WalletId(row.wallet_id),
            transaction_id: row.transaction_id.map(TransactionId),
            expected: row.expected,
            found: row.found,
        });
        Ok(breaches.collect())
    }
}
