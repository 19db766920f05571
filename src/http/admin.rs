//! `/admin`: money that comes from outside, goes back, or is corrected by hand.

pub(super) mod audit_logs;
pub(super) mod ledger;
pub(super) mod schema;
pub(super) mod users;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::document::values;
use super::error::ApiError;
use super::extract::{Json, MaybeKey};
use super::identity::{Permitted, Required};
use super::transaction_body::PostingBody;
use super::validate::Fields;
use super::whole;
use crate::domain::audit::Origin;
use crate::domain::ids::{TransactionId, UserId};
use crate::domain::permissions::Permission;
use crate::domain::points::{Adjustment, Amount, DEPOSIT_LIMITS, REFUND_LIMITS};
use crate::domain::text::{Description, PaymentMethod, ReferenceId};
use crate::domain::transactions::{self, Adjust, Deposit, Refund};

/// Takes [`Permission::RecordDeposits`].
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordDeposits;

impl Required for RecordDeposits {
    const PERMISSION: Permission = Permission::RecordDeposits;
}

/// Takes [`Permission::RefundSpends`].
#[derive(Debug, Clone, Copy)]
pub(super) struct RefundSpends;

impl Required for RefundSpends {
    const PERMISSION: Permission = Permission::RefundSpends;
}

/// Takes [`Permission::AdjustBalances`].
#[derive(Debug, Clone, Copy)]
pub(super) struct AdjustBalances;

impl Required for AdjustBalances {
    const PERMISSION: Permission = Permission::AdjustBalances;
}

/// A payment that arrived.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DepositRequest {
    #[schema(value_type = values::Id)]
    #[serde(deserialize_with = "whole::number")]
    user_id: i64,
    #[schema(value_type = values::DepositAmount)]
    #[serde(deserialize_with = "whole::number")]
    amount: i64,
    /// What the payment provider calls the payment; once for each wallet.
    #[schema(value_type = values::ReferenceText)]
    reference_id: String,
    #[schema(value_type = Option<values::PaymentMethodText>)]
    payment_method: Option<String>,
    #[schema(value_type = Option<values::DescriptionText>)]
    description: Option<String>,
}

/// `POST /admin/deposits`
pub(super) async fn deposit(
    State(app): State<App>,
    permitted: Permitted<RecordDeposits>,
    key: MaybeKey,
    origin: Origin,
    Json(request): Json<DepositRequest>,
) -> Result<PostingBody, ApiError> {
    let idempotency = key.bind("deposit", &request)?;
    let mut fields = Fields::default();
    let amount = fields.check("amount", Amount::within(request.amount, DEPOSIT_LIMITS));
    let reference_id = fields.check("reference_id", ReferenceId::parse(&request.reference_id));
    let payment_method = fields.check_optional(
        "payment_method",
        request.payment_method.as_deref().map(PaymentMethod::parse),
    );
    let description = fields.check_optional(
        "description",
        request.description.as_deref().map(Description::parse),
    );
    let (Some(amount), Some(reference_id), Some(payment_method), Some(description)) =
        (amount, reference_id, payment_method, description)
    else {
        return Err(fields.into_error());
    };
    let deposit = Deposit {
        user_id: UserId(request.user_id),
        amount,
        reference_id,
        payment_method,
        description,
        created_by: permitted.user,
    };
    Ok(
        transactions::deposit(&app.db, &deposit, idempotency.as_ref(), &origin)
            .await?
            .into(),
    )
}

/// A spend to give back, wholly or in part.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundRequest {
    /// The spend.
    #[schema(value_type = values::Id)]
    #[serde(deserialize_with = "whole::number")]
    txn_id: i64,
    /// Points to give back; all that is left without.
    #[schema(value_type = Option<values::RefundAmount>)]
    #[serde(default, deserialize_with = "whole::optional")]
    amount: Option<i64>,
    #[schema(value_type = values::DescriptionText)]
    reason: String,
}

/// `POST /admin/refunds`
pub(super) async fn refund(
    State(app): State<App>,
    permitted: Permitted<RefundSpends>,
    key: MaybeKey,
    origin: Origin,
    Json(request): Json<RefundRequest>,
) -> Result<PostingBody, ApiError> {
    let idempotency = key.bind("refund", &request)?;
    let mut fields = Fields::default();
    let amount = fields.check_optional(
        "amount",
        request
            .amount
            .map(|amount| Amount::within(amount, REFUND_LIMITS)),
    );
    let reason = fields.check("reason", Description::parse(&request.reason));
    let (Some(amount), Some(reason)) = (amount, reason) else {
        return Err(fields.into_error());
    };
    let transaction_id = TransactionId(request.txn_id);
    let refund = Refund {
        transaction_id,
        amount,
        reason,
        created_by: permitted.user,
    };
    Ok(
        transactions::refund(&app.db, &refund, idempotency.as_ref(), &origin)
            .await?
            .into(),
    )
}

/// A balance to correct.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AdjustmentRequest {
    #[schema(value_type = values::Id)]
    #[serde(deserialize_with = "whole::number")]
    user_id: i64,
    /// Points, negative to take.
    #[schema(value_type = values::AdjustmentAmount)]
    #[serde(deserialize_with = "whole::number")]
    amount: i64,
    #[schema(value_type = values::DescriptionText)]
    reason: String,
}

/// `POST /admin/adjustments`
pub(super) async fn adjust(
    State(app): State<App>,
    permitted: Permitted<AdjustBalances>,
    key: MaybeKey,
    origin: Origin,
    Json(request): Json<AdjustmentRequest>,
) -> Result<PostingBody, ApiError> {
    let idempotency = key.bind("adjustment", &request)?;
    let mut fields = Fields::default();
    let amount = fields.check("amount", Adjustment::new(request.amount));
    let reason = fields.check("reason", Description::parse(&request.reason));
    let (Some(amount), Some(reason)) = (amount, reason) else {
        return Err(fields.into_error());
    };
    let adjust = Adjust {
        user_id: UserId(request.user_id),
        amount,
        reason,
        created_by: permitted.user,
    };
    Ok(
        transactions::adjust(&app.db, &adjust, idempotency.as_ref(), &origin)
            .await?
            .into(),
    )
}
