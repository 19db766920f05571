//! What came into a wallet and went out of it, per day.

use chrono::{Days, NaiveDate, NaiveTime};
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::{Database, DbError};
use crate::domain::ids::UserId;

/// The longest period that is summed up.
pub const MAX_DAYS: i64 = 366;

/// Whole days in UTC, the first and the last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    first: NaiveDate,
    last: NaiveDate,
}

/// A period that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {MAX_DAYS} days, the last not before the first, since 1970")]
pub struct PeriodError;

impl Period {
    /// Checks a period.
    ///
    /// # Errors
    /// If it ends before it begins, is too long, or nobody had a wallet then.
    pub fn new(first: NaiveDate, last: NaiveDate) -> Result<Self, PeriodError> {
        let days = last.signed_duration_since(first).num_days() + 1;
        let is_in_time = first >= NaiveDate::default() && last.succ_opt().is_some();
        if (1..=MAX_DAYS).contains(&days) && is_in_time {
            Ok(Self { first, last })
        } else {
            Err(PeriodError)
        }
    }

    /// The days up to one, that one included.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn until(last: NaiveDate, days: u64) -> Result<Self, PeriodError> {
        let first = last.checked_sub_days(Days::new(days.saturating_sub(1)));
        Self::new(first.ok_or(PeriodError)?, last)
    }

    /// The first day.
    pub fn first(self) -> NaiveDate {
        self.first
    }

    /// The last day.
    pub fn last(self) -> NaiveDate {
        self.last
    }
}

/// Sums of one day and type: successful transactions only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DaySum {
    /// In UTC.
    pub day: NaiveDate,
    /// Type of them.
    #[serde(rename = "type")]
    pub transaction_type: String,
    /// How many.
    pub count: i64,
    /// Sum of their signed amounts.
    pub amount: i64,
}

/// Sums of one type over the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TypeSum {
    /// Type of them.
    #[serde(rename = "type")]
    pub transaction_type: String,
    /// How many.
    pub count: i64,
    /// Sum of their signed amounts.
    pub amount: i64,
}

/// The sums of a period, newest day first; days without a transaction are not there.
///
/// # Errors
/// If the database fails.
pub async fn per_day(db: &Database, user: UserId, period: Period) -> Result<Vec<DaySum>, DbError> {
    let from = period.first.and_time(NaiveTime::MIN).and_utc();
    let end = period.last.succ_opt().unwrap_or(NaiveDate::MAX);
    db.sums_per_day(user, from, end.and_time(NaiveTime::MIN).and_utc())
        .await
}

/// The sums of each type, in the order of their names.
pub fn per_type(days: &[DaySum]) -> Vec<TypeSum> {
    let mut types: Vec<TypeSum> = Vec::new();
    for day in days {
        match types
            .iter_mut()
            .find(|sum| sum.transaction_type == day.transaction_type)
        {
            Some(sum) => {
                sum.count += day.count;
                sum.amount += day.amount;
            }
            None => types.push(TypeSum {
                transaction_type: day.transaction_type.clone(),
                count: day.count,
                amount: day.amount,
            }),
        }
    }
    types.sort_by(|one, other| one.transaction_type.cmp(&other.transaction_type));
    types
}
