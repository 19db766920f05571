//! The workers of the program: what they do, how they end, and the one in Python.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::routing::post;
use divine_whispers::config::JobSettings;
use divine_whispers::domain::jobs::lease::{ClaimedJob, Output};
use divine_whispers::server::connections;
use divine_whispers::worker::{self, Crew, Failure, Kind, Work};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{JOBS, look, order, with_jobs};
use crate::ledger::assert_in_order;
use crate::needs_many_connections;
use crate::support::api::{PASSWORD, TestUser};
use crate::support::program::printed;
use crate::support::{Api, eventually};

/// Does what its test says: waits for a word, and then succeeds; or panics.
struct Horoscope {
    go: Arc<Notify>,
    panics: bool,
}

impl Kind for Horoscope {
    fn job_type(&self) -> &'static str {
        "daily_horoscope"
    }

    fn run<'a>(
        &'a self,
        _: &'a Work,
        job: &'a ClaimedJob,
    ) -> BoxFuture<'a, Result<Output, Failure>> {
        Box::pin(async move {
            assert!(!self.panics, "the stars fell");
            self.go.notified().await;
            Ok(Output::new(Some(job.input.clone()), None).unwrap())
        })
    }
}

/// One that waits for a word, and the way to give it.
fn horoscope() -> (Horoscope, Arc<Notify>) {
    let go = Arc::new(Notify::new());
    let kind = Horoscope {
        go: Arc::clone(&go),
        panics: false,
    };
    (kind, go)
}

pub fn crew(api: &Api, kinds: Vec<Box<dyn Kind>>, grace: Duration) -> (Crew, CancellationToken) {
    let shutdown = CancellationToken::new();
    let crew = Crew {
        work: Work {
            db: api.app.db.clone(),
            files: api.app.files.clone(),
        },
        kinds,
        settings: Arc::clone(&api.app.jobs),
        arrivals: api.app.arrivals.clone(),
        shutdown: shutdown.clone(),
        grace,
    };
    (crew, shutdown)
}

