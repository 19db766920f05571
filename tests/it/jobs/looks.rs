//! Claims look behind their floors first: in the order of the priorities, without losing a job, and without reading what
//! was claimed before.

use std::time::Duration;

use chrono::{DateTime, Utc};
use divine_whispers::domain::ids::{JobId, UserId};
use divine_whispers::domain::jobs::lease::{
    self, Care, Claim, ClaimRequest, ClaimedJob, WorkerName,
};
use divine_whispers::domain::text::JobType;
use serde_json::{Value, json};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use super::{JOBS, order, with_jobs};
use crate::needs_many_connections;
use crate::support::api::TestUser;
use crate::support::statement;
use crate::support::{Api, eventually};

const JOB_TYPE: &str = "daily_horoscope";

async fn claim(api: &Api, count: i64, interval: Duration) -> Vec<ClaimedJob> {
    let request = ClaimRequest {
        job_types: vec![JobType::parse(JOB_TYPE).unwrap()],
        count,
        worker_name: WorkerName::parse("a test").unwrap(),
    };
    let policy = &api.app.jobs.policy;
    match lease::claim(&api.app.db, policy, &request, interval, Care::All).await {
        Ok(Claim::Jobs(jobs)) => jobs,
        Ok(Claim::Nothing) => Vec::new(),
        other => panic!("{other:?}"),
    }
}

/// One job, by a look that is full only if the quick one finds nothing.
async fn claim_one(api: &Api) -> Option<i64> {
    let jobs = claim(api, 1, Duration::from_secs(3600)).await;
    jobs.first().map(|job| job.lease.job_id.0)
}

async fn order_at(api: &Api, user: &TestUser, priority: i64) -> i64 {
    let body = json!({"job_type": JOB_TYPE, "input": {}, "priority": priority});
    let reply = api.post(user, JOBS, body).await.success();
    reply["job_id"].as_i64().unwrap()
}

