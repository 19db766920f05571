//! The statements of `queries/job_events.sql`: reading what happened to a job, and removing what is old. Events are
//! written by the statements that change jobs.

use std::time::Duration;

use crate::db::queries::client::Params as _;
use crate::db::queries::{job_events as sql, session as session_sql};
use crate::db::{Database, DbError, Retry};
use crate::domain::ids::{JobId, UserId};
use crate::domain::jobs::events::{End, EventsAfter, JobEvent, Standing};
use crate::domain::jobs::news::{Changed, JobNews};

/// What stands for all jobs in a notice.
const ALL: &str = "*";

/// Of how many jobs events are removed at once: all of these are locked meanwhile.
const MAX_ENDED_JOBS: i64 = 100;

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

    /// Removes at most `limit` events of jobs that ended this long ago; returns how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_old_job_events(
        &self,
        retention: Duration,
        limit: i64,
    ) -> Result<usize, DbError> {
        let parameters = &sql::RemoveOldJobEventsParams {
            retention_seconds: retention.as_secs_f64(),
            job_limit: MAX_ENDED_JOBS,
            limit,
        };
        self.statement(
            "remove_old_job_events",
            Retry::Repeatable,
            |client| async move {
                sql::remove_old_job_events()
                    .params(&**client, parameters)
                    .all()
                    .await
            },
        )
        .await
        .map(|removed| removed.len())
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
