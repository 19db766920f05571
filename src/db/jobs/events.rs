//! The statements of `queries/job_events.sql`: reading what happened to a job, and removing what is old. Events are
//! written by the statements that change jobs.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::db::queries::client::Params as _;
use crate::db::queries::{job_events as sql, session as session_sql};
use crate::db::{Database, DbError, Retry};
use crate::domain::ids::{JobId, UserId};
use crate::domain::jobs::events::{End, EventsAfter, JobEvent, Standing};
use crate::domain::jobs::news::{Changed, JobNews};
use crate::domain::jobs::old_events::{Bounds, FoundBy, Looked, Place, Progress};

/// What stands for all jobs in a notice.
const ALL: &str = "*";

impl Database {
    /// Who watches jobs in this process. Every change of a job that this makes is told there, once it is committed.
    pub fn job_news(&self) -> &JobNews {
        &self.job_news
    }

    /// At most `limit` events of a user's job after a number, and one more if its end has to be made; `None` for another's job too.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn events_of_job(
        &self,
        user_id: UserId,
        job_id: JobId,
        after_number: i32,
        limit: i64,
    ) -> Result<Option<EventsAfter>, DbError> {
        let parameters = &sql::EventsOfJobParams {
            after_number,
            limit,
            job_id: job_id.0,
            user_id: user_id.0,
        };
        let rows = self
            .statement("events_of_job", Retry::Repeatable, |client| async move {
                sql::events_of_job()
                    .params(&**client, parameters)
                    .all()
                    .await
            })
            .await?;
        let events: Vec<JobEvent> = rows.iter().filter_map(read_event).collect();
        let is_all = (events.len() as i64) < limit;
        Ok(rows
            .first()
            .map(|first| EventsAfter::new(events, after_number, is_all, &read_standing(first))))
    }

    /// How many events some jobs have, and one more if they have ended; those that are not there are left out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn event_counts(&self, job_ids: &[JobId]) -> Result<Vec<(JobId, i32)>, DbError> {
        let job_ids: Vec<i64> = job_ids.iter().map(|id| id.0).collect();
        let job_ids = job_ids.as_slice();
        let rows = self
            .statement("event_counts", Retry::Repeatable, |client| async move {
                sql::event_counts().bind(&**client, &job_ids).all().await
            })
            .await?;
        let counts = rows.into_iter().map(|row| (JobId(row.id), row.event_count));
        Ok(counts.collect())
    }

    /// How far this process has looked for old events.
    pub fn old_events_progress(&self) -> &Progress {
        &self.old_events_progress
    }

    /// Removes events of jobs that ended this long ago: one look, behind a place.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_old_job_events(
        &self,
        by: FoundBy,
        retention: Duration,
        after: Place,
        bounds: Bounds,
    ) -> Result<Looked, DbError> {
        match by {
            FoundBy::First => self.remove_by_first_event(retention, after, bounds).await,
            FoundBy::Last => self.remove_by_last_event(retention, after, bounds).await,
        }
    }

    async fn remove_by_first_event(
        &self,
        retention: Duration,
        after: Place,
        bounds: Bounds,
    ) -> Result<Looked, DbError> {
        let parameters = &sql::RemoveOldJobEventsParams {
            retention_seconds: retention.as_secs_f64(),
            after_created_at: after.created_at,
            after_job_id: after.job_id.0,
            look_limit: bounds.looked_at_jobs,
            job_limit: bounds.ended_jobs,
            row_limit: bounds.rows,
        };
        let row = self
            .statement(
                "remove_old_job_events",
                Retry::Repeatable,
                |client| async move {
                    sql::remove_old_job_events()
                        .params(&**client, parameters)
                        .one()
                        .await
                },
            )
            .await?;
        Ok(looked(row.removed_count, row.created_at, row.job_id))
    }

    async fn remove_by_last_event(
        &self,
        retention: Duration,
        after: Place,
        bounds: Bounds,
    ) -> Result<Looked, DbError> {
        let parameters = &sql::RemoveHeadlessJobEventsParams {
            retention_seconds: retention.as_secs_f64(),
            after_created_at: after.created_at,
            after_job_id: after.job_id.0,
            look_limit: bounds.looked_at_jobs,
            job_limit: bounds.ended_jobs,
            row_limit: bounds.rows,
        };
        let row = self
            .statement(
                "remove_headless_job_events",
                Retry::Repeatable,
                |client| async move {
                    sql::remove_headless_job_events()
                        .params(&**client, parameters)
                        .one()
                        .await
                },
            )
            .await?;
        Ok(looked(row.removed_count, row.created_at, row.job_id))
    }

    /// Tells every process that listens which jobs have new events.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn announce_job_events(&self, changed: &Changed) -> Result<(), DbError> {
        let text = &self.write_notice(&write_jobs(changed));
        self.statement(
            "announce_job_events",
            Retry::Unchanged,
            |client| async move {
                session_sql::announce_job_events()
                    .bind(&**client, text)
                    .one()
                    .await
            },
        )
        .await
        .map(drop)
    }
}

fn looked(removed: i64, created_at: Option<DateTime<Utc>>, job_id: Option<i64>) -> Looked {
    let place = created_at.zip(job_id);
    Looked {
        removed: usize::try_from(removed).unwrap_or(0),
        reached: place.map(|(created_at, job_id)| Place {
            created_at,
            job_id: JobId(job_id),
        }),
    }
}

fn write_jobs(changed: &Changed) -> String {
    match changed {
        Changed::Many => ALL.to_owned(),
        Changed::Jobs(jobs) => {
            let numbers: Vec<String> = jobs.iter().map(|id| id.0.to_string()).collect();
            numbers.join(",")
        }
    }
}

/// Which jobs a notice names; all jobs, if it cannot be read.
pub(in crate::db) fn read_jobs(text: &str) -> Changed {
    let numbers: Result<_, _> = text
        .split(',')
        .map(|part| part.parse().map(JobId))
        .collect();
    numbers.map_or(Changed::Many, Changed::Jobs)
}

fn read_standing(row: &sql::EventsOfJob) -> Standing {
    Standing {
        event_count: row.event_count,
        last_kind: row.last_kind.clone(),
        end: row.finished_at.map(|finished_at| End {
            status: row.status.clone(),
            finished_at,
            attempts: row.attempts,
            last_error: row.last_error.clone(),
            refunded_amount: row.refunded_amount.unwrap_or(0),
        }),
    }
}

fn read_event(row: &sql::EventsOfJob) -> Option<JobEvent> {
    Some(JobEvent {
        number: row.event_number?,
        kind: row.kind.clone()?,
        created_at: row.created_at?,
        // A newer release may have written what cannot be read here; kind and time are told all the same.
        details: serde_json::from_value(row.details.clone()?).unwrap_or_default(),
    })
}
