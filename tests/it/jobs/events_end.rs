//! How streams of events end, how many there may be, and how long events are kept.

use std::time::{Duration, Instant};

use divine_whispers::domain::jobs::rescue;
use divine_whispers::http::TokenSigner;
use serde_json::json;

use super::{claim_one, order, say, with_jobs};
use crate::needs_many_connections;
use crate::support::api::{PASSWORD, SECRET_KEY};
use crate::support::events::{EventStream, ask, kinds};
use crate::support::program::Program;
use crate::support::{TestDatabase, eventually, eventually_refused};

/// As if everything had happened long ago.
const LONG_AGO: &str = "update job_events set created_at = created_at - interval '8 days';
    update jobs set finished_at = finished_at - interval '8 days'";

#[tokio::test]
async fn a_stream_is_kept_alive_and_ends_with_its_session() {
    let (api, user, _) = with_jobs(|jobs| jobs.keep_alive = Duration::from_millis(50)).await;
    let id = order(&api, &user).await;
    let mut stream = EventStream::open(&api, &user, id, None).await;
    assert_eq!(stream.block().await.unwrap(), "retry: 2000");
    assert!(stream.block().await.unwrap().contains("event: queued"));
    assert_eq!(stream.block().await.unwrap(), ": still here");
    let leave = api.post(&user, "/api/v1/auth/logout", json!({"all": true}));
    assert_eq!(leave.await.status.as_u16(), 204);
    assert_eq!(kinds(&stream.rest().await), [""; 0]);
    let path = format!("/api/v1/jobs/{id}/events");
    let back = api.get(&user, &path).await;
    assert_eq!(
        (back.status.as_u16(), back.problem()),
        (401, "SESSION_ENDED")
    );
}

