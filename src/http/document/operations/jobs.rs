//! Readings: ordering them, how they stand, and what they brought.

use super::wallet::{ORDERED, POSTING_LINKS};
use crate::http::document::about::{About, Link, Tag};
use crate::http::error::Code;

const JOB: &str = r#"{
  "job_id": 5, "txn_id": 17, "job_type": "fortune_draw", "status": "queued", "priority": 0, "input": {"question": "when?"},
  "progress_percent": 0, "attempts": 0, "max_attempts": 5, "scheduled_at": "2026-03-01T12:00:00Z",
  "expires_at": "2026-03-08T12:00:00Z", "last_error": null, "refunded_amount": 0, "created_at": "2026-03-01T12:00:00Z",
  "started_at": null, "finished_at": null
}"#;

pub(in crate::http) const ORDER: About = About {
    id: "order_job",
    summary: "Order a reading",
    description: "Pays the price of the kind, and orders a job. If it does not come to a result, what it cost is given back.",
    tag: Tag::Jobs,
    refuses: &[
        Code::InsufficientBalance,
        Code::AccountNotActive,
        Code::NotFound,
    ],
    request: Some(r#"{"job_type": "fortune_draw", "input": {"question": "when?"}, "priority": 0}"#),
    answer: Some(ORDERED),
    links: POSTING_LINKS,
};

pub(in crate::http) const LIST: About = About {
    id: "jobs",
    summary: "The own jobs",
    description: "Newest first.",
    tag: Tag::Jobs,
    refuses: &[],
    answer: Some(
        r#"{"jobs": [{
            "job_id": 5, "txn_id": 17, "job_type": "fortune_draw", "status": "completed", "priority": 0, "input": {},
            "progress_percent": 100, "attempts": 1, "max_attempts": 5, "scheduled_at": "2026-03-01T12:00:00Z",
            "expires_at": "2026-03-08T12:00:00Z", "last_error": null, "refunded_amount": 0, "created_at": "2026-03-01T12:00:00Z",
            "started_at": "2026-03-01T12:00:01Z", "finished_at": "2026-03-01T12:00:02Z"}],
            "next_cursor": null}"#,
    ),
    links: &[
        Link {
            operation: "job",
            parameter: "job_id",
            pointer: "/jobs/0/job_id",
        },
        Link {
            operation: "jobs",
            parameter: "cursor",
            pointer: "/next_cursor",
        },
    ],
    ..About::NOTHING
};

pub(in crate::http) const SHOW: About = About {
    id: "job",
    summary: "How a job stands",
    description: "One of the own jobs.",
    tag: Tag::Jobs,
    refuses: &[],
    answer: Some(JOB),
    ..About::NOTHING
};

pub(in crate::http) const CANCEL: About = About {
    id: "cancel_job",
    summary: "Cancel a job that waits",
    description: "What it cost is given back in the same step. The job stays, as `cancelled`; cancelling it again is answered the same.",
    tag: Tag::Jobs,
    refuses: &[Code::JobNotCancellable],
    answer: Some(
        r#"{"job_id": 5, "txn_id": 17, "job_type": "fortune_draw", "status": "cancelled", "priority": 0, "input": {},
            "progress_percent": 0, "attempts": 0, "max_attempts": 5, "scheduled_at": "2026-03-01T12:00:00Z",
            "expires_at": "2026-03-08T12:00:00Z", "last_error": null, "refunded_amount": 30,
            "created_at": "2026-03-01T12:00:00Z", "started_at": null, "finished_at": "2026-03-01T12:00:05Z"}"#,
    ),
    ..About::NOTHING
};

pub(in crate::http) const RESULT: About = About {
    id: "job_result",
    summary: "What a job brought",
    description: "JSON, text, a file, or several of them. There is none before the job is completed, nor when its retention is over.",
    tag: Tag::Jobs,
    refuses: &[Code::JobNotCompleted, Code::ResultExpired],
    answer: Some(
        r#"{"job_id": 5, "output": {"card": "the star"}, "output_text": "Hope.",
            "file": {"mime_type": "application/pdf", "size_bytes": 2048, "path": "/api/v1/jobs/5/file"}, "created_at": "2026-03-01T12:00:02Z",
            "expires_at": "2026-03-31T12:00:02Z"}"#,
    ),
    ..About::NOTHING
};

pub(in crate::http) const EVENTS: About = About {
    id: "job_events",
    summary: "Watch a job",
    description: "What happens to it, as server-sent events: first what has happened, then what comes. The stream ends after the last \
                  event; who comes back then is answered 204. It also ends when the token expires, the session has ended, or the \
                  server does: come back with `Last-Event-ID`.",
    tag: Tag::Jobs,
    refuses: &[Code::AccountNotActive, Code::TooManyStreams],
    answer: Some(
        "id: 2\nevent: running\n\
         data: {\"job_id\":5,\"status\":\"running\",\"time\":\"2026-03-01T12:00:01Z\",\"attempt\":1,\"max_attempts\":5,\
         \"progress_percent\":0}\n\n",
    ),
    ..About::NOTHING
};

pub(in crate::http) const FILE: About = About {
    id: "job_file",
    summary: "The file of a result",
    description: "Streamed, in the type that the worker gave it; never shown by a browser as a page. `HEAD` tells of it.",
    tag: Tag::Jobs,
    refuses: &[
        Code::JobNotCompleted,
        Code::ResultExpired,
        Code::TooManyDownloads,
    ],
    answer: Some("txn_id,created_at,type\n"),
    ..About::NOTHING
};
