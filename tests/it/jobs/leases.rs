//! What workers do under their leases, and what they can no longer do when a lease is lost.

use std::time::Duration;

use divine_whispers::domain::users::Role;
use serde_json::{Value, json};

use super::{
    CLAIM, JOBS, claim, claim_one, look, make_due, order, refunds_of, run_out, say, with_jobs,
};
use crate::audit::{break_the_log, entries, mend};
use crate::ledger::assert_in_order;

#[tokio::test]
async fn a_claim_is_had_by_one_worker_and_its_result_by_the_owner() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let id = order(&api, &user).await;
    let result = format!("{JOBS}/{id}/result");
    let job = claim_one(&api, &service).await;
    assert_eq!(
        (job["job_id"].as_i64(), &job["attempt"]),
        (Some(id), &json!(1))
    );
    assert_eq!(
        (&job["user_id"], &job["input"]),
        (&json!(user.id), &json!({"sign": "leo"}))
    );
    assert!(
        claim(&api, &service, 20).await.is_empty(),
        "nothing is left"
    );
    let early = api.get(&user, &result).await;
    assert_eq!(
        (
            early.status.as_u16(),
            early.problem(),
            &early.body["job_status"]
        ),
        (409, "JOB_NOT_COMPLETED", &json!("running"))
    );
    let beat = say(
        &api,
        &service,
        &job,
        "heartbeat",
        json!({"progress_percent": 40}),
    )
    .await;
    assert_eq!(beat.success()["progress_percent"], 40);
    assert_eq!(look(&api, &user, id).await["progress_percent"], 40);

    let output = json!({"output": {"card": "sun"}, "output_text": "All is well."});
    let first = say(&api, &service, &job, "complete", output)
        .await
        .success();
    let again = say(
        &api,
        &service,
        &job,
        "complete",
        json!({"output": "another"}),
    )
    .await;
    assert_eq!(
        again.success(),
        first,
        "who lost the answer is answered the same"
    );
    let kept = api.get(&user, &result).await.success();
    assert_eq!(
        (&kept["output"]["card"], &kept["output_text"]),
        (&json!("sun"), &json!("All is well."))
    );
    assert_eq!(look(&api, &user, id).await["status"], "completed");
    assert_eq!(api.balance(&user).await, 90);
    let entries = entries(&api.database, "job.complete").await;
    assert_eq!(
        (entries.len(), &entries[0]["actor_user_id"]),
        (1, &json!(service.id))
    );
    let late = say(&api, &service, &job, "fail", json!({"error": "no"})).await;
    assert_eq!(
        late.problem(),
        "LEASE_LOST",
        "a completed job does not fail"
    );
    assert_in_order(&api.database).await;
}

#[tokio::test]
async fn only_services_work_on_jobs() {
    let (api, user, _) = with_jobs(|_| {}).await;
    order(&api, &user).await;
    let admin = api.with_role(Role::Admin).await;
    let token = "00000000-0000-4000-8000-000000000000";
    for (path, body) in [
        (
            CLAIM,
            json!({"job_types": ["fortune_draw"], "wait_seconds": 0}),
        ),
        (
            "/api/v1/worker/jobs/1/heartbeat",
            json!({"lease_token": token}),
        ),
        (
            "/api/v1/worker/jobs/1/complete",
            json!({"lease_token": token, "output": 1}),
        ),
        (
            "/api/v1/worker/jobs/1/fail",
            json!({"lease_token": token, "error": "x"}),
        ),
    ] {
        for somebody in [&user, &admin] {
            let reply = api.post(somebody, path, body.clone()).await;
            assert_eq!(reply.problem(), "FORBIDDEN", "{path}");
        }
        let reply = api.post_anonymously(path, body).await;
        assert_eq!(reply.problem(), "UNAUTHENTICATED", "{path}");
    }
    let waiting = "select count(*) from jobs where status = 'queued'";
    assert_eq!(api.database.number(waiting).await, 1);
}

