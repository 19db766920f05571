//! `wallet_statement`: the transactions of the orderer's wallet in a period, as CSV.

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::json;

use super::{Failure, Kind, Work};
use crate::domain::ids::TransactionId;
use crate::domain::jobs::lease::{ClaimedJob, Output};
use crate::domain::transactions::Transaction;
use crate::domain::transactions::list::{Filter, Position, latest_time};

/// How many transactions are read at once.
const PAGE_ROWS: i64 = 1000;
/// How many a statement may have: a text of some ten megabytes.
const MAX_ROWS: usize = 100_000;

const COLUMNS: [&str; 9] = [
    "txn_id",
    "created_at",
    "type",
    "status",
    "amount",
    "balance_after",
    "reference_id",
    "description",
    "job_id",
];

/// Writes statements.
#[derive(Debug, Clone, Copy)]
pub struct WalletStatement;

/// The period; everything up to now without.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
}

impl Kind for WalletStatement {
    fn job_type(&self) -> &'static str {
        "wallet_statement"
    }

    fn run<'a>(
        &'a self,
        work: &'a Work,
        job: &'a ClaimedJob,
    ) -> BoxFuture<'a, Result<Output, Failure>> {
        Box::pin(async move {
            let input = Input::deserialize(&job.input)
                .map_err(|error| Failure::for_good(format!("the input cannot be used: {error}")))?;
            let filter = period(&input)?;
            let transactions = read(work, job, &filter).await?;
            let csv = write(&transactions)?;
            let summary = json!({"from": filter.from, "to": filter.to, "rows": transactions.len()});
            Output::new(Some(summary), Some(csv))
                .map_err(|error| Failure::for_good(error.to_string()))
        })
    }
}

fn period(input: &Input) -> Result<Filter, Failure> {
    let from = input.from.unwrap_or(DateTime::UNIX_EPOCH);
    let to = input.to.unwrap_or_else(Utc::now);
    if from < DateTime::UNIX_EPOCH || to > latest_time() || from > to {
        return Err(Failure::for_good(
            "the period must begin in 1970 or later, and not end before it begins",
        ));
    }
    Ok(Filter {
        transaction_type: None,
        status: None,
        from,
        to,
    })
}

/// Oldest first, as a statement is read.
async fn read(work: &Work, job: &ClaimedJob, filter: &Filter) -> Result<Vec<Transaction>, Failure> {
    let mut transactions: Vec<Transaction> = Vec::new();
    let mut before = Position {
        created_at: filter.to,
        id: TransactionId(i64::MAX),
    };
    loop {
        let page = work
            .db
            .transactions_of_wallet(job.user_id, filter, before, PAGE_ROWS)
            .await
            .map_err(|error| Failure::for_now(error.to_string()))?;
        let is_last = (page.len() as i64) < PAGE_ROWS;
        if let Some(last) = page.last() {
            before = Position {
                created_at: last.created_at,
                id: last.id,
            };
        }
        transactions.extend(page);
        if transactions.len() > MAX_ROWS {
            return Err(Failure::for_good(format!(
                "the period has more than {MAX_ROWS} transactions; choose a shorter one"
            )));
        }
        if is_last {
            transactions.reverse();
            return Ok(transactions);
        }
    }
}

fn write(transactions: &[Transaction]) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = (|| {
        writer.write_record(COLUMNS)?;
        for transaction in transactions {
            let id = |id: Option<i64>| id.map(|id| id.to_string()).unwrap_or_default();
            writer.write_record([
                transaction.id.to_string(),
                transaction.created_at.to_rfc3339(),
                transaction.transaction_type.clone(),
                transaction.status.clone(),
                transaction.amount.to_string(),
                id(transaction.balance_after),
                as_text(transaction.reference_id.as_deref()),
                as_text(transaction.description.as_deref()),
                id(transaction.job_id.map(|id| id.0)),
            ])?;
        }
        writer
            .into_inner()
            .map_err(|error| error.into_error().into())
    })();
    let bytes = written.map_err(|error: csv::Error| Failure::for_good(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| Failure::for_good(error.to_string()))
}

/// What people typed, marked as text where a spreadsheet would run it as a formula.
/// <https://owasp.org/www-community/attacks/CSV_Injection>
fn as_text(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}
