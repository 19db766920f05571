//! What happened to a job, for those who watch it: numbered 1, 2, 3 within the job, and written with the change itself.
//!
//! Waiting for the next one is in [`super::news`].

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One event of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobEvent {
    /// Place among the events of the job, from 1.
    pub number: i32,
    /// The status that the job has by it, or `retrying`. Text here: a newer release may have more of them.
    pub kind: String,
    /// What belongs to it.
    pub details: EventDetails,
    /// When it happened.
    pub created_at: DateTime<Utc>,
}

/// What belongs to an event; each kind has some of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EventDetails {
    /// When a job that waits may start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<DateTime<Utc>>,
    /// Until when it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// How far the worker is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress_percent: Option<i16>,
    /// Which attempt it is or was, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<i16>,
    /// How many there may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<i16>,
    /// Why the attempt or the job failed, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When a failed attempt is repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<DateTime<Utc>>,
    /// Points that the end gave back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded_amount: Option<i64>,
}

impl JobEvent {
    /// How the job stands after it.
    pub fn status(&self) -> &str {
        match self.kind.as_str() {
            "retrying" => "queued",
            kind => kind,
        }
    }
}

/// How a job stood when its events were read.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// How many events were written of it.
    pub event_count: i32,
    /// The kind of the last of them, if it is still there.
    pub last_kind: Option<String>,
    /// Its end, if it has ended.
    pub end: Option<End>,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// The final status.
    pub status: String,
    /// When that was.
    pub finished_at: DateTime<Utc>,
    /// How often it was tried.
    pub attempts: i16,
    /// Why the last attempt failed, if one did.
    pub last_error: Option<String>,
    /// Points that the end gave back.
    pub refunded_amount: i64,
}

/// Some events of a job, and how it stood when they were read.
#[derive(Debug, Clone, PartialEq)]
pub struct EventsAfter {
    /// In their order.
    pub events: Vec<JobEvent>,
    /// The number of the last one that the job has.
    pub last_number: i32,
    /// Whether there will be no further ones.
    pub has_ended: bool,
}

impl EventsAfter {
    /// The events after a number, `is_all` of them or not. A job that has ended has a last event that says so. Where there is
    /// none, since a release without events ended it, or since it is removed, it is made of how the job stands.
    pub fn new(
        mut events: Vec<JobEvent>,
        after_number: i32,
        is_all: bool,
        standing: &Standing,
    ) -> Self {
        let last_number = standing.last_number(after_number);
        if let Some(end) = &standing.end
            && is_all
            && events.last().map_or(after_number, |event| event.number) < last_number
        {
            events.push(end.event(last_number));
        }
        Self {
            events,
            last_number,
            has_ended: standing.end.is_some(),
        }
    }
}

impl Standing {
    fn last_number(&self, after_number: i32) -> i32 {
        let Some(end) = &self.end else {
            return self.event_count;
        };
        let has_last = match &self.last_kind {
            Some(kind) => *kind == end.status,
            // None were written, or they are removed by now: then the last one said it, unless somebody has seen a later one.
            None => self.event_count > 0 && after_number != self.event_count + 1,
        };
        self.event_count + i32::from(!has_last)
    }
}

impl End {
    fn event(&self, number: i32) -> JobEvent {
        let is_completed = self.status == "completed";
        let has_error = matches!(self.status.as_str(), "failed" | "expired");
        JobEvent {
            number,
            kind: self.status.clone(),
            details: EventDetails {
                attempt: Some(self.attempts),
                error: self.last_error.clone().filter(|_| has_error),
                refunded_amount: (!is_completed).then_some(self.refunded_amount),
                ..EventDetails::default()
            },
            created_at: self.finished_at,
        }
    }
}