#[tokio::test]
async fn a_lease_that_ran_out_or_another_token_changes_nothing() {
    let (api, user, service) = with_jobs(|_| {}).await;
    order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let mut stranger = job.clone();
    stranger["lease_token"] = json!("00000000-0000-4000-8000-000000000000");
    let mut elsewhere = job.clone();
    elsewhere["job_id"] = json!(4711);
    for (job, has_run_out) in [(&stranger, false), (&elsewhere, false), (&job, true)] {
        if has_run_out {
            run_out(&api, &job["job_id"]).await;
        }
        let before = api.database.fingerprint().await;
        for (verb, body) in [
            ("heartbeat", json!({"progress_percent": 50})),
            ("complete", json!({"output": 1})),
            ("fail", json!({"error": "x"})),
            ("fail", json!({"error": "x", "retry": false})),
        ] {
            let reply = say(&api, &service, job, verb, body).await;
            assert_eq!(
                (reply.status.as_u16(), reply.problem()),
                (409, "LEASE_LOST"),
                "{verb}"
            );
        }
        assert_eq!(api.database.fingerprint().await, before);
    }
}

#[tokio::test]
async fn a_failed_attempt_waits_longer_each_time_and_the_last_one_is_refunded() {
    let (api, user, service) = with_jobs(|jobs| {
        jobs.policy.max_attempts = 3;
        jobs.policy.first_delay = Duration::from_secs(1000);
        jobs.policy.longest_delay = Duration::from_secs(1500);
    })
    .await;
    let id = order(&api, &user).await;
    for ceiling_seconds in [1000, 1500] {
        let job = claim_one(&api, &service).await;
        let failed = say(
            &api,
            &service,
            &job,
            "fail",
            json!({"error": "the stars are hidden"}),
        )
        .await;
        let failed = failed.success();
        assert_eq!(failed["status"], "queued");
        let again = say(&api, &service, &job, "fail", json!({"error": "another"})).await;
        assert_eq!(
            again.success(),
            failed,
            "who lost the answer is answered the same"
        );
        let delay = format!(
            "select extract(epoch from scheduled_at - now())::bigint from jobs where id = {id}"
        );
        let delay = api.database.number(&delay).await;
        assert!(
            (ceiling_seconds / 2 - 60..=ceiling_seconds).contains(&delay),
            "{delay}"
        );
        assert!(
            claim(&api, &service, 1).await.is_empty(),
            "not before its time"
        );
        make_due(&api).await;
    }
    assert_eq!(api.balance(&user).await, 90);
    let job = claim_one(&api, &service).await;
    assert_eq!(job["attempt"], 3);
    let failed = say(
        &api,
        &service,
        &job,
        "fail",
        json!({"error": "still hidden"}),
    )
    .await
    .success();
    assert_eq!(failed, json!({"job_id": id, "status": "failed"}));
    let again = say(
        &api,
        &service,
        &job,
        "fail",
        json!({"error": "still hidden"}),
    )
    .await;
    assert_eq!(again.success(), failed);
    let job = look(&api, &user, id).await;
    assert_eq!(
        (&job["status"], &job["last_error"], &job["refunded_amount"]),
        (&json!("failed"), &json!("still hidden"), &json!(10))
    );
    assert_eq!(
        (api.balance(&user).await, refunds_of(&api, id).await),
        (100, 1)
    );
    let entries = entries(&api.database, "job.fail").await;
    assert_eq!(
        (entries.len(), &entries[0]["outcome"]),
        (1, &json!("failed"))
    );
    assert_eq!(entries[0]["details"]["refunded"], 10);
    assert_in_order(&api.database).await;
}

#[tokio::test]
async fn a_failure_for_good_is_not_repeated() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let id = order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let body = json!({"error": "there is no such sign", "retry": false});
    let failed = say(&api, &service, &job, "fail", body).await.success();
    assert_eq!(failed["status"], "failed");
    assert_eq!(
        (api.balance(&user).await, refunds_of(&api, id).await),
        (100, 1)
    );
}

