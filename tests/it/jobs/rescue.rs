//! Jobs that nobody takes care of: silent workers, waits that were too long, results whose time is over.

use std::time::Duration;

use divine_whispers::domain::jobs::rescue::{self, Round};
use divine_whispers::worker::keep_house;
use serde_json::json;

use super::{JOBS, claim, claim_one, look, make_due, order, refunds_of, run_out, say, with_jobs};
use crate::audit::entries;
use crate::ledger::assert_in_order;
use crate::needs_many_connections;
use crate::support::{Api, eventually};

async fn round(api: &Api) -> Round {
    rescue::round(&api.app.db, &api.app.jobs.policy)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_job_of_a_silent_worker_goes_to_another_one() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let id = order(&api, &user).await;
    let silent = claim_one(&api, &service).await;
    assert!(!round(&api).await.did_something(), "its lease holds");
    run_out(&api, &silent["job_id"]).await;
    assert_eq!(round(&api).await.requeued, 1);
    assert!(!round(&api).await.did_something(), "once");
    let job = look(&api, &user, id).await;
    assert_eq!(
        (&job["status"], &job["last_error"]),
        (&json!("queued"), &json!("the worker gave no sign of life"))
    );
    make_due(&api).await;
    let second = claim_one(&api, &service).await;
    assert_eq!(second["attempt"], 2);
    for verb in ["heartbeat", "complete", "fail"] {
        let body = match verb {
            "complete" => json!({"output": "too late"}),
            "fail" => json!({"error": "too late"}),
            _ => json!({}),
        };
        let reply = say(&api, &service, &silent, verb, body).await;
        assert_eq!(reply.problem(), "LEASE_LOST", "{verb}");
    }
    say(
        &api,
        &service,
        &second,
        "complete",
        json!({"output": "in time"}),
    )
    .await
    .success();
    let result = api.get(&user, &format!("{JOBS}/{id}/result")).await;
    assert_eq!(result.success()["output"], "in time");
    assert_in_order(&api.database).await;
}

#[tokio::test]
async fn silence_in_the_last_attempt_fails_the_job_and_refunds_it() {
    let (api, user, service) = with_jobs(|jobs| jobs.policy.max_attempts = 1).await;
    let id = order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    run_out(&api, &job["job_id"]).await;
    assert_eq!(round(&api).await.failed, 1);
    assert!(!round(&api).await.did_something(), "once");
    assert_eq!(look(&api, &user, id).await["status"], "failed");
    assert_eq!(
        (api.balance(&user).await, refunds_of(&api, id).await),
        (100, 1)
    );
    let entries = entries(&api.database, "job.fail").await;
    assert_eq!(
        (entries.len(), &entries[0]["actor_user_id"]),
        (1, &json!(null))
    );
    assert_in_order(&api.database).await;
}

#[tokio::test]
async fn a_job_that_waited_too_long_is_refunded_and_no_other() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let (late, in_time) = (order(&api, &user).await, order(&api, &user).await);
    assert!(!round(&api).await.did_something());
    let sql = format!("update jobs set expires_at = now() - interval '1 second' where id = {late}");
    api.database.execute(&sql).await;
    let claimed = claim_one(&api, &service).await;
    assert_eq!(claimed["job_id"], in_time, "what is too late is not begun");
    // One that a worker has is not expired, however long it takes.
    let sql =
        format!("update jobs set expires_at = now() - interval '1 second' where id = {in_time}");
    api.database.execute(&sql).await;
    assert_eq!(round(&api).await.expired, 1);
    assert!(!round(&api).await.did_something(), "once");
    assert_eq!(look(&api, &user, late).await["status"], "expired");
    assert_eq!(look(&api, &user, in_time).await["status"], "running");
    assert_eq!(
        (api.balance(&user).await, refunds_of(&api, late).await),
        (90, 1)
    );
    assert_eq!(entries(&api.database, "job.expire").await.len(), 1);
    assert_in_order(&api.database).await;
}

#[tokio::test]
async fn results_are_removed_when_their_time_is_over() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(order(&api, &user).await);
        let job = claim_one(&api, &service).await;
        say(&api, &service, &job, "complete", json!({"output": 1}))
            .await
            .success();
    }
    let sql = format!(
        "update job_results set expires_at = now() where job_id = {}",
        ids[0]
    );
    api.database.execute(&sql).await;
    let over = format!("{JOBS}/{}/result", ids[0]);
    let reply = api.get(&user, &over).await;
    assert_eq!(
        (reply.status.as_u16(), reply.problem()),
        (410, "RESULT_EXPIRED")
    );
    assert_eq!(round(&api).await.removed_results, 1);
    assert_eq!(round(&api).await.removed_results, 0);
    assert_eq!(api.get(&user, &over).await.problem(), "RESULT_EXPIRED");
    let kept = format!("{JOBS}/{}/result", ids[1]);
    api.get(&user, &kept).await.success();
}

#[tokio::test]
async fn one_round_takes_no_more_than_a_batch() {
    let (api, user, _) = with_jobs(|_| {}).await;
    let first = order(&api, &user).await;
    let many = rescue::BATCH_ROWS + 1;
    let admin = api
        .with_role(divine_whispers::domain::users::Role::Admin)
        .await;
    api.deposit(&admin, &user, 10 * many).await;
    for _ in 1..many {
        order(&api, &user).await;
    }
    api.database
        .execute("update jobs set expires_at = now()")
        .await;
    let round_one = round(&api).await;
    assert_eq!(round_one.expired as i64, rescue::BATCH_ROWS);
    assert!(round_one.has_more);
    assert_eq!(round(&api).await.expired, 1);
    assert_eq!(refunds_of(&api, first).await, 1);
    assert_in_order(&api.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_workers_lose_their_jobs_to_others_and_the_ledger_holds() {
    let (api, user, service) = with_jobs(|jobs| {
        jobs.policy.lease = Duration::from_millis(500);
        jobs.policy.first_delay = Duration::from_millis(10);
        jobs.policy.max_attempts = 100;
    })
    .await;
    needs_many_connections!(api.database);
    for _ in 0..8 {
        order(&api, &user).await;
    }
    // They take jobs and are never heard of again.
    let killed = claim(&api, &service, 5).await;
    assert_eq!(killed.len(), 5);
    // Two servers look after jobs at the same time.
    let shutdown = api.app.shutdown.clone();
    let houses = [(); 2].map(|()| {
        let every = Duration::from_millis(50);
        tokio::spawn(keep_house(
            api.app.files.clone(),
            api.app.jobs.policy,
            every,
            shutdown.clone(),
        ))
    });
    let open = "select count(*) from jobs where status in ('queued', 'running')";
    eventually("every job is completed by somebody", async || {
        for job in claim(&api, &service, 3).await {
            say(&api, &service, &job, "complete", json!({"output": 1})).await;
        }
        api.database.number(open).await == 0
    })
    .await;
    shutdown.cancel();
    for house in houses {
        house.await.unwrap();
    }
    let completed = "select count(*) from jobs where status = 'completed'";
    assert_eq!(api.database.number(completed).await, 8);
    assert_eq!(api.balance(&user).await, 20);
    assert_in_order(&api.database).await;
}
