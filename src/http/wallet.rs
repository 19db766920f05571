//! `/wallet`: what the user holds, the ledger, spending and transferring.

use axum::Json as Answer;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::document::values;
use super::error::ApiError;
use super::extract::{Json, MaybeKey, PathId, Query};
use super::identity::{InSession, SignedIn};
use super::moment;
use super::page;
use super::transaction_body::{PostingBody, TransactionBody};
use super::validate::Fields;
use super::whole;
use crate::domain::audit::Origin;
use crate::domain::ids::{TransactionId, UserId};
use crate::domain::jobs::statement;
use crate::domain::points::{Amount, SPEND_LIMITS, TRANSFER_LIMITS};
use crate::domain::text::{Description, JobType};
use crate::domain::transactions::list::{
    self, Filter, Position, Sum, TransactionStatus, TransactionType,
};
use crate::domain::transactions::{self, Spend, Transfer};

/// How many of the latest transactions come with the wallet.
const RECENT_ROWS: i64 = 5;

/// The wallet of a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Wallet)]
pub(super) struct WalletBody {
    wallet_id: i64,
    user_id: i64,
    /// Points.
    balance: i64,
    /// Points of transactions that are pending.
    pending_amount: i64,
    /// Points that can be spent.
    available_balance: i64,
    /// When the balance last changed, or up to when a statement was drawn, if that is later.
    last_updated: DateTime<Utc>,
    /// The latest, newest first.
    recent_transactions: Vec<TransactionBody>,
}

/// `GET /wallet`
pub(super) async fn show(
    State(app): State<App>,
    SignedIn(user): SignedIn,
) -> Result<Answer<WalletBody>, ApiError> {
    let wallet = app
        .db
        .wallet(user)
        .await?
        .ok_or(ApiError::NotFound("this user has no wallet"))?;
    let recent = list::page(&app.db, user, &Filter::everything(), None, RECENT_ROWS).await?;
    Ok(Answer(WalletBody {
        wallet_id: wallet.id.0,
        user_id: wallet.user_id.0,
        balance: wallet.balance,
        pending_amount: wallet.pending_amount,
        available_balance: wallet.available_balance(),
        last_updated: wallet.updated_at,
        recent_transactions: recent
            .transactions
            .into_iter()
            .map(TransactionBody::from)
            .collect(),
    }))
}

/// Which part of the ledger is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Of this type only.
    #[serde(rename = "type")]
    #[param(inline)]
    transaction_type: Option<TransactionType>,
    /// Of this status only.
    #[param(inline)]
    status: Option<TransactionStatus>,
    /// Recorded at this time or later.
    #[serde(default, deserialize_with = "moment::optional")]
    from: Option<DateTime<Utc>>,
    /// Recorded before this time.
    #[serde(default, deserialize_with = "moment::optional")]
    to: Option<DateTime<Utc>>,
    /// How many a page has.
    #[param(inline, value_type = Option<values::Rows>)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    #[param(inline, value_type = Option<values::Cursor>)]
    cursor: Option<String>,
    /// Whether sums of all that the filter selects are added.
    #[serde(default)]
    summary: bool,
}

/// A page of the ledger.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransactionPage)]
pub(super) struct ListBody {
    transactions: Vec<TransactionBody>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
    /// Only when asked for: it reads every row of the filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    summary: Option<Vec<Sum>>,
}

/// `GET /wallet/transactions`
pub(super) async fn transactions(
    State(app): State<App>,
    SignedIn(user): SignedIn,
    Query(query): Query<ListQuery>,
) -> Result<Answer<ListBody>, ApiError> {
    let with_summary = query.summary;
    let (filter, after, rows) = query.check()?;
    let page = list::page(&app.db, user, &filter, after, rows).await?;
    let summary = match with_summary {
        true => Some(app.db.summary_of_wallet(user, &filter).await?),
        false => None,
    };
    Ok(Answer(ListBody {
        transactions: page
            .transactions
            .into_iter()
            .map(TransactionBody::from)
            .collect(),
        next_cursor: page.next.map(write_cursor),
        summary,
    }))
}

/// `GET /wallet/transactions/{txn_id}`
pub(super) async fn transaction(
    State(app): State<App>,
    SignedIn(user): SignedIn,
    PathId(id): PathId,
) -> Result<Answer<TransactionBody>, ApiError> {
    let transaction = app.db.transaction_of_user(user, TransactionId(id)).await?;
    let transaction = transaction.ok_or(ApiError::NotFound(
        "this wallet has no transaction with this number",
    ))?;
    Ok(Answer(transaction.into()))
}

