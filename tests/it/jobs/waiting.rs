//! Claims that wait for a job: woken by an order, here or at another server, and not for ever.

use std::time::{Duration, Instant};

use divine_whispers::db::notices::{self, Notice};
use divine_whispers::domain::jobs::waiting::Arrivals;
use divine_whispers::worker;
use serde_json::{Value, json};

use super::{CLAIM, order, with_jobs};
use crate::needs_many_connections;
use crate::support::api::second_server;
use crate::support::eventually;

#[tokio::test]
async fn a_claim_waits_for_a_job_but_not_for_ever() {
    let (api, user, service) = with_jobs(|jobs| jobs.poll_interval = Duration::from_secs(60)).await;
    needs_many_connections!(api.database);
    let started = Instant::now();
    let body = json!({"job_types": ["daily_horoscope"], "wait_seconds": 1});
    let reply = api.post(&service, CLAIM, body).await.success();
    assert_eq!(reply["jobs"], json!([]));
    assert!(started.elapsed() >= Duration::from_secs(1));
    let body = json!({"job_types": ["daily_horoscope"], "wait_seconds": 30});
    let (reply, id) = tokio::join!(api.post(&service, CLAIM, body), async {
        // Whether the claim waits already or not: it is woken, or finds it at once.
        order(&api, &user).await
    });
    assert_eq!(reply.success()["jobs"][0]["job_id"], id);
    assert!(started.elapsed() < Duration::from_secs(25), "it was woken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_waits_hears_of_an_order_at_another_server() {
    let (api, user, service) = with_jobs(|jobs| jobs.poll_interval = Duration::from_secs(60)).await;
    needs_many_connections!(api.database);
    let elsewhere = second_server(&api).await;
    for app in [&api.app, &elsewhere.app] {
        tokio::spawn(worker::pass_on(
            app.db.clone(),
            api.database.url.clone(),
            app.arrivals.clone(),
            app.shutdown.clone(),
        ));
    }
    let listening = "select count(*) from pg_stat_activity
                     where datname = current_database() and query like 'listen%' and state = 'idle'";
    eventually("both listen", async || {
        api.database.number(listening).await == 2
    })
    .await;
    let waiting = api
        .request(reqwest::Method::POST, CLAIM)
        .bearer_auth(&service.token)
        .json(&json!({"job_types": ["daily_horoscope"], "wait_seconds": 30}));
    let waiting = tokio::spawn(waiting.send());
    let looked = "select count(*) from pg_stat_activity
                  where datname = current_database() and query like '%skip locked%' and state = 'idle'
                    and pid <> pg_backend_pid()";
    eventually("the claim has found nothing", async || {
        api.database.number(looked).await == 1
    })
    .await;
    let started = Instant::now();
    let id = order(&elsewhere, &user).await;
    let reply: Value = waiting.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!(reply["jobs"][0]["job_id"], id);
    assert!(started.elapsed() < Duration::from_secs(20), "it was woken");
}

#[tokio::test]
async fn a_claim_waits_no_longer_than_the_server_allows() {
    let (api, _, service) = with_jobs(|jobs| jobs.claim_wait = Duration::ZERO).await;
    let started = Instant::now();
    let body = json!({"job_types": ["daily_horoscope"], "wait_seconds": 30});
    let reply = api.post(&service, CLAIM, body).await.success();
    assert_eq!(reply, json!({"jobs": []}));
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "it did not wait"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_announced_at_once_and_those_right_after_it_together_in_the_end() {
    let (api, _, _) = with_jobs(|_| {}).await;
    needs_many_connections!(api.database);
    let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let url = api.database.url.clone();
    tokio::spawn(async move {
        notices::listen(&url, "somebody else", |notice| tell.send(notice).unwrap()).await
    });
    assert_eq!(heard.recv().await, Some(Notice::Listening));
    let arrivals = Arrivals::default();
    tokio::spawn(worker::pass_on(
        api.app.db.clone(),
        api.database.url.clone(),
        arrivals.clone(),
        api.app.shutdown.clone(),
    ));
    let mut quickest = Duration::MAX;
    for _ in 0..20 {
        let started = Instant::now();
        arrivals.announce();
        assert_eq!(heard.recv().await, Some(Notice::JobsQueued));
        quickest = quickest.min(started.elapsed());
        // Nothing is announced for longer than notices are held together.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(quickest < Duration::from_millis(50), "{quickest:?}");

    let started = Instant::now();
    for _ in 0..3 {
        // Each after the one before was heard, and so while others are held together: none is lost.
        for _ in 0..10 {
            arrivals.announce();
        }
        assert_eq!(heard.recv().await, Some(Notice::JobsQueued));
    }
    assert!(
        started.elapsed() >= Duration::from_millis(100),
        "at most one in 50 ms"
    );
}
