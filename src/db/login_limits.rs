//! The statements of `queries/login_limits.sql`, in the types of the domain.

use std::time::Duration;

use super::queries::client::Params as _;
use super::queries::login_limits as sql;
use super::{Database, DbError, Retry};
use crate::domain::login_limits::TooMany;

impl Database {
    /// Counts an attempt of subjects that have a limit each, or says that it is one too many.
    ///
    /// # Errors
    /// If the database fails. After [`DbError::Lost`] it may be counted.
    pub async fn count_login_attempt(
        &self,
        counted: &[(&str, u32)],
        window: Duration,
    ) -> Result<Option<TooMany>, DbError> {
        let (subjects, limits): (Vec<&str>, Vec<i32>) = counted
            .iter()
            .map(|(subject, limit)| (*subject, i32::try_from(*limit).unwrap_or(i32::MAX)))
            .unzip();
        let parameters = &sql::CountLoginAttemptParams {
            subjects: subjects.as_slice(),
            attempt_limits: limits.as_slice(),
            window_seconds: window.as_secs_f64(),
        };
        self.statement(
            "count_login_attempt",
            Retry::Unchanged,
            |client| async move {
                sql::count_login_attempt()
                    .params(&**client, parameters)
                    .opt()
                    .await
            },
        )
        .await
        .map(|refused| {
            refused.map(|row| TooMany {
                retry_after: Duration::from_secs(row.retry_after_seconds.unsigned_abs()),
                is_first: row.is_first,
            })
        })
    }

    /// Takes an attempt back, and forgets those of the subject that proved to be itself.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn settle_login_attempt(
        &self,
        subjects: &[&str],
        proven: Option<&str>,
    ) -> Result<(), DbError> {
        let parameters = &sql::SettleLoginAttemptParams {
            subjects,
            proven_subject: proven,
        };
        self.statement(
            "settle_login_attempt",
            Retry::Unchanged,
            |client| async move {
                sql::settle_login_attempt()
                    .params(&**client, parameters)
                    .all()
                    .await
            },
        )
        .await
        .map(drop)
    }

    /// Removes counts whose window is over, at most as many; returns how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_expired_login_limits(&self, rows: i64) -> Result<usize, DbError> {
        self.statement(
            "remove_expired_login_limits",
            Retry::Repeatable,
            |client| async move {
                sql::remove_expired_login_limits()
                    .bind(&**client, &rows)
                    .all()
                    .await
            },
        )
        .await
        .map(|removed| removed.len())
    }
}
