//! What those see who watch a job: its life, in order, whole, and from where they were.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{cancel, claim_one, make_due, order, run_out, say, with_jobs};
use crate::needs_many_connections;
use crate::support::Api;
use crate::support::events::{EventStream, Sent, ask, kinds};

/// Numbered 1, 2, 3, and not going back in time.
fn assert_whole(events: &[Sent]) {
    let numbers: Vec<i32> = events.iter().map(|event| event.id).collect();
    let expected: Vec<i32> = (1..).take(events.len()).collect();
    assert_eq!(numbers, expected, "{events:?}");
    let times: Vec<DateTime<Utc>> = events.iter().map(time).collect();
    assert!(times.is_sorted(), "{times:?}");
}

fn time(event: &Sent) -> DateTime<Utc> {
    let text = event.data["time"].as_str().unwrap();
    assert!(text.ends_with('Z'), "in UTC: {text}");
    text.parse().unwrap()
}

#[tokio::test]
async fn the_life_of_a_job_is_told_as_it_happens() {
    let (api, user, service) = with_jobs(|jobs| {
        jobs.policy.max_attempts = 3;
        jobs.policy.first_delay = Duration::from_secs(100);
    })
    .await;
    let id = order(&api, &user).await;
    let mut stream = EventStream::open(&api, &user, id, None).await;
    let queued = stream.next().await.unwrap();
    assert_eq!((queued.id, queued.kind.as_str()), (1, "queued"));
    assert_eq!(queued.data["job_id"], id);
    assert!(queued.data["scheduled_at"].is_string() && queued.data["expires_at"].is_string());

    let job = claim_one(&api, &service).await;
    let running = stream.next().await.unwrap();
    assert_eq!(
        (&running.data["status"], &running.data["attempt"]),
        (&json!("running"), &json!(1))
    );
    assert_eq!(running.data["progress_percent"], 0);
    for percent in [40, 40, 70] {
        let body = json!({"progress_percent": percent});
        say(&api, &service, &job, "heartbeat", body).await.success();
    }
    say(&api, &service, &job, "heartbeat", json!({}))
        .await
        .success();
    for percent in [40, 70] {
        let progress = stream.next().await.unwrap();
        assert_eq!(
            (progress.kind.as_str(), &progress.data["progress_percent"]),
            ("running", &json!(percent)),
            "only what changed is told"
        );
    }
    say(&api, &service, &job, "fail", json!({"error": "clouds"}))
        .await
        .success();
    let retrying = stream.next().await.unwrap();
    assert_eq!(
        (retrying.kind.as_str(), &retrying.data["status"]),
        ("retrying", &json!("queued"))
    );
    assert_eq!(retrying.data["error"], "clouds");
    let retry_at: DateTime<Utc> = retrying.data["retry_at"].as_str().unwrap().parse().unwrap();
    assert!(retry_at > time(&retrying) + Duration::from_secs(40));

    make_due(&api).await;
    let job = claim_one(&api, &service).await;
    run_out(&api, &job["job_id"]).await;
    let policy = &api.app.jobs.policy;
    divine_whispers::domain::jobs::rescue::round(&api.app.db, policy)
        .await
        .unwrap();
    make_due(&api).await;
    let job = claim_one(&api, &service).await;
    say(&api, &service, &job, "complete", json!({"output": 1}))
        .await
        .success();
    let rest = stream.rest().await;
    assert_eq!(
        kinds(&rest),
        ["running", "retrying", "running", "completed"],
        "{rest:?}"
    );
    assert_eq!(
        rest[1].data["error"], "the worker gave no sign of life",
        "{rest:?}"
    );
    assert_eq!(rest[3].data["attempt"], 3);

    let mut again = EventStream::open(&api, &user, id, None).await;
    let whole = again.rest().await;
    assert_eq!(whole.len(), 9);
    assert_eq!(whole[5..], rest, "they are the same for who comes later");
    assert_whole(&whole);
}

#[tokio::test]
async fn each_end_without_a_result_is_told_with_what_it_gave_back() {
    let (api, user, service) = with_jobs(|jobs| jobs.policy.max_attempts = 1).await;
    let failed = order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    say(
        &api,
        &service,
        &job,
        "fail",
        json!({"error": "no such sign"}),
    )
    .await
    .success();
    let cancelled = order(&api, &user).await;
    cancel(&api, &user, cancelled).await.success();
    let expired = order(&api, &user).await;
    let sql = format!("update jobs set expires_at = now() where id = {expired}");
    api.database.execute(&sql).await;
    let policy = &api.app.jobs.policy;
    divine_whispers::domain::jobs::rescue::round(&api.app.db, policy)
        .await
        .unwrap();
    for (id, kind, error) in [
        (failed, "failed", json!("no such sign")),
        (cancelled, "cancelled", json!(null)),
        (expired, "expired", json!("no worker took the job in time")),
    ] {
        let events = EventStream::open(&api, &user, id, None).await.rest().await;
        let last = events.last().unwrap();
        assert_eq!(
            (last.kind.as_str(), &last.data["status"]),
            (kind, &json!(kind))
        );
        assert_eq!(last.data["refunded_amount"], 10, "{last:?}");
        assert_eq!(last.data.get("error").cloned().unwrap_or_default(), error);
        assert_whole(&events);
    }
}

