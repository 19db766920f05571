//! How streams of events end, and how many there may be.

use std::time::{Duration, Instant};

use divine_whispers::http::TokenSigner;
use serde_json::json;

use super::{claim_one, order, say, with_jobs};
use crate::needs_many_connections;
use crate::support::api::{PASSWORD, SECRET_KEY};
use crate::support::events::{EventStream, ask, kinds};
use crate::support::program::Program;
use crate::support::{TestDatabase, eventually, eventually_refused};

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
