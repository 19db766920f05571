//! `divine-whispers worker`, and `serve` with and without workers.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::needs_many_connections;
use crate::support::api::PASSWORD;
use crate::support::program::{Program, Served};
use crate::support::{TestDatabase, eventually};

/// Registers somebody and orders a statement; returns the number of the job.
async fn order(server: &Served) -> i64 {
    let client = crate::support::client();
    let api = format!("{}/api/v1", server.url);
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let registered = client.post(format!("{api}/auth/register")).json(&body);
    let session: Value = registered.send().await.unwrap().json().await.unwrap();
    let token = session["tokens"]["access_token"].as_str().unwrap();
    let body = json!({"job_type": "wallet_statement", "input": {}});
    let ordered = client.post(format!("{api}/jobs")).bearer_auth(token);
    let posted: Value = ordered
        .json(&body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    posted["job_id"]
        .as_i64()
        .unwrap_or_else(|| panic!("{posted}"))
}

async fn status(database: &TestDatabase, id: i64) -> String {
    let client = database.connect().await;
    let sql = "select status from jobs where id = $1";
    client.query_one(sql, &[&id]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_works_on_jobs_unless_it_is_told_not_to_and_a_worker_does_nothing_else() {
    let database = TestDatabase::empty().await;
    needs_many_connections!(database);
    let program = Program::new().set("DATABASE_URL", &database.connection_url());
    let idle = program.set("RUN_WORKERS", "false");
    let server = idle.serve().await;
    let id = order(&server).await;

    let mut worker = idle.command(&["worker"]).spawn().unwrap();
    let mut lines = BufReader::new(worker.stderr.take().unwrap()).lines();
    let said = tokio::time::timeout(Duration::from_secs(60), async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("working on jobs: wallet_statement") {
                return true;
            }
        }
        false
    });
    assert!(said.await.unwrap());
    eventually("the worker has done it", async || {
        status(&database, id).await == "completed"
    })
    .await;
    let by_the_worker = format!(
        "select count(*) from jobs where id = {id} and worker_name = 'divine-whispers {}'",
        worker.id().unwrap()
    );
    assert_eq!(database.number(&by_the_worker).await, 1);
    let ended = std::process::Command::new("kill")
        .args(["-s", "TERM", &worker.id().unwrap().to_string()])
        .status();
    assert!(ended.unwrap().success());
    let status = tokio::time::timeout(Duration::from_secs(60), worker.wait()).await;
    assert!(status.unwrap().unwrap().success());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_does_jobs_itself_and_rescues_those_of_the_dead() {
    let database = TestDatabase::empty().await;
    needs_many_connections!(database);
    let program = Program::new()
        .set("DATABASE_URL", &database.connection_url())
        .set("JOB_RETRY_DELAY_SECONDS", "0")
        .set("JOB_RESCUE_INTERVAL_MS", "100");
    let server = program.serve().await;
    let id = order(&server).await;
    eventually("the server has done it", async || {
        status(&database, id).await == "completed"
    })
    .await;
    // As if a worker had died with it.
    database
        .execute(&format!(
            "delete from job_results where job_id = {id};
             update jobs set status = 'running', finished_at = null, lease_token = gen_random_uuid(),
                    lease_expires_at = now() - interval '1 second' where id = {id}"
        ))
        .await;
    eventually("it is rescued and done again", async || {
        status(&database, id).await == "completed"
    })
    .await;
    let attempts = format!("select attempts::bigint from jobs where id = {id}");
    assert_eq!(database.number(&attempts).await, 2);
    let log = server.stop().await;
    assert!(log.contains("jobs were looked after"), "{log}");
}
