//! Many jobs completed at once: they share statements, and nothing else.

use std::time::Duration;

use divine_whispers::db::DbError;
use divine_whispers::domain::ids::{JobId, UserId};
use divine_whispers::domain::jobs::lease::{
    self, Actor, Care, Claim, ClaimRequest, Lease, LeaseError, Output, WorkerName,
};
use divine_whispers::domain::text::JobType;
use divine_whispers::domain::users::Role;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{order, with_jobs};
use crate::audit::entries;
use crate::ledger::assert_in_order;
use crate::needs_many_connections;
use crate::support::{Api, eventually};

/// An API with so many jobs, and the leases of them in the order of their numbers.
async fn with_claimed(count: usize) -> (Api, Vec<Lease>) {
    let (api, user, _) = with_jobs(|_| {}).await;
    let admin = api.with_role(Role::Admin).await;
    api.deposit(&admin, &user, 1000).await;
    for _ in 0..count {
        order(&api, &user).await;
    }
    let request = ClaimRequest {
        job_types: vec![JobType::parse("daily_horoscope").unwrap()],
        count: 100,
        worker_name: WorkerName::parse("test").unwrap(),
    };
    let policy = &api.app.jobs.policy;
    let claimed = lease::claim(&api.app.db, policy, &request, Duration::ZERO, Care::All).await;
    let Claim::Jobs(jobs) = claimed.unwrap() else {
        panic!("nothing was claimed");
    };
    assert_eq!(jobs.len(), count);
    (api, jobs.into_iter().map(|job| job.lease).collect())
}

/// A word of a worker.
#[derive(Clone)]
struct Word(Lease, Value, Option<UserId>);

/// As a worker does it: a lock that is held for longer than a statement waits is no reason to give up.
async fn complete(api: &Api, Word(lease, output, user_id): Word) -> Result<(), LeaseError> {
    let output = Output::new(Some(output), None).unwrap();
    let policy = &api.app.jobs.policy;
    let actor = Actor {
        user_id,
        ..Actor::default()
    };
    loop {
        let (output, actor) = (output.clone(), actor.clone());
        match lease::complete(&api.app.db, policy, lease, output, actor).await {
            Err(LeaseError::Database(DbError::Timeout { .. })) => {}
            completed => return completed,
        }
    }
}

/// Completes all of them at once, while some jobs are locked: what the first statements do not take has to wait.
async fn complete_all(api: &Api, words: Vec<Word>) -> Vec<Result<(), LeaseError>> {
    let other = api.database.connect().await;
    // Nothing can be recorded.
    let lock = "begin; lock table audit_logs in share mode";
    other.batch_execute(lock).await.unwrap();
    let completed = join_all(words.into_iter().map(|word| complete(api, word)));
    let release = async {
        eventually("a statement waits", async || {
            api.database.number(WAITING).await > 0
        })
        .await;
        other.batch_execute("commit").await.unwrap();
    };
    tokio::join!(completed, release).0
}

const WAITING: &str = "select count(*) from pg_stat_activity
                        where datname = current_database() and wait_event_type = 'Lock'";
