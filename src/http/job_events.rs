//! `/jobs/{job_id}/events`: what happens to a job, as server-sent events (HTML, section 9.2).
//!
//! A stream holds no connection to the database: it reads what is there, and waits until it is woken. It ends after the
//! last event of the job, when the server ends, and when the access token expires or the session has ended, which is
//! looked at with every keep-alive. Who comes back says with `Last-Event-ID` where to go on; when there is nothing more to
//! come, the answer is 204, which tells an `EventSource` to stop.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse as _;
use axum::response::sse::{Event, Sse};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream;
use serde::Serialize;
use tokio::time::Instant;

use super::App;
use super::document::EventStream;
use super::error::ApiError;
use super::extract::PathId;
use super::identity::InSessionUntil;
use super::jobs::NO_SUCH_JOB;
use crate::db::DbError;
use crate::domain::ids::JobId;
use crate::domain::jobs::events::{EventDetails, JobEvent};
use crate::domain::jobs::news::Watcher;
use crate::domain::sessions::Session;

/// The request header with the last event that a client has.
pub(super) const LAST_EVENT_ID: &str = "last-event-id";
/// Events that are read at once, and held in memory.
const BATCH_ROWS: i64 = 100;
/// How long a client waits before it comes back; to another server, if this one ends.
const COME_BACK_AFTER: Duration = Duration::from_secs(2);
/// How long to leave the database alone when it fails.
const PAUSE: Duration = Duration::from_secs(2);

/// What an event says.
#[derive(Debug, Serialize)]
struct EventBody<'a> {
    job_id: i64,
    status: &'a str,
    time: DateTime<Utc>,
    #[serde(flatten)]
    details: &'a EventDetails,
}

/// `GET /jobs/{job_id}/events`
pub(super) async fn watch(
    State(app): State<App>,
    InSessionUntil { session, ends_at }: InSessionUntil,
    PathId(id): PathId,
    LastEventId(after): LastEventId,
) -> Result<EventStream, ApiError> {
    let authority = app.db.authority(session).await?;
    if !authority.ok_or(ApiError::SessionEnded)?.is_active {
        return Err(ApiError::AccountNotActive);
    }
    let (job_id, limits) = (JobId(id), &app.jobs.watch_limits);
    // Before the first look: what happens after it wakes the stream.
    let watcher = app.db.job_news().watch(session.user_id, job_id, limits)?;
    let now = Instant::now();
    let mut watching = Watching {
        next_check: now + app.jobs.keep_alive,
        app,
        session,
        job_id,
        watcher,
        last_number: after,
        unsent: VecDeque::new(),
        has_more: true,
        has_ended: false,
    };
    let last_number = watching.read().await?;
    let last_number = last_number.ok_or(ApiError::NotFound(NO_SUCH_JOB))?;
    if after > last_number {
        return Err(ApiError::field(
            "Last-Event-ID",
            "must be the id of an event of this job",
        ));
    }
    if watching.is_over() {
        return Ok(EventStream(StatusCode::NO_CONTENT.into_response()));
    }
    // A token is good for all of its last second.
    let left = ends_at + TimeDelta::seconds(1) - Utc::now();
    let token_ends = now + left.to_std().unwrap_or_default();
    let first = Event::default().retry(COME_BACK_AFTER);
    let events = stream::unfold(
        (Some(first), watching),
        move |(first, watching)| async move {
            match first {
                Some(first) => Some((Ok::<_, Infallible>(first), (None, watching))),
                None => {
                    let shutdown = watching.app.shutdown.clone();
                    let next = shutdown.run_until_cancelled(watching.next());
                    let (event, watching) =
                        tokio::time::timeout_at(token_ends, next).await.ok()???;
                    Some((Ok(event), (None, watching)))
                }
            }
        },
    );
    let mut response = Sse::new(events).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would collect events before it passes them on.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(EventStream(response))
}

