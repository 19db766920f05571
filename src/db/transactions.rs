//! The statements of `queries/transactions.sql`, in the types of the domain.
//!
//! `None` means that the statement found its condition not met and changed nothing; why, the domain asks.

mod list;

use std::sync::Arc;

use super::queries::client::Params as _;
use super::queries::{transactions as sql, wallets as wallets_sql};
use super::{Database, DbError, Retry};
use crate::domain::audit::Origin;
use crate::domain::idempotency::{Idempotency, IdempotencyKey};
use crate::domain::ids::{JobId, TransactionId, UserId, WalletId};
use crate::domain::text::ReferenceId;
use crate::domain::transactions::{Adjust, Deposit, Refund, Spend, Transaction, Transfer};

/// A lost connection leaves open what happened; only a request that can find out tries again.
fn retry(idempotency: Option<&Idempotency>) -> Retry {
    match idempotency {
        Some(_) => Retry::Repeatable,
        None => Retry::Unchanged,
    }
}

fn key(idempotency: Option<&Idempotency>) -> Option<&str> {
    idempotency.map(|idempotency| idempotency.key.as_str())
}

fn fingerprint(idempotency: Option<&Idempotency>) -> Option<&[u8]> {
    idempotency.map(|idempotency| idempotency.fingerprint.as_slice())
}

impl Database {
    /// Debits, records and orders the job: one statement.
    ///
    /// # Errors
    /// `transactions_idempotency_key_key` when the key was used before.
    pub async fn spend(
        &self,
        spend: &Spend,
        idempotency: Option<&Idempotency>,
        origin: &Origin,
    ) -> Result<Option<Transaction>, DbError> {
        let input = serde_json::Value::Object(spend.input.clone());
        let parameters = &sql::SpendParams {
            amount: spend.amount.get(),
            user_id: spend.user_id.0,
            session_id: spend.session_id.map(|session| session.0),
            description: spend.description.as_ref().map(|text| text.as_str()),
            idempotency_key: key(idempotency),
            request_fingerprint: fingerprint(idempotency),
            ip_address: origin.ip_address_text(),
            user_agent: origin.user_agent(),
            request_id: origin.request_id.as_deref(),
            job_type: spend.job_type.as_str(),
            input: &input,
        };
        self.statement("spend", retry(idempotency), |client| async move {
            sql::spend().params(&**client, parameters).opt().await
        })
        .await
        .inspect(|posted| self.count_order(posted.is_some()))
        .map(|posted| posted.map(Transaction::from))
    }

    /// Moves points between two wallets: one statement.
    ///
    /// # Errors
    /// `transactions_idempotency_key_key` when the key was used before.
    pub async fn transfer(
        &self,
        transfer: &Transfer,
        idempotency: Option<&Idempotency>,
        origin: &Origin,
    ) -> Result<Option<Transaction>, DbError> {
        let parameters = &sql::TransferParams {
            from_user_id: transfer.from.0,
            to_user_id: transfer.to.0,
            session_id: transfer.session_id.map(|session| session.0),
            amount: transfer.amount.get(),
            description: transfer.description.as_str(),
            idempotency_key: key(idempotency),
            request_fingerprint: fingerprint(idempotency),
            ip_address: origin.ip_address_text(),
            user_agent: origin.user_agent(),
            request_id: origin.request_id.as_deref(),
        };
        self.statement("transfer", retry(idempotency), |client| async move {
            sql::transfer().params(&**client, parameters).opt().await
        })
        .await
        .map(|posted| posted.map(Transaction::from))
    }

    /// Credits a payment: one statement.
    ///
    /// # Errors
    /// `transactions_reference_id_key` when the wallet has the reference already.
    pub async fn deposit(
        &self,
        deposit: &Deposit,
        idempotency: Option<&Idempotency>,
        origin: &Origin,
    ) -> Result<Option<Transaction>, DbError> {
        let parameters = &sql::DepositParams {
            amount: deposit.amount.get(),
            user_id: deposit.user_id.0,
            reference_id: deposit.reference_id.as_str(),
            description: deposit.description.as_ref().map(|text| text.as_str()),
            payment_method: deposit.payment_method.as_ref().map(|text| text.as_str()),
            created_by: deposit.created_by.0,
            idempotency_key: key(idempotency),
            request_fingerprint: fingerprint(idempotency),
            ip_address: origin.ip_address_text(),
            user_agent: origin.user_agent(),
            request_id: origin.request_id.as_deref(),
        };
        self.statement("deposit", retry(idempotency), |client| async move {
            sql::deposit().params(&**client, parameters).opt().await
        })
        .await
        .map(|posted| posted.map(Transaction::from))
    }