#[tokio::test]
async fn a_spend_and_a_job_given_back_are_told_as_waiting() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let body = json!({"amount": 10, "job_type": "fortune_draw"});
    let spent = api.post(&user, "/api/v1/wallet/spend", body).await;
    let id = spent.success()["job_id"].as_i64().unwrap();
    let mut stream = EventStream::open(&api, &user, id, None).await;
    assert_eq!(stream.next().await.unwrap().kind, "queued");
    let job = claim_one(&api, &service).await;
    let lease = divine_whispers::domain::jobs::lease::Lease {
        job_id: divine_whispers::domain::ids::JobId(id),
        token: job["lease_token"].as_str().unwrap().parse().unwrap(),
    };
    assert!(api.app.db.release_job(lease).await.unwrap());
    assert_eq!(stream.next().await.unwrap().kind, "running");
    let given_back = stream.next().await.unwrap();
    assert_eq!((given_back.id, given_back.kind.as_str()), (3, "queued"));
}

#[tokio::test]
async fn who_comes_back_goes_on_after_the_last_event_and_stops_after_the_final_one() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let id = order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let mut first = EventStream::open(&api, &user, id, None).await;
    assert_eq!(first.next().await.unwrap().id, 1);
    assert_eq!(first.next().await.unwrap().id, 2);
    drop(first);
    let body = json!({"progress_percent": 50});
    say(&api, &service, &job, "heartbeat", body).await.success();
    let mut second = EventStream::open(&api, &user, id, Some(2)).await;
    let progress = second.next().await.unwrap();
    assert_eq!(
        (progress.id, &progress.data["progress_percent"]),
        (3, &json!(50)),
        "none lost, none twice"
    );
    say(&api, &service, &job, "complete", json!({"output": 1}))
        .await
        .success();
    assert_eq!(kinds(&second.rest().await), ["completed"]);
    for last in 0..4 {
        let mut stream = EventStream::open(&api, &user, id, Some(last)).await;
        let numbers: Vec<i32> = stream.rest().await.iter().map(|event| event.id).collect();
        assert_eq!(numbers, (last + 1..=4).collect::<Vec<_>>());
    }
    let over = ask(&api, &user, id, Some("4")).await;
    assert_eq!(over.status().as_u16(), 204, "this stops an EventSource");
    assert_eq!(over.bytes().await.unwrap().len(), 0);
}

#[tokio::test]
async fn an_id_that_no_event_of_the_job_has_is_refused() {
    let (api, user, _) = with_jobs(|_| {}).await;
    let id = order(&api, &user).await;
    for bad in ["x", "-1", "1.5", "2", "99999999999", " 1 2"] {
        let response = ask(&api, &user, id, Some(bad)).await;
        assert_eq!(response.status().as_u16(), 422, "{bad}");
        let problem: serde_json::Value = response.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], "Last-Event-ID");
    }
    let mut stream = EventStream::open(&api, &user, id, Some(0)).await;
    assert_eq!(stream.next().await.unwrap().id, 1);
    let empty = ask(&api, &user, id, Some("")).await;
    assert_eq!(empty.status().as_u16(), 200, "an EventSource that has none");
}

#[tokio::test]
async fn anothers_job_looks_as_if_it_were_not_there_and_nobody_watches_unknown() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let id = order(&api, &user).await;
    let stranger = api.register().await;
    for (somebody, id) in [(&stranger, id), (&service, id), (&user, id + 1), (&user, 0)] {
        let path = format!("/api/v1/jobs/{id}/events");
        let reply = api.get(somebody, &path).await;
        assert_eq!((reply.status.as_u16(), reply.problem()), (404, "NOT_FOUND"));
    }
    let path = format!("/api/v1/jobs/{id}/events");
    let reply = api.send(api.request(reqwest::Method::GET, &path)).await;
    assert_eq!(reply.problem(), "UNAUTHENTICATED");
    assert_eq!(api.app.db.job_news().watchers(), 0, "nobody is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_fast_and_at_once_are_whole_for_everybody_who_watches() {
    const WATCHERS: usize = 5;
    const BEATS: i32 = 60;
    let (api, user, service) = with_jobs(|_| {}).await;
    needs_many_connections!(api.database);
    let id = order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let mut watching = Vec::new();
    for _ in 0..WATCHERS {
        let mut stream = EventStream::open(&api, &user, id, None).await;
        watching.push(tokio::spawn(async move { stream.rest().await }));
    }
    let beat = |percent: i32| {
        let (api, service, job): (&Api, _, _) = (&api, &service, &job);
        async move {
            let body = json!({"progress_percent": percent});
            say(api, service, job, "heartbeat", body).await.success();
        }
    };
    for pair in 1..=BEATS / 2 {
        tokio::join!(beat(pair), beat(100 - pair));
    }
    say(&api, &service, &job, "complete", json!({"output": 1}))
        .await
        .success();
    for watcher in watching {
        let events = watcher.await.unwrap();
        assert_whole(&events);
        assert_eq!(events.len() as i32, 2 + BEATS + 1);
        assert_eq!(events.last().unwrap().kind, "completed");
    }
}