/// Jobs without spends, as many as it takes, in one statement.
async fn make_jobs(client: &Client, count: i64, priority: i16) {
    let sql = format!(
        "set session_replication_role = replica;
         insert into jobs (user_id, transaction_id, job_type, priority)
             select 1, 0, '{JOB_TYPE}', {priority} from generate_series(1, {count});
         reset session_replication_role"
    );
    client.batch_execute(&sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_most_urgent_is_claimed_first_and_then_who_waited_longest() {
    let (api, user, _) = with_jobs(|_| {}).await;
    let mut ordered = Vec::new();
    for priority in [0, 9, 3, 9, 0] {
        ordered.push(order_at(&api, &user, priority).await);
    }
    let mut claimed = vec![
        claim_one(&api).await.unwrap(),
        claim_one(&api).await.unwrap(),
    ];
    // Floors are set by now; what comes later is claimed before what is less urgent.
    let urgent = order_at(&api, &user, 7).await;
    while let Some(id) = claim_one(&api).await {
        claimed.push(id);
    }
    let [zero, nine, three, other_nine, other_zero] = ordered[..] else {
        panic!("{ordered:?}");
    };
    assert_eq!(claimed, [nine, other_nine, urgent, three, zero, other_zero]);
    // Several at once, of several priorities.
    for priority in [1, 2, 8] {
        order_at(&api, &user, priority).await;
    }
    let jobs = claim(&api, 2, Duration::ZERO).await;
    let priorities: Vec<_> = jobs.iter().map(|job| job.priority).collect();
    assert_eq!(priorities, [8, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_given_back_is_found_below_the_floor() {
    let (api, user, _) = with_jobs(|_| {}).await;
    let (first, second) = (order(&api, &user).await, order(&api, &user).await);
    let jobs = claim(&api, 2, Duration::ZERO).await;
    assert_eq!(jobs.len(), 2);
    lease::release(&api.app.db, jobs[1].lease).await.unwrap();
    lease::release(&api.app.db, jobs[0].lease).await.unwrap();
    assert_eq!(claim_one(&api).await, Some(first));
    assert_eq!(claim_one(&api).await, Some(second));
    assert_eq!(claim_one(&api).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_below_the_floor_is_found_also_when_there_are_always_others() {
    let (api, user, _) = with_jobs(|_| {}).await;
    needs_many_connections!(api.database);
    let first = order(&api, &user).await;
    let given_back = claim(&api, 1, Duration::ZERO).await.remove(0);
    let client = api.database.connect().await;
    make_jobs(&client, 2000, 0).await;
    assert!(claim_one(&api).await.is_some_and(|id| id != first));
    lease::release(&api.app.db, given_back.lease).await.unwrap();
    eventually("the job is claimed", async || {
        let jobs = claim(&api, 1, Duration::from_millis(50)).await;
        assert_eq!(jobs.len(), 1, "there are others");
        jobs[0].lease.job_id == JobId(first)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_committed_late_is_found_below_the_floor() {
    let (api, user, _) = with_jobs(|_| {}).await;
    needs_many_connections!(api.database);
    let late = api.database.connect().await;
    late.batch_execute("begin").await.unwrap();
    make_jobs(&late, 1, 0).await;
    let early = order(&api, &user).await;
    assert_eq!(claim_one(&api).await, Some(early));
    assert_eq!(claim_one(&api).await, None, "it is not committed");
    late.batch_execute("commit").await.unwrap();
    let found = claim_one(&api).await.unwrap();
    let places = "select count(*) from jobs as late, jobs as early
                   where late.transaction_id = 0 and early.transaction_id <> 0
                     and (late.scheduled_at, late.id) < (early.scheduled_at, early.id)";
    assert_eq!(
        api.database.number(places).await,
        1,
        "it is below the floor"
    );
    assert_ne!(found, early);
}

/// What a claim reads under an open snapshot is a fact about pages. From the beginning it is all that was claimed.
#[tokio::test(flavor = "multi_thread")]
async fn under_an_old_snapshot_a_claim_does_not_read_what_was_claimed_since() {
    let (api, _, _) = with_jobs(|_| {}).await;
    needs_many_connections!(api.database);
    let client = api.database.connect().await;
    make_jobs(&client, 20_000, 0).await;
    client.batch_execute("vacuum analyze jobs").await.unwrap();
    let old = api.database.connect().await;
    old.batch_execute("begin isolation level repeatable read; select count(*) from jobs")
        .await
        .unwrap();
    let mut last = None;
    for _ in 0..20 {
        let jobs = claim(&api, 1000, Duration::from_secs(3600)).await;
        assert_eq!(jobs.len(), 1000);
        last = jobs
            .last()
            .map(|job| (job.scheduled_at, job.lease.job_id.0));
    }
    client
        .batch_execute(
            "update jobs
                set status = 'completed', finished_at = now(), lease_token = null, lease_expires_at = null
              where status = 'running'",
        )
        .await
        .unwrap();
    make_jobs(&client, 30, 0).await;
    let (first, _) = explain_claim(&client, 1, (DateTime::UNIX_EPOCH, 0)).await;
    let (next, loops) = explain_claim(&client, 1, last.unwrap()).await;
    // The 20,000 jobs lie on some 400 pages.
    assert!(
        first > 300,
        "{first} from the beginning: nothing holds them"
    );
    assert!(next < 60, "{next} from the floor");
    assert_eq!(loops, 10, "nothing is in the nine above");

    // The claims of the program begin there: their index gives them little more than what they take.
    let entries = async || {
        let sql =
            "select idx_tup_read from pg_stat_user_indexes where indexrelname = 'jobs_claim_idx'";
        api.database.number(sql).await
    };
    let settled = async || {
        // A connection tells what it did when it ends. Before, it may keep it to itself for ten seconds.
        let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                    where datname = current_database() and application_name = 'divine-whispers'";
        eventually("all connections have ended", async || {
            api.database.number(end).await == 0
        })
        .await;
        entries().await
    };
    let before = settled().await;
    eventually("there are new connections", async || {
        api.app.db.user(UserId(0)).await.is_ok()
    })
    .await;
    for _ in 0..30 {
        let jobs = claim(&api, 1, Duration::from_secs(3600)).await;
        assert_eq!(jobs.len(), 1);
    }
    let read = settled().await - before;
    assert!(read >= 30, "{read}: the counts have not come");
    assert!(read < 10_000, "{read} entries for 30 claims");
}

#[tokio::test(flavor = "multi_thread")]
async fn priorities_below_are_looked_through_only_if_those_above_do_not_give_enough() {
    let (api, _, _) = with_jobs(|_| {}).await;
    let client = api.database.connect().await;
    // Statistics of an empty queue, with which the index of the expiry once looked as good as that of the claim.
    make_jobs(&client, 5000, 0).await;
    for sql in [
        "update jobs set status = 'completed', finished_at = now()",
        "vacuum analyze jobs",
    ] {
        client.batch_execute(sql).await.unwrap();
    }
    make_jobs(&client, 50, 9).await;
    make_jobs(&client, 50, 8).await;
    let beginning = (DateTime::UNIX_EPOCH, 0);
    for (count, probes) in [(1, 1), (50, 1), (51, 2), (100, 2), (101, 10)] {
        assert_eq!(
            explain_claim(&client, count, beginning).await.1,
            probes,
            "{count}"
        );
    }
}

/// How many buffers looking for jobs takes, and how many priorities are looked through. It claims nothing in the end.
async fn explain_claim(client: &Client, count: i64, floor: (DateTime<Utc>, i64)) -> (u64, u64) {
    let file = include_str!("../../../queries/jobs.sql");
    let statement = statement::NamedStatement::find(file, "claim_jobs").unwrap();
    let priorities: Vec<i16> = (0..=9).collect();
    let (times, ids) = (vec![floor.0; 10], vec![floor.1; 10]);
    let job_types = vec![JOB_TYPE];
    let values: Vec<&(dyn ToSql + Sync)> = statement
        .parameters()
        .into_iter()
        .map(|name| -> &(dyn ToSql + Sync) {
            match name {
                "floor_priorities" => &priorities,
                "floor_times" => &times,
                "floor_ids" => &ids,
                "job_types" => &job_types,
                "count" => &count,
                "lease_seconds" => &60.0_f64,
                "worker_name" => &"a test",
                other => panic!("the statement has a new parameter: {other}"),
            }
        })
        .collect();
    let sql = format!(
        "explain (analyze, buffers, format json) {}",
        statement.numbered()
    );
    // As it is planned for any parameters: so it is when it has been run a few times.
    client
        .batch_execute("begin; set local plan_cache_mode = force_generic_plan")
        .await
        .unwrap();
    let plan: Value = client.query_one(&sql, &values).await.unwrap().get(0);
    client.batch_execute("rollback").await.unwrap();
    let due =
        node(&plan, &|node| node["Subplan Name"] == "CTE due").unwrap_or_else(|| panic!("{plan}"));
    let probe =
        node(due, &|node| node["Relation Name"] == "jobs").unwrap_or_else(|| panic!("{plan}"));
    assert_eq!(probe["Index Name"], "jobs_claim_idx", "{plan}");
    let buffers =
        ["Shared Hit Blocks", "Shared Read Blocks"].map(|kind| due[kind].as_u64().unwrap());
    (
        buffers.iter().sum(),
        probe["Actual Loops"].as_u64().unwrap(),
    )
}

fn node<'a>(plan: &'a Value, is_it: &dyn Fn(&Value) -> bool) -> Option<&'a Value> {
    if is_it(plan) {
        return Some(plan);
    }
    match plan {
        Value::Array(all) => all.iter().find_map(|plan| node(plan, is_it)),
        Value::Object(fields) => fields.values().find_map(|plan| node(plan, is_it)),
        _ => None,
    }
}