/// A stream between two events.
struct Watching {
    app: App,
    session: Session,
    job_id: JobId,
    watcher: Watcher,
    /// Of the last event that was read.
    last_number: i32,
    unsent: VecDeque<JobEvent>,
    /// Whether there is more to read than was read at once, or it could not be read.
    has_more: bool,
    has_ended: bool,
    next_check: Instant,
}

impl Watching {
    /// The next event, or a comment to keep the connection alive; `None` at the end of the stream.
    async fn next(mut self) -> Option<(Event, Self)> {
        loop {
            if let Some(event) = self.unsent.pop_front() {
                return Some((self.write(&event), self));
            }
            if self.is_over() {
                return None;
            }
            // While the database is away, the client is kept waiting, and the connection alive.
            if self.has_more && Instant::now() < self.next_check {
                self.read_or_pause().await;
                continue;
            }
            tokio::select! {
                () = self.watcher.woken() => self.read_or_pause().await,
                () = tokio::time::sleep_until(self.next_check) => {
                    if !self.may_go_on().await {
                        return None;
                    }
                    self.next_check = Instant::now() + self.app.jobs.keep_alive;
                    self.read_or_pause().await;
                    if self.unsent.is_empty() {
                        return Some((Event::default().comment("still here"), self));
                    }
                }
            }
        }
    }

    /// Whether everything was sent, and nothing will follow.
    fn is_over(&self) -> bool {
        self.unsent.is_empty() && self.has_ended && !self.has_more
    }

    /// Reads what is new; returns the number of the last event of the job, if there is such a job of this user.
    async fn read(&mut self) -> Result<Option<i32>, DbError> {
        self.has_more = true;
        let found = self
            .app
            .db
            .events_of_job(
                self.session.user_id,
                self.job_id,
                self.last_number,
                BATCH_ROWS,
            )
            .await?;
        let Some(found) = found else {
            // A job is never removed; if somebody did, there is nothing to wait for.
            (self.has_more, self.has_ended) = (false, true);
            return Ok(None);
        };
        self.has_more = i64::try_from(found.events.len()) == Ok(BATCH_ROWS);
        self.has_ended = found.has_ended;
        self.last_number = found
            .events
            .last()
            .map_or(self.last_number, |event| event.number);
        self.watcher.has_read(self.last_number);
        self.unsent.extend(found.events);
        Ok(Some(found.last_number))
    }

    /// The stream outlives an outage of the database: the client has nothing to do about it.
    async fn read_or_pause(&mut self) {
        if let Err(error) = self.read().await {
            tracing::debug!(%error, "events of a job cannot be read right now");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn may_go_on(&self) -> bool {
        match self.app.db.authority(self.session).await {
            Ok(authority) => authority.is_some_and(|authority| authority.is_active),
            // Nothing is sent that could not be read either.
            Err(_) => true,
        }
    }

    fn write(&self, event: &JobEvent) -> Event {
        let body = EventBody {
            job_id: self.job_id.0,
            status: event.status(),
            time: event.created_at,
            details: &event.details,
        };
        let data = serde_json::to_string(&body).unwrap_or_default();
        Event::default()
            .id(event.number.to_string())
            .event(&event.kind)
            .data(data)
    }
}

/// The number of the last event that the client has; 0 without. One that is none is refused: whoever sent it would be sent
/// events twice, or miss some.
fn read_last_event_id(headers: &HeaderMap) -> Result<i32, ApiError> {
    let Some(value) = headers.get(LAST_EVENT_ID) else {
        return Ok(0);
    };
    // Empty is what an EventSource has before the first event.
    if value.is_empty() {
        return Ok(0);
    }
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number
        .filter(|number| *number >= 0)
        .ok_or_else(|| ApiError::field("Last-Event-ID", "must be the id of an event of this job"))
}

/// The header `Last-Event-ID`, read; 0 without.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastEventId(i32);

impl FromRequestParts<App> for LastEventId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        read_last_event_id(&parts.headers).map(Self)
    }
}