#[tokio::test]
async fn failure_refund_and_audit_entry_stand_or_fall_together() {
    let (api, user, service) = with_jobs(|jobs| jobs.policy.max_attempts = 1).await;
    let id = order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    break_the_log(&api.database).await;
    let reply = say(&api, &service, &job, "fail", json!({"error": "x"})).await;
    assert_eq!(reply.status.as_u16(), 500);
    assert_eq!(look(&api, &user, id).await["status"], "running");
    assert_eq!(
        (api.balance(&user).await, refunds_of(&api, id).await),
        (90, 0)
    );
    mend(&api.database).await;
    let reply = say(&api, &service, &job, "fail", json!({"error": "x"})).await;
    assert_eq!(reply.success()["status"], "failed");
    assert_eq!(
        (api.balance(&user).await, refunds_of(&api, id).await),
        (100, 1)
    );
    assert_in_order(&api.database).await;
}

#[tokio::test]
async fn what_an_admin_gave_back_already_is_not_given_back_again() {
    let (api, user, service) = with_jobs(|jobs| jobs.policy.max_attempts = 1).await;
    let admin = api.with_role(Role::Admin).await;
    for (amount, left) in [(json!(4), 6), (json!(null), 0)] {
        let id = order(&api, &user).await;
        let txn_id = look(&api, &user, id).await["txn_id"].clone();
        let body = json!({"txn_id": txn_id, "amount": amount, "reason": "a test"});
        api.post(&admin, "/api/v1/admin/refunds", body)
            .await
            .success();
        let job = claim_one(&api, &service).await;
        say(&api, &service, &job, "fail", json!({"error": "x"}))
            .await
            .success();
        assert_eq!(look(&api, &user, id).await["refunded_amount"], left);
        assert_eq!(api.balance(&user).await, 100);
    }
    assert_in_order(&api.database).await;
}

#[tokio::test]
async fn what_a_worker_says_is_checked() {
    let (api, user, service) = with_jobs(|_| {}).await;
    order(&api, &user).await;
    for body in [
        json!({"job_types": []}),
        json!({"job_types": ["No Name"]}),
        json!({"job_types": ["fortune_draw"], "count": 0}),
        json!({"job_types": ["fortune_draw"], "count": 21}),
        json!({"job_types": ["fortune_draw"], "wait_seconds": 31}),
        json!({"job_types": ["fortune_draw"], "worker_name": ""}),
        json!({"count": 1}),
    ] {
        let reply = api.post(&service, CLAIM, body).await;
        assert_eq!(reply.problem(), "VALIDATION_FAILED", "{reply:?}");
    }
    let job = claim_one(&api, &service).await;
    for (verb, body) in [
        ("heartbeat", json!({"progress_percent": 101})),
        ("complete", json!({})),
        ("complete", json!({"output": null})),
        ("complete", json!({"output_text": "\u{0}"})),
        ("complete", json!({"output": ["\u{0}"]})),
        ("fail", json!({"error": " "})),
        ("fail", json!({})),
    ] {
        let reply = say(&api, &service, &job, verb, body).await;
        assert_eq!(reply.problem(), "VALIDATION_FAILED", "{verb} {reply:?}");
    }
    let path = format!("/api/v1/worker/jobs/{}/heartbeat", job["job_id"]);
    let reply = api
        .post(&service, &path, json!({"lease_token": "secret"}))
        .await;
    assert_eq!(reply.problem(), "VALIDATION_FAILED");
    assert!(!reply.body.to_string().contains("secret"));
    let nothing = Value::Null;
    assert_ne!(job["lease_expires_at"], nothing);
    say(&api, &service, &job, "heartbeat", json!({}))
        .await
        .success();
}
