//! How long jobs of dead workers wait. A trigger of the test notes when each claim ended and until when it held, which
//! nothing else remembers.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::LEASE_SECONDS;
use super::crowd::{Crowd, Role};
use super::stories::Attempt;
use crate::support::TestDatabase;

/// What the program says of an attempt whose worker went silent.
pub const SILENT: &str = "the worker gave no sign of life";

/// A claim that ended without a word of its worker.
struct Lost {
    attempt: Attempt,
    worker_name: String,
    claimed_at: DateTime<Utc>,
    held_until: DateTime<Utc>,
    noticed_at: DateTime<Utc>,
    claimed_again_at: Option<DateTime<Utc>>,
}

/// From now on the end of each claim is noted.
pub async fn begin_to_note(database: &TestDatabase) {
    let sql = "create table ended_claims (
                   job_id bigint, attempt bigint, worker_name text, held_until timestamptz,
                   ended_at timestamptz default clock_timestamp(), by_its_worker boolean
               );
               create function note_ended_claim() returns trigger language plpgsql as $$
               begin
                   insert into ended_claims (job_id, attempt, worker_name, held_until, by_its_worker)
                   values (old.id, old.attempts, old.worker_name, old.lease_expires_at,
                           new.last_lease_token is not distinct from old.lease_token);
                   return null;
               end $$;
               create trigger note_ended_claim after update on jobs for each row
                   when (old.lease_token is not null and new.lease_token is distinct from old.lease_token)
                   execute function note_ended_claim();";
    database.execute(sql).await;
}

/// Fails if a claim was taken from its worker before its time, or the events tell of other lost attempts than there were.
/// Returns how long the jobs of lost attempts waited, for people: no bound is asserted, since a busy machine keeps none.
pub async fn told(database: &TestDatabase, crowd: &Crowd, by_events: BTreeSet<Attempt>) -> String {
    let all = lost_claims(database).await;
    assert_eq!(
        all.iter().map(|lost| lost.attempt).collect::<BTreeSet<_>>(),
        by_events
    );
    assert_eq!(all.len(), by_events.len(), "each attempt ends once");
    let without_server = crowd.times_without_server();
    let mut waits = Waits::default();
    for lost in &all {
        assert!(
            lost.noticed_at >= lost.held_until,
            "{:?} ended before its time",
            lost.attempt
        );
        let late = lost.noticed_at - lost.held_until;
        let alone: TimeDelta = without_server
            .iter()
            .map(|(from, until)| lost.noticed_at.min(*until) - lost.held_until.max(*from))
            .filter(|overlap| *overlap > TimeDelta::zero())
            .sum();
        waits.late.push(late);
        waits.late_while_served.push(late - alone);
        let killed = crowd.kills.iter().rfind(|kill| {
            kill.role != Role::Server
                && kill.at < lost.noticed_at
                && lost.worker_name.contains(&format!(" {} ", kill.process_id))
        });
        match killed {
            None => waits.of_the_living += 1,
            // A claim that was under way when its worker was killed.
            Some(kill) if kill.at < lost.claimed_at => waits.of_the_dead += 1,
            Some(kill) => {
                waits.held_after_death.push(lost.held_until - kill.at);
                waits.from_death.push(lost.noticed_at - kill.at);
            }
        }
        if let Some(again) = lost.claimed_again_at {
            waits.until_claimed_again.push(again - lost.noticed_at);
        }
    }
    let times_without_server: Vec<TimeDelta> = without_server
        .iter()
        .map(|(from, until)| *until - *from)
        .collect();
    let lines = [
        format!(
            "attempts lost: {}; {} whose worker was killed meanwhile, {} claimed for a worker that was dead by then, {} whose \
             worker lived on without an answer of its server, or was too slow",
            all.len(),
            waits.from_death.len(),
            waits.of_the_dead,
            waits.of_the_living
        ),
        format!("no server: {}", spread(times_without_server)),
        format!(
            "from the end of a lease until it was noticed: {}",
            spread(waits.late)
        ),
        format!(
            "the same without the times without a server: {}",
            spread(waits.late_while_served)
        ),
        format!(
            "from the death of a worker until its lease of {LEASE_SECONDS} s ended: {}",
            spread(waits.held_after_death)
        ),
        format!(
            "from the death of a worker until it was noticed: {}",
            spread(waits.from_death)
        ),
        format!(
            "from there until the next attempt, in turn: {}",
            spread(waits.until_claimed_again)
        ),
    ];
    lines.join("\n")
}

#[derive(Default)]
struct Waits {
    late: Vec<TimeDelta>,
    late_while_served: Vec<TimeDelta>,
    held_after_death: Vec<TimeDelta>,
    from_death: Vec<TimeDelta>,
    until_claimed_again: Vec<TimeDelta>,
    of_the_living: usize,
    of_the_dead: usize,
}

async fn lost_claims(database: &TestDatabase) -> Vec<Lost> {
    let sql = "select ended_claims.job_id, attempt, worker_name, held_until, ended_at,
                      (select min(created_at) from job_events
                        where job_id = ended_claims.job_id and kind = 'running'
                          and (details ->> 'attempt')::bigint = ended_claims.attempt),
                      (select min(created_at) from job_events
                        where job_id = ended_claims.job_id and kind = 'running'
                          and (details ->> 'attempt')::bigint = ended_claims.attempt + 1)
                 from ended_claims
                where not by_its_worker";
    let rows = database.connect().await.query(sql, &[]).await.unwrap();
    let lost = rows.iter().map(|row| Lost {
        attempt: (row.get(0), row.get(1)),
        worker_name: row.get(2),
        held_until: row.get(3),
        noticed_at: row.get(4),
        claimed_at: row.get(5),
        claimed_again_at: row.get(6),
    });
    lost.collect()
}

/// The middle, most, and all of some times.
fn spread(mut times: Vec<TimeDelta>) -> String {
    times.sort();
    let Some(last) = times.len().checked_sub(1) else {
        return "none".to_owned();
    };
    let at = |percent: usize| times[last * percent / 100].num_milliseconds();
    format!(
        "{} of them, median {} ms, 95 % within {} ms, longest {} ms",
        times.len(),
        at(50),
        at(95),
        at(100)
    )
}