const COMPLETED: &str = "select count(*) from jobs where status = 'completed'";

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_while_statements_are_under_way_shares_the_next_one() {
    let (api, leases) = with_claimed(30).await;
    needs_many_connections!(api.database);
    let words = leases
        .iter()
        .map(|lease| Word(*lease, json!(lease.job_id.0), None));
    for completed in complete_all(&api, words.collect()).await {
        completed.unwrap();
    }
    // The transaction that wrote a row is in the row: two that were begun at once at most, and one with the rest.
    let statements = "select count(distinct xmin::text) from job_results";
    let statements = api.database.number(statements).await;
    assert!((1..=3).contains(&statements), "{statements}");
    let right = "select count(*) from jobs join job_results on job_id = id
                  where status = 'completed' and output = to_jsonb(id)";
    assert_eq!(api.database.number(right).await, 30, "each has its own");
    let told = "select count(distinct job_id) from job_events where kind = 'completed'";
    assert_eq!(api.database.number(told).await, 30);
    assert_eq!(entries(&api.database, "job.complete").await.len(), 30);
    assert_in_order(&api.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_or_has_lost_its_lease_takes_no_other_with_it() {
    let (api, leases) = with_claimed(12).await;
    needs_many_connections!(api.database);
    let nobody = Some(UserId(4711));
    let mut words: Vec<Word> = leases
        .iter()
        .enumerate()
        .map(|(number, lease)| {
            Word(
                *lease,
                json!(number),
                (number == 5).then_some(nobody).flatten(),
            )
        })
        .collect();
    let strange = Lease {
        token: Uuid::nil(),
        ..leases[7]
    };
    // Of two claims of one job, only one holds.
    words.insert(7, Word(strange, json!("strange"), None));
    let completed = complete_all(&api, words).await;
    for (number, completed) in completed.into_iter().enumerate() {
        match number {
            5 => assert!(
                matches!(
                    &completed,
                    Err(LeaseError::Database(DbError::Constraint { constraint }))
                        if constraint == "audit_logs_actor_user_id_fkey"
                ),
                "{completed:?}"
            ),
            7 => assert!(matches!(completed, Err(LeaseError::Lost)), "{completed:?}"),
            _ => completed.unwrap(),
        }
    }
    assert_eq!(api.database.number(COMPLETED).await, 11);
    let kept = "select count(*) from job_results where output = '\"strange\"'";
    assert_eq!(api.database.number(kept).await, 0);
    // The claim holds: another word of its worker counts.
    let better = Word(leases[5], json!("better"), None);
    complete(&api, better).await.unwrap();
    assert_eq!(api.database.number(COMPLETED).await, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_completed_several_times_at_once_keeps_the_first_result() {
    let (api, leases) = with_claimed(3).await;
    needs_many_connections!(api.database);
    let words = (0..9).map(|number| Word(leases[number % 3], json!(number), None));
    for completed in complete_all(&api, words.collect()).await {
        completed.unwrap();
    }
    let first = "select count(*) from job_results where output in ('0', '1', '2')";
    assert_eq!(api.database.number(first).await, 3);
    assert_eq!(entries(&api.database, "job.complete").await.len(), 3);
    let metrics = api.request(Method::GET, "/metrics").send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let counted = metrics.lines().find(|line| {
        line.starts_with("divine_whispers_job_events_total") && line.contains("completed")
    });
    assert!(
        counted.is_some_and(|line| line.ends_with(" 3")),
        "{counted:?}"
    );
}

#[tokio::test]
async fn a_statement_whose_answer_was_lost_finds_what_it_has_completed() {
    let (api, leases) = with_claimed(1).await;
    for output in [1, 2] {
        let output = Output::new(Some(json!(output)), None).unwrap();
        let (retention, actor) = (Duration::from_secs(60), Actor::default());
        let completed = api.app.db.complete_job(leases[0], output, retention, actor);
        assert!(completed.await.unwrap());
    }
    let first = "select count(*) from job_results where output = '1'";
    assert_eq!(api.database.number(first).await, 1);
    // It is not had by others.
    let strange = Lease {
        token: Uuid::nil(),
        ..leases[0]
    };
    let refused = complete(&api, Word(strange, json!(3), None)).await;
    assert!(matches!(refused, Err(LeaseError::Lost)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_somebody_holds_does_not_hold_up_the_others() {
    let (api, leases) = with_claimed(20).await;
    needs_many_connections!(api.database);
    let other = api.database.connect().await;
    let JobId(id) = leases[3].job_id;
    let lock = format!("begin; select from jobs where id = {id} for update");
    other.batch_execute(&lock).await.unwrap();
    let words = leases.iter().map(|lease| Word(*lease, json!(1), None));
    let completed = join_all(words.map(|word| complete(&api, word)));
    let release = async {
        eventually("the others are completed", async || {
            api.database.number(COMPLETED).await == 19
        })
        .await;
        eventually("it waits alone", async || {
            api.database.number(WAITING).await == 1
        })
        .await;
        other.batch_execute("commit").await.unwrap();
    };
    for completed in tokio::join!(completed, release).0 {
        completed.unwrap();
    }
    assert_eq!(api.database.number(COMPLETED).await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_hangs_up_takes_nothing_back() {
    let (api, leases) = with_claimed(1).await;
    needs_many_connections!(api.database);
    let other = api.database.connect().await;
    other
        .batch_execute("begin; select from jobs for update")
        .await
        .unwrap();
    tokio::select! {
        _ = complete(&api, Word(leases[0], json!(1), None)) => panic!("the job is locked"),
        () = eventually("it waits", async || api.database.number(WAITING).await > 0) => {}
    }
    other.batch_execute("commit").await.unwrap();
    eventually("it is completed", async || {
        api.database.number(COMPLETED).await == 1
    })
    .await;
}

#[test]
fn json_that_cannot_be_stored_is_no_result() {
    for json in [json!("\0"), json!([{"a": "b\0"}]), json!({"\0": 1})] {
        let refused = Output::new(Some(json), None).unwrap_err();
        assert_eq!(refused.field(), "output");
    }
    Output::new(Some(json!({"a": ["\u{1}", null, 1.5, true]})), None).unwrap();
}
