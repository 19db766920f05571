//! What those who order see: prices, refusals, lists, cancellation.

use divine_whispers::domain::users::Role;
use reqwest::StatusCode;
use serde_json::json;

use super::{JOBS, cancel, claim, claim_one, look, order, refunds_of, say, with_jobs};
use crate::audit::entries;
use crate::ledger::assert_in_order;

#[tokio::test]
async fn a_job_costs_the_price_of_its_type_and_waits() {
    let (api, user, _) = with_jobs(|_| {}).await;
    let body = json!({"job_type": "fortune_draw", "input": {"question": "when?"}, "priority": 3});
    let reply = api.post(&user, JOBS, body).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    let posted = reply.success();
    assert_eq!(posted["transaction"]["amount"], -30);
    assert_eq!(posted["remaining_balance"], 70);
    let job = look(&api, &user, posted["job_id"].as_i64().unwrap()).await;
    assert_eq!(
        (&job["status"], &job["priority"], &job["input"]["question"]),
        (&json!("queued"), &json!(3), &json!("when?"))
    );
    assert_eq!(job["txn_id"], posted["transaction"]["txn_id"]);
    let entries = entries(&api.database, "job.order").await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["details"]["amount"], -30);
    assert_in_order(&api.database).await;
}

#[tokio::test]
async fn what_cannot_be_paid_or_is_not_on_offer_changes_nothing() {
    let (api, user, _) = with_jobs(|_| {}).await;
    for _ in 0..3 {
        let body = json!({"job_type": "fortune_draw"});
        api.post(&user, JOBS, body).await.success();
    }
    let reply = api
        .post(&user, JOBS, json!({"job_type": "fortune_draw"}))
        .await;
    assert_eq!(
        (reply.status.as_u16(), reply.problem()),
        (402, "INSUFFICIENT_BALANCE")
    );
    assert_eq!(reply.body["shortfall"], 20);
    assert_eq!(entries(&api.database, "job.order").await.len(), 4);
    for body in [
        json!({"job_type": "palm_reading"}),
        json!({"job_type": "No Name"}),
        json!({"job_type": "daily_horoscope", "priority": 10}),
        json!({"job_type": "daily_horoscope", "priority": -1}),
        json!({"job_type": "daily_horoscope", "scheduled_at": "1930-01-01T00:00:00Z"}),
        json!({"job_type": "daily_horoscope", "scheduled_at": "9999-01-01T00:00:00Z"}),
        json!({"job_type": "daily_horoscope", "input": [1]}),
        json!({"job_type": "daily_horoscope", "input": {"text": "\u{0}"}}),
        json!({"job_type": "daily_horoscope", "price": 1}),
    ] {
        let reply = api.post(&user, JOBS, body).await;
        assert_eq!(reply.problem(), "VALIDATION_FAILED", "{reply:?}");
    }
    assert_eq!(api.balance(&user).await, 10);
    assert_eq!(api.database.number("select count(*) from jobs").await, 3);
    api.database
        .execute("update users set status = 'suspended' where role = 'user'")
        .await;
    let reply = api
        .post(&user, JOBS, json!({"job_type": "daily_horoscope"}))
        .await;
    assert_eq!(reply.problem(), "ACCOUNT_NOT_ACTIVE");
    assert_in_order(&api.database).await;
}

#[tokio::test]
async fn a_repeated_order_is_answered_again_and_another_one_with_its_key_refused() {
    let (api, user, _) = with_jobs(|_| {}).await;
    let body = json!({"job_type": "daily_horoscope", "input": {"sign": "leo"}});
    let first = api.post_with_key(&user, JOBS, "key", body.clone()).await;
    let again = api.post_with_key(&user, JOBS, "key", body).await;
    assert_eq!(first.body, again.body);
    assert!(again.headers.contains_key("idempotent-replayed"));
    let other = json!({"job_type": "daily_horoscope", "input": {"sign": "virgo"}});
    let reply = api.post_with_key(&user, JOBS, "key", other).await;
    assert_eq!(reply.problem(), "DUPLICATE_TRANSACTION");
    assert_eq!(api.balance(&user).await, 90);
}

