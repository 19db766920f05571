//! How workers take jobs and deliver results.

use crate::http::document::about::{About, Link, Tag};
use crate::http::error::Code;

pub(in crate::http) const CLAIM: About = About {
    id: "claim_jobs",
    summary: "Take jobs that are due",
    description: "Waits until there is one, as long as is asked for and the server allows; none is no mistake. Each comes with a lease, \
                  which ends without a heartbeat.",
    tag: Tag::Worker,
    refuses: &[],
    request: Some(
        r#"{"job_types": ["fortune_draw"], "count": 1, "worker_name": "fortune-1", "wait_seconds": 0}"#,
    ),
    answer: Some(
        r#"{"jobs": [{
            "job_id": 5, "user_id": 2, "job_type": "fortune_draw", "input": {"question": "when?"}, "priority": 0, "attempt": 1,
            "max_attempts": 5, "lease_token": "01a214de-b6cf-73f6-8720-9c8fe171e031",
            "lease_expires_at": "2026-03-01T12:01:00Z"}]}"#,
    ),
    links: &[Link {
        operation: "heartbeat",
        parameter: "job_id",
        pointer: "/jobs/0/job_id",
    }],
};

pub(in crate::http) const HEARTBEAT: About = About {
    id: "heartbeat",
    summary: "Say that a job is being done",
    description: "Extends the lease, and says how far it is.",
    tag: Tag::Worker,
    refuses: &[Code::LeaseLost],
    request: Some(
        r#"{"lease_token": "01a214de-b6cf-73f6-8720-9c8fe171e031", "progress_percent": 40}"#,
    ),
    answer: Some(
        r#"{"job_id": 5, "lease_expires_at": "2026-03-01T12:01:30Z", "progress_percent": 40}"#,
    ),
    ..About::NOTHING
};

pub(in crate::http) const COMPLETE: About = About {
    id: "complete_job",
    summary: "Deliver a result",
    description: "`output`, `output_text`, `file_id`, or several of them. Who lost the answer asks again with the same token, and is answered the same.",
    tag: Tag::Worker,
    refuses: &[Code::LeaseLost],
    request: Some(
        r#"{"lease_token": "01a214de-b6cf-73f6-8720-9c8fe171e031", "output": {"card": "the star"}, "output_text": "Hope."}"#,
    ),
    answer: Some(r#"{"job_id": 5, "status": "completed"}"#),
    ..About::NOTHING
};

pub(in crate::http) const FAIL: About = About {
    id: "fail_job",
    summary: "Give a job up",
    description: "It is tried again later, unless this was the last attempt or `retry` is false; then it has failed, and what it cost is \
                  given back.",
    tag: Tag::Worker,
    refuses: &[Code::LeaseLost],
    request: Some(
        r#"{"lease_token": "01a214de-b6cf-73f6-8720-9c8fe171e031", "error": "the oracle is silent", "retry": true}"#,
    ),
    answer: Some(r#"{"job_id": 5, "status": "queued", "retry_at": "2026-03-01T12:00:30Z"}"#),
    ..About::NOTHING
};

pub(in crate::http) const UPLOAD: About = About {
    id: "upload_file",
    summary: "Upload the file of a result",
    description: "It is kept when the job is completed with its `file_id`. It extends no lease: heartbeats go on beside it. A later \
                  upload under the same lease replaces it. The types shown are some of those that are taken; the settings of the \
                  server say which.",
    tag: Tag::Worker,
    refuses: &[Code::LeaseLost],
    request: Some("The star stands for hope."),
    answer: Some(
        r#"{"job_id": 5, "file_id": "01a214de-b6cf-73f6-8720-9c8fe171e032", "size_bytes": 25, "mime_type": "text/plain"}"#,
    ),
    ..About::NOTHING
};
