//! Many jobs completed at once: they share statements, and nothing else.

use std::time::Duration;

use divine_whispers::db::DbError;
use divine_whispers::domain::ids::JobId;
use divine_whispers::domain::jobs::lease::{
    self, Actor, Care, Claim, ClaimRequest, Lease, LeaseError, Output, WorkerName,
};
use divine_whispers::domain::text::JobType;
use divine_whispers::domain::users::Role;
use futures_util::future::join_all;
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

async fn complete(api: &Api, lease: Lease, output: Value) -> Result<(), LeaseError> {
    let output = Output::new(Some(output), None).unwrap();
    let policy = &api.app.jobs.policy;
    lease::complete(&api.app.db, policy, lease, output, Actor::default()).await
}

/// Completes all of them at once, while the jobs are locked: what the first statements do not take has to wait.
async fn complete_all(api: &Api, jobs: Vec<(Lease, Value)>) -> Vec<Result<(), LeaseError>> {
    let other = api.database.connect().await;
    other
        .batch_execute("begin; select from jobs for update")
        .await
        .unwrap();
    let completed = join_all(
        jobs.into_iter()
            .map(|(lease, output)| complete(api, lease, output)),
    );
    let release = async {
        let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        eventually("a statement waits", async || {
            api.database.number(waiting).await > 0
        })
        .await;
        other.batch_execute("commit").await.unwrap();
    };
    tokio::join!(completed, release).0
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_while_statements_are_under_way_shares_the_next_one() {
    let (api, leases) = with_claimed(30).await;
    needs_many_connections!(api.database);
    let jobs = leases.iter().map(|lease| (*lease, json!(lease.job_id.0)));
    for completed in complete_all(&api, jobs.collect()).await {
        completed.unwrap();
    }
    // The transaction that wrote a row is in the row: two that were locked out at most, and one with the rest.
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
async fn what_cannot_be_stored_or_has_lost_its_lease_takes_no_other_with_it() {
    let (api, leases) = with_claimed(12).await;
    needs_many_connections!(api.database);
    let jobs = leases
        .iter()
        .enumerate()
        .map(|(number, lease)| match number {
            5 => (*lease, json!("\0")),
            7 => (
                Lease {
                    token: Uuid::nil(),
                    ..*lease
                },
                json!(7),
            ),
            _ => (*lease, json!(number)),
        });
    let completed = complete_all(&api, jobs.collect()).await;
    for (number, completed) in completed.into_iter().enumerate() {
        match number {
            5 => assert!(
                matches!(completed, Err(LeaseError::Database(DbError::Value { .. }))),
                "{completed:?}"
            ),
            7 => assert!(matches!(completed, Err(LeaseError::Lost)), "{completed:?}"),
            _ => completed.unwrap(),
        }
    }
    let completed = "select count(*) from jobs where status = 'completed'";
    assert_eq!(api.database.number(completed).await, 10);
    // Their claims hold: another word of their workers counts.
    for number in [5, 7] {
        complete(&api, leases[number], json!("better"))
            .await
            .unwrap();
    }
    assert_eq!(api.database.number(completed).await, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_completed_several_times_at_once_keeps_one_result() {
    let (api, leases) = with_claimed(3).await;
    needs_many_connections!(api.database);
    let jobs = (0..9).map(|number| (leases[number % 3], json!(number)));
    for completed in complete_all(&api, jobs.collect()).await {
        completed.unwrap();
    }
    let results = "select count(*) from job_results";
    assert_eq!(api.database.number(results).await, 3);
    assert_eq!(entries(&api.database, "job.complete").await.len(), 3);
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
    let (mine, waiting) = (
        complete(&api, leases[0], json!(1)),
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    tokio::select! {
        _ = mine => panic!("the job is locked"),
        () = eventually("it waits", async || api.database.number(waiting).await > 0) => {}
    }
    other.batch_execute("commit").await.unwrap();
    let JobId(id) = leases[0].job_id;
    let completed = format!("select count(*) from jobs where id = {id} and status = 'completed'");
    eventually("it is completed", async || {
        api.database.number(&completed).await == 1
    })
    .await;
}
