//! A transaction as the API shows it.

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::IDEMPOTENT_REPLAYED;
use crate::domain::transactions::{Posting, Transaction};

/// A transaction.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transaction)]
pub(super) struct TransactionBody {
    txn_id: i64,
    #[serde(rename = "type")]
    /// `deposit`, `spend`, `refund`, `transfer` or `adjustment`; a later release may have more.
    transaction_type: String,
    /// Points, negative if they went out.
    amount: i64,
    /// Points in the wallet then; nothing while it is pending, or if it failed.
    balance_after: Option<i64>,
    /// `pending`, `success` or `failed`.
    status: String,
    /// What the payment provider calls it.
    reference_id: Option<String>,
    description: Option<String>,
    payment_method: Option<String>,
    /// The spend that it gives back.
    refunded_txn_id: Option<i64>,
    /// The other half of a transfer.
    counterpart_txn_id: Option<i64>,
    /// The job that it paid for.
    job_id: Option<i64>,
    created_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
}

impl From<Transaction> for TransactionBody {
    fn from(transaction: Transaction) -> Self {
        Self {
            txn_id: transaction.id.0,
            transaction_type: transaction.transaction_type,
            amount: transaction.amount,
            balance_after: transaction.balance_after,
            status: transaction.status,
            reference_id: transaction.reference_id,
            description: transaction.description,
            payment_method: transaction.payment_method,
            refunded_txn_id: transaction.refunded_transaction_id.map(|id| id.0),
            counterpart_txn_id: transaction.counterpart_transaction_id.map(|id| id.0),
            job_id: transaction.job_id.map(|id| id.0),
            created_at: transaction.created_at,
            completed_at: transaction.completed_at,
        }
    }
}

/// The answer of every money request: what was posted, by this request or by an earlier one with the same key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Posting)]
pub(super) struct PostingBody {
    transaction: TransactionBody,
    /// The job that was ordered, if it is an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    job_id: Option<i64>,
    remaining_balance: Option<i64>,
    #[serde(skip)]
    replayed: bool,
}

impl From<Posting> for PostingBody {
    fn from(posting: Posting) -> Self {
        Self {
            job_id: posting.transaction.job_id.map(|id| id.0),
            remaining_balance: posting.transaction.balance_after,
            transaction: posting.transaction.into(),
            replayed: posting.replayed,
        }
    }
}

impl IntoResponse for PostingBody {
    fn into_response(self) -> Response {
        let replayed = self.replayed;
        let mut response = (StatusCode::CREATED, axum::Json(self)).into_response();
        if replayed {
            let name = HeaderName::from_static(IDEMPOTENT_REPLAYED);
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static("true"));
        }
        response
    }
}