/// What is to be paid for.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SpendRequest {
    #[schema(value_type = values::SpendAmount)]
    #[serde(deserialize_with = "whole::number")]
    amount: i64,
    #[schema(value_type = values::JobTypeText)]
    job_type: String,
    #[schema(value_type = Option<values::DescriptionText>)]
    description: Option<String>,
    /// What the worker gets.
    #[serde(default)]
    #[schema(value_type = values::StoredObject)]
    input: serde_json::Map<String, serde_json::Value>,
}

/// `POST /wallet/spend`
pub(super) async fn spend(
    State(app): State<App>,
    InSession(session): InSession,
    key: MaybeKey,
    origin: Origin,
    Json(request): Json<SpendRequest>,
) -> Result<PostingBody, ApiError> {
    let idempotency = key.bind("spend", &request)?;
    let mut fields = Fields::default();
    let amount = fields.check("amount", Amount::within(request.amount, SPEND_LIMITS));
    let job_type = fields.check("job_type", JobType::parse(&request.job_type));
    let description = fields.check_optional(
        "description",
        request.description.as_deref().map(Description::parse),
    );
    let input = job_type.as_ref().map_or(Ok(()), |job_type| {
        statement::check_input(job_type, &request.input, Utc::now())
    });
    let input = fields.check("input", input);
    let (Some(amount), Some(job_type), Some(description), Some(())) =
        (amount, job_type, description, input)
    else {
        return Err(fields.into_error());
    };
    let spend = Spend {
        user_id: session.user_id,
        session_id: Some(session.id),
        amount,
        job_type,
        input: request.input,
        description,
    };
    let posting = transactions::spend(&app.db, &spend, idempotency.as_ref(), &origin).await?;
    app.arrivals.announce();
    Ok(posting.into())
}

/// What is to go to whom.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TransferRequest {
    #[schema(value_type = values::Id)]
    #[serde(deserialize_with = "whole::number")]
    to_user_id: i64,
    #[schema(value_type = values::TransferAmount)]
    #[serde(deserialize_with = "whole::number")]
    amount: i64,
    #[schema(value_type = values::DescriptionText)]
    description: String,
}

/// `POST /wallet/transfers`
pub(super) async fn transfer(
    State(app): State<App>,
    InSession(session): InSession,
    key: MaybeKey,
    origin: Origin,
    Json(request): Json<TransferRequest>,
) -> Result<PostingBody, ApiError> {
    let idempotency = key.bind("transfer", &request)?;
    let mut fields = Fields::default();
    let amount = fields.check("amount", Amount::within(request.amount, TRANSFER_LIMITS));
    let description = fields.check("description", Description::parse(&request.description));
    let (Some(amount), Some(description)) = (amount, description) else {
        return Err(fields.into_error());
    };
    let transfer = Transfer {
        from: session.user_id,
        session_id: Some(session.id),
        to: UserId(request.to_user_id),
        amount,
        description,
    };
    Ok(
        transactions::transfer(&app.db, &transfer, idempotency.as_ref(), &origin)
            .await?
            .into(),
    )
}

impl ListQuery {
    fn check(self) -> Result<(Filter, Option<Position>, i64), ApiError> {
        let everything = Filter::everything();
        let mut fields = Fields::default();
        let rows = fields.check("limit", page::check_rows(self.limit));
        let after = fields.check_optional("cursor", self.cursor.as_deref().map(read_cursor));
        let from = fields.check(
            "from",
            page::check_time(self.from.unwrap_or(everything.from)),
        );
        let to = fields.check("to", page::check_time(self.to.unwrap_or(everything.to)));
        let (Some(rows), Some(after), Some(from), Some(to)) = (rows, after, from, to) else {
            return Err(fields.into_error());
        };
        let filter = Filter {
            transaction_type: self.transaction_type,
            status: self.status,
            from,
            to,
        };
        Ok((filter, after, rows))
    }
}

/// Opaque to clients: microseconds since 1970, as precise as PostgreSQL is, and the number of the row.
fn write_cursor(position: Position) -> String {
    page::write_cursor(&format!(
        "{}.{}",
        position.created_at.timestamp_micros(),
        position.id
    ))
}

fn read_cursor(text: &str) -> Result<Position, &'static str> {
    let position = || {
        let text = page::read_cursor(text)?;
        let (micros, id) = text.split_once('.')?;
        let created_at =
            page::check_time(DateTime::from_timestamp_micros(micros.parse().ok()?)?).ok()?;
        Some(Position {
            created_at,
            id: id.parse().ok()?,
        })
    };
    position().ok_or(page::BAD_CURSOR)
}
