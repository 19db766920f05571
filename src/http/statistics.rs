//! `/wallet/statistics`: sums per type and day.

use axum::Json as Answer;
use axum::extract::State;
use chrono::{NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::error::ApiError;
use super::extract::Query;
use super::identity::SignedIn;
use super::moment;
use crate::domain::transactions::statistics::{self, DaySum, Period, TypeSum};

const DEFAULT_DAYS: u64 = 30;

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct StatisticsQuery {
    /// The first day; without it there are 30 days.
    #[serde(default, deserialize_with = "moment::optional")]
    from: Option<NaiveDate>,
    /// The last day, today without it.
    #[serde(default, deserialize_with = "moment::optional")]
    to: Option<NaiveDate>,
}

/// Sums of a period.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statistics)]
pub(super) struct StatisticsBody {
    from: NaiveDate,
    to: NaiveDate,
    totals: Vec<TypeSum>,
    days: Vec<DaySum>,
}

/// `GET /wallet/statistics`: the last 30 days, or those that are asked for, both ends included, in UTC.
pub(super) async fn show(
    State(app): State<App>,
    SignedIn(user): SignedIn,
    Query(query): Query<StatisticsQuery>,
) -> Result<Answer<StatisticsBody>, ApiError> {
    let last = query.to.unwrap_or_else(|| Utc::now().date_naive());
    let period = match query.from {
        Some(first) => Period::new(first, last),
        None => Period::until(last, DEFAULT_DAYS),
    };
    let period = period.map_err(|error| ApiError::field("from", error))?;
    let days = statistics::per_day(&app.db, user, period).await?;
    Ok(Answer(StatisticsBody {
        from: period.first(),
        to: period.last(),
        totals: statistics::per_type(&days),
        days,
    }))
}