#[tokio::test]
async fn lists_go_page_by_page_and_show_nobody_elses_jobs() {
    let (api, user, _) = with_jobs(|_| {}).await;
    let mut ordered = Vec::new();
    for _ in 0..5 {
        ordered.insert(0, order(&api, &user).await);
    }
    let mut seen = Vec::new();
    let mut path = format!("{JOBS}?limit=2");
    loop {
        let page = api.get(&user, &path).await.success();
        let ids = page["jobs"].as_array().unwrap().iter();
        seen.extend(ids.map(|job| job["job_id"].as_i64().unwrap()));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("{JOBS}?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, ordered);
    let other = api.register().await;
    assert_eq!(
        api.get(&other, JOBS).await.success(),
        json!({"jobs": [], "next_cursor": null})
    );
    for path in ["", "/result"] {
        let path = format!("{JOBS}/{}{path}", ordered[0]);
        assert_eq!(api.get(&other, &path).await.problem(), "NOT_FOUND");
    }
    for query in [
        "limit=0",
        "limit=101",
        "cursor=x",
        "cursor=!!",
        "status=queued",
    ] {
        let reply = api.get(&user, &format!("{JOBS}?{query}")).await;
        assert_eq!(reply.problem(), "VALIDATION_FAILED", "{query}");
    }
}

#[tokio::test]
async fn a_job_that_waits_is_cancelled_and_refunded_once() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let id = order(&api, &user).await;
    let other = api.register().await;
    assert_eq!(cancel(&api, &other, id).await.problem(), "NOT_FOUND");
    assert_eq!(api.balance(&user).await, 90);
    let cancelled = cancel(&api, &user, id).await.success();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(cancelled["refunded_amount"], 10);
    assert_eq!(
        cancel(&api, &user, id).await.success(),
        cancelled,
        "a repetition is answered the same"
    );
    assert_eq!(api.balance(&user).await, 100);
    assert_eq!(refunds_of(&api, id).await, 1);
    let entries = entries(&api.database, "job.cancel").await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["details"]["refunded"], 10);
    assert!(claim(&api, &service, 1).await.is_empty());
    assert_in_order(&api.database).await;
}

#[tokio::test]
async fn a_job_that_a_worker_has_or_had_is_not_cancelled() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let id = order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let reply = cancel(&api, &user, id).await;
    assert_eq!(
        (reply.status.as_u16(), reply.problem()),
        (409, "JOB_NOT_CANCELLABLE")
    );
    assert_eq!(reply.body["job_status"], "running");
    say(&api, &service, &job, "complete", json!({"output": 1}))
        .await
        .success();
    assert_eq!(
        cancel(&api, &user, id).await.body["job_status"],
        "completed"
    );
    assert_eq!(refunds_of(&api, id).await, 0);
    let refused = entries(&api.database, "job.cancel").await;
    assert_eq!(refused.len(), 2);
    assert!(refused.iter().all(|entry| entry["outcome"] == "refused"));
    assert_in_order(&api.database).await;
}

#[tokio::test]
async fn the_urgent_come_first_and_the_scheduled_not_before_their_time() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let admin = api.with_role(Role::Admin).await;
    api.deposit(&admin, &user, 100).await;
    let later = "2026-11-30T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>();
    let later = later
        .unwrap()
        .max(chrono::Utc::now() + chrono::TimeDelta::days(1));
    for body in [
        json!({"job_type": "daily_horoscope", "input": {"n": 3}}),
        json!({"job_type": "daily_horoscope", "input": {"n": 1}, "priority": 9}),
        json!({"job_type": "daily_horoscope", "input": {"n": 4}, "priority": 9, "scheduled_at": later}),
        json!({"job_type": "fortune_draw", "input": {"n": 2}, "priority": 5}),
    ] {
        api.post(&user, JOBS, body).await.success();
    }
    let spend = json!({"amount": 10, "job_type": "fortune_draw", "input": {"n": 5}, "description": "as before"});
    api.post(&user, "/api/v1/wallet/spend", spend)
        .await
        .success();
    let claimed = claim(&api, &service, 20).await;
    let numbers: Vec<i64> = claimed
        .iter()
        .map(|job| job["input"]["n"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 2, 3, 5]);
    super::make_due(&api).await;
    assert_eq!(claim_one(&api, &service).await["input"]["n"], 4);
}

#[tokio::test]
async fn whoever_has_left_orders_nothing() {
    let (api, user, _) = with_jobs(|_| {}).await;
    let everywhere = json!({"all": true});
    let left = api.post(&user, "/api/v1/auth/logout", everywhere).await;
    assert!(left.status.is_success(), "{left:?}");
    let reply = api
        .post(&user, JOBS, json!({"job_type": "daily_horoscope"}))
        .await;
    assert_eq!(reply.status.as_u16(), 401, "{reply:?}");
    assert_eq!(api.database.number("select count(*) from jobs").await, 0);
    assert_in_order(&api.database).await;
}