pub async fn eventually_is(api: &Api, user: &TestUser, id: i64, status: &str) {
    eventually(status, async || {
        look(api, user, id).await["status"] == status
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_told_to_stop_gives_back_what_it_cannot_finish() {
    let (api, user, _) = with_jobs(|_| {}).await;
    needs_many_connections!(api.database);
    let id = order(&api, &user).await;
    let kind = Horoscope {
        go: Arc::new(Notify::new()),
        panics: false,
    };
    let (crew, shutdown) = crew(&api, vec![Box::new(kind)], Duration::ZERO);
    let running = tokio::spawn(worker::run(crew));
    eventually_is(&api, &user, id, "running").await;
    shutdown.cancel();
    running.await.unwrap();
    let job = look(&api, &user, id).await;
    assert_eq!(
        (&job["status"], &job["attempts"]),
        (&json!("queued"), &json!(0))
    );
    assert_in_order(&api.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_told_to_stop_finishes_what_it_can_and_takes_nothing_new() {
    let (api, user, _) = with_jobs(|jobs| jobs.concurrency = 1).await;
    needs_many_connections!(api.database);
    let (id, next) = (order(&api, &user).await, order(&api, &user).await);
    let (kind, go) = horoscope();
    let (crew, shutdown) = crew(&api, vec![Box::new(kind)], Duration::from_secs(600));
    let running = tokio::spawn(worker::run(crew));
    eventually_is(&api, &user, id, "running").await;
    shutdown.cancel();
    go.notify_one();
    running.await.unwrap();
    assert_eq!(look(&api, &user, id).await["status"], "completed");
    assert_eq!(look(&api, &user, next).await["status"], "queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_takes_the_next_job_while_its_last_one_is_recorded() {
    let (api, user, _) = with_jobs(|jobs| jobs.concurrency = 1).await;
    needs_many_connections!(api.database);
    let (id, next) = (order(&api, &user).await, order(&api, &user).await);
    let (kind, go) = horoscope();
    let (crew, shutdown) = crew(&api, vec![Box::new(kind)], Duration::from_secs(600));
    let running = tokio::spawn(worker::run(crew));
    eventually_is(&api, &user, id, "running").await;
    let other = api.database.connect().await;
    let lock = format!("begin; select from jobs where id = {id} for update");
    other.batch_execute(&lock).await.unwrap();
    go.notify_one();
    eventually_is(&api, &user, next, "running").await;
    assert_eq!(look(&api, &user, id).await["status"], "running");
    other.batch_execute("commit").await.unwrap();
    eventually_is(&api, &user, id, "completed").await;
    shutdown.cancel();
    go.notify_one();
    running.await.unwrap();
    assert_eq!(look(&api, &user, next).await["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_work_keeps_its_lease_by_signs_of_life() {
    let (api, user, _) = with_jobs(|jobs| jobs.policy.lease = Duration::from_secs(2)).await;
    needs_many_connections!(api.database);
    let id = order(&api, &user).await;
    let (kind, go) = horoscope();
    let (crew, shutdown) = crew(&api, vec![Box::new(kind)], Duration::ZERO);
    let running = tokio::spawn(worker::run(crew));
    eventually_is(&api, &user, id, "running").await;
    let beyond =
        "select count(*) from jobs where lease_expires_at > started_at + interval '5 seconds'";
    eventually("the lease is extended again and again", async || {
        api.database.number(beyond).await == 1
    })
    .await;
    go.notify_one();
    eventually_is(&api, &user, id, "completed").await;
    assert_eq!(look(&api, &user, id).await["attempts"], 1);
    shutdown.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_panics_fails_like_any_other_and_the_worker_goes_on() {
    let settings = |jobs: &mut JobSettings| {
        jobs.policy.max_attempts = 2;
        jobs.policy.first_delay = Duration::ZERO;
        jobs.concurrency = 1;
    };
    let (api, user, _) = with_jobs(settings).await;
    needs_many_connections!(api.database);
    let id = order(&api, &user).await;
    let kind = Horoscope {
        go: Arc::new(Notify::new()),
        panics: true,
    };
    let (crew, shutdown) = crew(&api, vec![Box::new(kind)], Duration::ZERO);
    let running = tokio::spawn(worker::run(crew));
    eventually_is(&api, &user, id, "failed").await;
    let job = look(&api, &user, id).await;
    assert_eq!(
        (
            &job["attempts"],
            &job["last_error"],
            &job["refunded_amount"]
        ),
        (&json!(2), &json!("the worker panicked"), &json!(10))
    );
    shutdown.cancel();
    running.await.unwrap();
    assert_in_order(&api.database).await;
}

/// The worker of the examples, which ends when no job is waiting.
fn fortune_worker(api: &str, email: &str) -> tokio::process::Command {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/fortune_worker.py");
    let mut command = tokio::process::Command::new("python3");
    command
        .args([script, "--once"])
        .env("API_URL", format!("http://{api}/api/v1"))
        .env("WORKER_EMAIL", email)
        .env("WORKER_PASSWORD", PASSWORD)
        .kill_on_drop(true);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_in_python_draws_fortunes() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let mut command = fortune_worker(&api.address.to_string(), &service.email);
    let mut ids = Vec::new();
    for question in ["when?", "where?"] {
        let body = json!({"job_type": "fortune_draw", "input": {"question": question}});
        let reply = api.post(&user, JOBS, body).await.success();
        ids.push(reply["job_id"].as_i64().unwrap());
    }
    let output = match command.output().await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            crate::support::say_skipped_for_want_of("python3");
            return;
        }
        output => output.unwrap(),
    };
    assert!(output.status.success(), "{}", printed(&output));
    for (id, question) in ids.iter().zip(["when?", "where?"]) {
        let result = api
            .get(&user, &format!("{JOBS}/{id}/result"))
            .await
            .success();
        assert_eq!(result["output"]["question"], question);
        assert!(!result["output_text"].as_str().unwrap().is_empty());
    }
    assert_in_order(&api.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_in_python_asks_again_when_an_answer_breaks_off() {
    // Answers that end in the middle, as when a server is killed, and such that are not JSON, as from a proxy.
    let claims = Arc::new(AtomicU32::new(0));
    let claimed = Arc::clone(&claims);
    let broken = || {
        let piece = stream::once(async { Ok("{\"jobs\": ") });
        // The piece is sent before the end comes.
        let end = stream::once(async {
            tokio::task::yield_now().await;
            Err(std::io::Error::other("killed"))
        });
        Body::from_stream(piece.chain(end))
    };
    let claim = async move || match claimed.fetch_add(1, Ordering::Relaxed) {
        0 => (StatusCode::OK, broken()),
        1 => (StatusCode::CONFLICT, broken()),
        2 => (StatusCode::OK, Body::from("<html>")),
        _ => (StatusCode::OK, Body::from("{\"jobs\": []}")),
    };
    let session = async || axum::Json(json!({"tokens": {"access_token": "of this test"}}));
    let api = axum::Router::new()
        .route("/api/v1/auth/login", post(session))
        .route("/api/v1/worker/jobs/claim", post(claim));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let shutdown = CancellationToken::new();
    tokio::spawn(async move {
        connections::serve(listener, api, Duration::from_secs(30), &shutdown).await
    });
    let output = match fortune_worker(&address, "worker@example.com")
        .output()
        .await
    {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            crate::support::say_skipped_for_want_of("python3");
            return;
        }
        output => output.unwrap(),
    };
    assert!(output.status.success(), "{}", printed(&output));
    assert_eq!(claims.load(Ordering::Relaxed), 4, "{}", printed(&output));
}