#[tokio::test]
async fn a_stream_ends_with_its_account_and_with_its_access_token() {
    // Long enough for the embedded engine's one connection to be free in between.
    let (api, user, _) = with_jobs(|jobs| jobs.keep_alive = Duration::from_secs(1)).await;
    let id = order(&api, &user).await;
    let mut stream = EventStream::open(&api, &user, id, None).await;
    let ban = format!("update users set status = 'banned' where id = {}", user.id);
    api.database.execute(&ban).await;
    assert_eq!(kinds(&stream.rest().await), ["queued"]);
    let path = format!("/api/v1/jobs/{id}/events");
    assert_eq!(api.get(&user, &path).await.problem(), "ACCOUNT_NOT_ACTIVE");

    let mut user = api.register().await;
    let id = order(&api, &user).await;
    let session = api.app.tokens.verify(&user.token).unwrap();
    let brief = TokenSigner::new(&SECRET_KEY.into(), Duration::from_secs(4));
    user.token = brief.sign(session).unwrap();
    let mut stream = EventStream::open(&api, &user, id, None).await;
    assert_eq!(kinds(&stream.rest().await), ["queued"]);
    eventually_refused(&api, &user.token).await;
    let path = format!("/api/v1/jobs/{id}/events");
    assert_eq!(api.get(&user, &path).await.problem(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn there_is_a_limit_to_the_streams_of_a_user_and_of_a_server() {
    let (api, user, _) = with_jobs(|jobs| {
        jobs.watch_limits.per_user = 2;
        jobs.watch_limits.per_process = 3;
        jobs.keep_alive = Duration::from_millis(50);
    })
    .await;
    let id = order(&api, &user).await;
    let other = api.register().await;
    let others = order(&api, &other).await;
    let first = EventStream::open(&api, &user, id, None).await;
    let _second = EventStream::open(&api, &user, id, None).await;
    let path = format!("/api/v1/jobs/{id}/events");
    let refused = api.get(&user, &path).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (429, "TOO_MANY_STREAMS")
    );
    assert!(refused.headers.contains_key("retry-after"));
    let _third = EventStream::open(&api, &other, others, None).await;
    let path = format!("/api/v1/jobs/{others}/events");
    let refused = api.get(&other, &path).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (503, "SERVICE_UNAVAILABLE")
    );
    drop(first);
    eventually("the place of who left is free", async || {
        ask(&api, &user, id, None).await.status().as_u16() == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_streams_wait_without_a_connection_to_the_database() {
    let (mut api, user, service) = with_jobs(|_| {}).await;
    needs_many_connections!(api.database);
    let small = divine_whispers::config::DatabaseSettings {
        url: None,
        pool_size: 1,
        pool_timeout: Duration::from_secs(20),
        statement_timeout: Duration::from_secs(20),
    };
    let mut app = api.app.clone();
    app.db = divine_whispers::db::Database::new(&api.database.url, &small, api.database.budget())
        .unwrap();
    api.serve_also(app).await;
    let id = order(&api, &user).await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        let mut stream = EventStream::open(&api, &user, id, None).await;
        assert_eq!(stream.next().await.unwrap().kind, "queued");
        streams.push(stream);
    }
    let job = claim_one(&api, &service).await;
    say(&api, &service, &job, "complete", json!({"output": 1}))
        .await
        .success();
    for mut stream in streams {
        assert_eq!(kinds(&stream.rest().await), ["running", "completed"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_server_does_not_wait_for_who_watches() {
    let database = TestDatabase::migrated().await;
    needs_many_connections!(database);
    let program = Program::new()
        .set("DATABASE_URL", &database.connection_url())
        .set("RUN_WORKERS", "false")
        .set("SHUTDOWN_TIMEOUT_SECONDS", "600");
    let server = program.serve().await;
    let client = reqwest::Client::new();
    let post = async |path: &str, token: &str, body: serde_json::Value| {
        let request = client.post(format!("{}/api/v1{path}", server.url));
        let reply = request.bearer_auth(token).json(&body).send().await.unwrap();
        reply.json::<serde_json::Value>().await.unwrap()
    };
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let session = post("/auth/register", "", body).await;
    let token = session["tokens"]["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let job = post("/jobs", &token, json!({"job_type": "fortune_draw"})).await;
    let url = format!("{}/api/v1/jobs/{}/events", server.url, job["job_id"]);
    let mut stream = client.get(url).bearer_auth(&token).send().await.unwrap();
    let mut text = String::new();
    while !text.contains("event: queued") {
        text.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    let started = Instant::now();
    server.signal("TERM");
    while stream.chunk().await.unwrap().is_some() {}
    let (well, log) = server.ended().await;
    assert!(well, "{log}");
    assert!(!log.contains("not everything finished"), "{log}");
    assert!(
        started.elapsed() < Duration::from_secs(60),
        "long before 600"
    );
}

#[tokio::test]
async fn events_are_removed_some_time_after_the_end_and_never_before() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let (ended, waiting) = (order(&api, &user).await, order(&api, &user).await);
    let job = claim_one_of(&api, &service, ended).await;
    say(&api, &service, &job, "complete", json!({"output": 1}))
        .await
        .success();
    let policy = &api.app.jobs.policy;
    let count = |id: i64| format!("select count(*) from job_events where job_id = {id}");
    let round = rescue::round(&api.app.db, policy).await.unwrap();
    assert_eq!(round.removed_events, 0, "it ended just now");
    api.database.execute(LONG_AGO).await;
    let round = rescue::round(&api.app.db, policy).await.unwrap();
    assert_eq!(round.removed_events, 3);
    assert_eq!(api.database.number(&count(ended)).await, 0);
    assert_eq!(
        api.database.number(&count(waiting)).await,
        1,
        "what has not ended is kept, however old"
    );
    // Who comes too late for them is told the end.
    let mut late = EventStream::open(&api, &user, ended, None).await;
    let late = late.rest().await;
    assert_eq!((kinds(&late), late[0].id), (vec!["completed"], 3));
    let again = ask(&api, &user, ended, Some("3")).await;
    assert_eq!(again.status().as_u16(), 204);
}

#[tokio::test]
async fn old_events_are_removed_in_batches_and_the_first_of_a_job_goes_last() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let id = order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    say(&api, &service, &job, "complete", json!({"output": 1}))
        .await
        .success();
    api.database.execute(LONG_AGO).await;
    let retention = api.app.jobs.policy.event_retention;
    let left = format!("select coalesce(sum(event_number), 0) from job_events where job_id = {id}");
    for (removed, numbers_left) in [(1, 3), (1, 1), (1, 0), (0, 0)] {
        let found = api
            .app
            .db
            .remove_old_job_events(retention, 1)
            .await
            .unwrap();
        assert_eq!(
            (found, api.database.number(&left).await),
            (removed, numbers_left)
        );
    }
}

/// Claims one of several jobs, which are claimed in their order.
async fn claim_one_of(
    api: &crate::support::Api,
    service: &crate::support::api::TestUser,
    id: i64,
) -> serde_json::Value {
    let mut jobs = super::claim(api, service, 1).await;
    assert_eq!(jobs[0]["job_id"], id);
    jobs.remove(0)
}
