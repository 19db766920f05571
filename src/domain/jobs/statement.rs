//! The input of `wallet_statement`, a kind of job that the program does itself. It is checked when the job is ordered, so that
//! nobody pays and waits for a statement that cannot be written; and by the worker, who may be given older orders.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::text::JobType;
use crate::domain::transactions::list::latest_time;

/// The kind of job.
pub const JOB_TYPE: &str = "wallet_statement";

/// The period of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    from: DateTime<Utc>,
    to: Option<DateTime<Utc>>,
}

/// What is no input of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// Not of the right shape.
    #[error("must be an object with from and to at most, times as in 2026-01-31T00:00:00Z")]
    Shape,
    /// Times that no statement can have.
    #[error("must be a period that begins in 1970 or later, and does not end before it begins")]
    Times,
    /// Nothing can be in it yet when it is written.
    #[error("must be a period that begins before the statement may be written")]
    Future,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
}

impl Period {
    /// Reads `{from?, to?}`: without them, everything up to the time at which the statement is written.
    ///
    /// # Errors
    /// If there is anything else, or the period is none.
    pub fn read(input: &Value) -> Result<Self, PeriodError> {
        // serde would take the fields of an object in their order, too.
        let input = Some(input).filter(|input| input.is_object());
        let input = Input::deserialize(input.ok_or(PeriodError::Shape)?);
        let input = input.map_err(|_| PeriodError::Shape)?;
        let from = input.from.unwrap_or(DateTime::UNIX_EPOCH);
        let is_allowed =
            |time: &DateTime<Utc>| (DateTime::UNIX_EPOCH..=latest_time()).contains(time);
        let is_period = is_allowed(&from)
            && input.to.as_ref().is_none_or(is_allowed)
            && input.to.is_none_or(|to| from <= to);
        match is_period {
            true => Ok(Self { from, to: input.to }),
            false => Err(PeriodError::Times),
        }
    }

    /// When it begins; transactions of this time are in it.
    pub fn from(&self) -> DateTime<Utc> {
        self.from
    }

    /// When it ends, if that was said; transactions of this time are not in it. It is drawn up to now at the latest.
    pub fn to(&self) -> Option<DateTime<Utc>> {
        self.to
    }
}

/// Checks the input of an order that may be begun at a time, of the kinds whose input is known here. That of other kinds is
/// their workers' business.
///
/// # Errors
/// If a statement cannot be written of it.
pub fn check_input(
    job_type: &JobType,
    input: &Map<String, Value>,
    begins_at: DateTime<Utc>,
) -> Result<(), PeriodError> {
    if job_type.as_str() != JOB_TYPE {
        return Ok(());
    }
    let period = Period::read(&Value::Object(input.clone()))?;
    match period.from <= begins_at {
        true => Ok(()),
        false => Err(PeriodError::Future),
    }
}
