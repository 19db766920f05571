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

/// Some events of a job, and how it stood when they were read.
#[derive(Debug, Clone, PartialEq)]
pub struct EventsAfter {
    /// In their order.
    pub events: Vec<JobEvent>,
    /// How many the job has, and the number of its last one.
    pub event_count: i32,
    /// Whether there will be no further ones.
    pub has_ended: bool,
}
