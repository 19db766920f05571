//! What the events tell of each job: numbered without a gap, one attempt after the other, one end.

use std::collections::BTreeSet;

use serde_json::Value;

use super::MAX_ATTEMPTS;
use super::waits::SILENT;
use crate::support::TestDatabase;

/// One attempt of one job.
pub type Attempt = (i64, i64);

struct Event {
    number: i64,
    kind: String,
    details: Value,
}

/// Fails unless the events of every job are a whole story. Returns the attempts that were lost: their workers went silent.
pub async fn every_job_has_a_whole_story(database: &TestDatabase) -> BTreeSet<Attempt> {
    let client = database.connect().await;
    let sql = "select id, status, attempts::bigint, event_count::bigint from jobs order by id";
    let jobs = client.query(sql, &[]).await.unwrap();
    let sql = "select job_id, event_number::bigint, kind, details from job_events order by job_id, event_number";
    let mut rows = client.query(sql, &[]).await.unwrap().into_iter().peekable();
    let mut lost = BTreeSet::new();
    for job in jobs {
        let (id, status): (i64, String) = (job.get(0), job.get(1));
        let mut events = Vec::new();
        while let Some(row) = rows.next_if(|row| row.get::<_, i64>(0) == id) {
            events.push(Event {
                number: row.get(1),
                kind: row.get(2),
                details: row.get(3),
            });
        }
        let story = read(&events).unwrap_or_else(|fault| panic!("the events of job {id}: {fault}"));
        let (attempts, event_count): (i64, i64) = (job.get(2), job.get(3));
        assert_eq!(
            (story.end, story.attempts, events.len() as i64),
            (status.as_str(), attempts, event_count),
            "job {id}"
        );
        lost.extend(story.lost.into_iter().map(|attempt| (id, attempt)));
    }
    assert!(rows.next().is_none(), "an event of no job");
    lost
}

struct Story<'a> {
    end: &'a str,
    attempts: i64,
    lost: Vec<i64>,
}

/// Reads the events of one job, or says what is wrong with them.
fn read(events: &[Event]) -> Result<Story<'_>, String> {
    let (mut before, mut attempts, mut lost) = ("", 0, Vec::new());
    for (place, event) in events.iter().enumerate() {
        let kind = event.kind.as_str();
        let attempt = event.details["attempt"].as_i64();
        let told = |why: &str| Err(format!("{why}: {kind} after {before:?}, {}", event.details));
        if event.number != place as i64 + 1 {
            return told("a number is missing or doubled");
        }
        match (before, kind) {
            ("", "queued") => {}
            ("queued" | "retrying", "running") if attempt == Some(attempts + 1) => attempts += 1,
            // Progress.
            ("running", "running") if attempt == Some(attempts) => {}
            ("running", "retrying" | "failed" | "completed") if attempt == Some(attempts) => {
                if event.details["error"] == SILENT {
                    lost.push(attempts);
                }
                if (kind == "retrying") != (attempts < MAX_ATTEMPTS) && kind != "completed" {
                    return told("another number of attempts than there are to be");
                }
            }
            _ => return told("one does not follow on the other"),
        }
        before = kind;
    }
    match before {
        "completed" | "failed" => Ok(Story {
            end: before,
            attempts,
            lost,
        }),
        other => Err(format!("they end with {other:?}")),
    }
}
