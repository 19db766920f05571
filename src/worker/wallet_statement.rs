//! `wallet_statement`: the transactions of the orderer's wallet in a period, as a file of CSV. They are read and written page
//! by page, so that a long period takes no more memory than a short one.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use serde_json::json;

use super::{Failure, Kind, Work};
use crate::domain::ids::TransactionId;
use crate::domain::jobs::files::{Upload, UploadError};
use crate::domain::jobs::lease::{ClaimedJob, Output};
use crate::domain::jobs::statement::{JOB_TYPE, Period};
use crate::domain::mime_type::MimeType;
use crate::domain::transactions::Transaction;
use crate::domain::transactions::list::Position;

/// How many transactions are read at once, and held in memory.
const PAGE_ROWS: i64 = 1000;

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

impl Kind for WalletStatement {
    fn job_type(&self) -> &'static str {
        JOB_TYPE
    }

    fn needs_files(&self) -> bool {
        true
    }

    fn run<'a>(
        &'a self,
        work: &'a Work,
        job: &'a ClaimedJob,
    ) -> BoxFuture<'a, Result<Output, Failure>> {
        Box::pin(async move {
            let period = Period::read(&job.input)
                .map_err(|error| Failure::for_good(format!("the input {error}")))?;
            let from = period.from();
            let to = end_of(work, job, &period).await?;
            let csv = MimeType::csv();
            let mut upload = work.files.begin(job.lease, &csv).await?;
            let rows = write(work, job, from, to, &mut upload).await?;
            let (file, _) = upload.finish().await?;
            let summary = json!({"from": from, "to": to, "rows": rows});
            Output::with_file(Some(summary), None, Some(file))
                .map_err(|error| Failure::for_good(error.to_string()))
        })
    }
}

/// When the statement ends: nothing that belongs into it is recorded later.
async fn end_of(work: &Work, job: &ClaimedJob, period: &Period) -> Result<DateTime<Utc>, Failure> {
    let end = work.db.end_of_statement(job.user_id, period.to()).await;
    let end = end.map_err(|error| {
        tracing::warn!(%error, "a statement cannot be drawn");
        Failure::for_now("the transactions cannot be read right now")
    })?;
    end.ok_or_else(|| Failure::for_good("there is no wallet"))
}

/// Oldest first, as a statement is read. Returns how many.
async fn write(
    work: &Work,
    job: &ClaimedJob,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    upload: &mut Upload,
) -> Result<u64, Failure> {
    // Before everything that was recorded at the first moment: numbers begin at 1, times have microseconds.
    let mut after = Position {
        created_at: from - TimeDelta::microseconds(1),
        id: TransactionId(i64::MAX),
    };
    let mut rows = 0;
    upload.write(&csv_of(None)?).await?;
    loop {
        let page = work
            .db
            .page_of_statement(job.user_id, after, to, PAGE_ROWS)
            .await
            .map_err(|error| {
                tracing::warn!(%error, "a statement cannot be read");
                Failure::for_now("the transactions cannot be read right now")
            })?;
        upload.write(&csv_of(Some(&page))?).await?;
        rows += page.len() as u64;
        match page.last() {
            Some(last) if page.len() as i64 == PAGE_ROWS => {
                after = Position {
                    created_at: last.created_at,
                    id: last.id,
                };
            }
            _ => return Ok(rows),
        }
    }
}

/// The lines of some transactions; the names of the columns without.
fn csv_of(transactions: Option<&[Transaction]>) -> Result<Vec<u8>, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = (|| {
        if transactions.is_none() {
            writer.write_record(COLUMNS)?;
        }
        for transaction in transactions.unwrap_or_default() {
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
    written.map_err(|error: csv::Error| Failure::for_good(error.to_string()))
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

impl From<UploadError> for Failure {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::TooLarge { .. } => {
                Self::for_good(format!("{error}; choose a shorter period"))
            }
            // The orderer reads it, and has nothing to do with where files are.
            other => {
                tracing::warn!(error = %other, "a statement cannot be kept");
                Self::for_now("the file cannot be stored right now")
            }
        }
    }
}