    /// Corrects a balance: one statement.
    ///
    /// # Errors
    /// `wallets_balance_limit_check` when it would grow too large.
    pub async fn adjust(
        &self,
        adjust: &Adjust,
        idempotency: Option<&Idempotency>,
        origin: &Origin,
    ) -> Result<Option<Transaction>, DbError> {
        let parameters = &sql::AdjustParams {
            amount: adjust.amount.get(),
            user_id: adjust.user_id.0,
            reason: adjust.reason.as_str(),
            created_by: adjust.created_by.0,
            idempotency_key: key(idempotency),
            request_fingerprint: fingerprint(idempotency),
            ip_address: origin.ip_address_text(),
            user_agent: origin.user_agent(),
            request_id: origin.request_id.as_deref(),
        };
        self.statement("adjust", retry(idempotency), |client| async move {
            sql::adjust().params(&**client, parameters).opt().await
        })
        .await
        .map(|posted| posted.map(Transaction::from))
    }

    /// Gives back a spend: locks its wallet first, so that the sum of earlier refunds is complete.
    ///
    /// # Errors
    /// `transactions_idempotency_key_key` when the key was used before.
    pub async fn refund(
        &self,
        refund: &Refund,
        idempotency: Option<&Idempotency>,
        origin: &Origin,
    ) -> Result<Option<Transaction>, DbError> {
        // A transaction may be run again, so each run owns what it needs.
        let request = Arc::new((refund.clone(), idempotency.cloned(), origin.clone()));
        self.transaction("refund", retry(idempotency), move |transaction| {
            let request = Arc::clone(&request);
            Box::pin(async move {
                let (refund, idempotency, origin) = &*request;
                let parameters = &sql::RefundParams {
                    transaction_id: refund.transaction_id.0,
                    amount: refund.amount.map(|amount| amount.get()),
                    reason: refund.reason.as_str(),
                    created_by: refund.created_by.0,
                    idempotency_key: key(idempotency.as_ref()),
                    request_fingerprint: fingerprint(idempotency.as_ref()),
                    ip_address: origin.ip_address_text(),
                    user_agent: origin.user_agent(),
                    request_id: origin.request_id.as_deref(),
                };
                match wallets_sql::lock_wallet_of_spend()
                    .bind(transaction, &refund.transaction_id.0)
                    .opt()
                    .await?
                {
                    Some(_) => sql::refund().params(transaction, parameters).opt().await,
                    None => Ok(None),
                }
            })
        })
        .await
        .map(|posted| posted.map(Transaction::from))
    }

    /// How much of a spend can still be given back; `None` when there is no such spend.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn refundable(&self, id: TransactionId) -> Result<Option<i64>, DbError> {
        self.statement("refundable", Retry::Repeatable, |client| async move {
            sql::refundable().bind(&**client, &id.0).opt().await
        })
        .await
        .map(|found| found.map(|spend| spend.spent - spend.refunded))
    }

    /// What a requester's key did.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn transaction_by_idempotency_key(
        &self,
        requester: UserId,
        key: &IdempotencyKey,
    ) -> Result<Option<Transaction>, DbError> {
        let parameters = &sql::TransactionByIdempotencyKeyParams {
            created_by: requester.0,
            idempotency_key: key.as_str(),
        };
        self.statement(
            "transaction_by_idempotency_key",
            Retry::Repeatable,
            |client| async move {
                sql::transaction_by_idempotency_key()
                    .params(&**client, parameters)
                    .opt()
                    .await
            },
        )
        .await
        .map(|found| found.map(Transaction::from))
    }

    /// What a reference stands for in the wallet of a user.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn transaction_by_reference(
        &self,
        user_id: UserId,
        reference_id: &ReferenceId,
    ) -> Result<Option<Transaction>, DbError> {
        let parameters = &sql::TransactionByReferenceParams {
            user_id: user_id.0,
            reference_id: reference_id.as_str(),
        };
        self.statement(
            "transaction_by_reference",
            Retry::Repeatable,
            |client| async move {
                sql::transaction_by_reference()
                    .params(&**client, parameters)
                    .opt()
                    .await
            },
        )
        .await
        .map(|found| found.map(Transaction::from))
    }
}

impl From<sql::Transaction> for Transaction {
    fn from(row: sql::Transaction) -> Self {
        Self {
            id: TransactionId(row.id),
            wallet_id: WalletId(row.wallet_id),
            transaction_type: row.transaction_type,
            amount: row.amount,
            status: row.status,
            balance_after: row.balance_after,
            reference_id: row.reference_id,
            description: row.description,
            payment_method: row.payment_method,
            refunded_transaction_id: row.refunded_transaction_id.map(TransactionId),
            counterpart_transaction_id: row.counterpart_transaction_id.map(TransactionId),
            job_id: row.job_id.map(JobId),
            request_fingerprint: row.request_fingerprint,
            created_at: row.created_at,
            completed_at: row.completed_at,
        }
    }
}
