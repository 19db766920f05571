//! Files of results: uploaded by workers, had by owners, removed when nobody keeps them.

mod downloads;
#[cfg(target_os = "linux")]
mod large;
mod places;
mod removal;
mod uploads;
mod uploads_under_way;

use std::path::PathBuf;
use std::sync::Arc;

use divine_whispers::domain::jobs::files::FileRules;
use reqwest::{Body, Method};
use serde_json::{Value, json};

use super::{claim_one, order, say, with_jobs};
use crate::support::api::TestUser;
use crate::support::{Api, Reply};

/// An API with other rules of files than usual, an orderer with 100 points, and a worker's account.
async fn with_files(change: impl FnOnce(&mut FileRules)) -> (Api, TestUser, TestUser) {
    let (mut api, user, service) = with_jobs(|_| {}).await;
    let mut rules = FileRules::clone(&api.app.files.rules);
    change(&mut rules);
    api.app.files.rules = Arc::new(rules);
    let app = api.app.clone();
    api.serve_also(app).await;
    (api, user, service)
}

/// An upload that a test finishes itself.
fn upload_request(api: &Api, service: &TestUser, job: &Value) -> reqwest::RequestBuilder {
    let path = format!("/api/v1/worker/jobs/{}/file", job["job_id"]);
    api.request(Method::PUT, &path)
        .bearer_auth(&service.token)
        .header("Lease-Token", job["lease_token"].as_str().unwrap())
        .header("Content-Type", "text/plain")
}

/// A body of unknown length, and where its pieces come from; it ends when that is dropped.
fn in_pieces() -> (tokio::sync::mpsc::Sender<Vec<u8>>, Body) {
    let (sender, pieces) = tokio::sync::mpsc::channel::<Vec<u8>>(1);
    let pieces = futures_util::stream::unfold(pieces, async |mut pieces| {
        let piece = pieces.recv().await?;
        Some((Ok::<_, std::io::Error>(piece), pieces))
    });
    (sender, Body::wrap_stream(pieces))
}

async fn upload(api: &Api, service: &TestUser, job: &Value, body: impl Into<Body>) -> Reply {
    api.send(upload_request(api, service, job).body(body.into()))
        .await
}

/// Orders a job and completes it with a file; returns its number.
async fn deliver(api: &Api, user: &TestUser, service: &TestUser, body: impl Into<Body>) -> i64 {
    let id = order(api, user).await;
    let job = claim_one(api, service).await;
    let file = upload(api, service, &job, body).await.success();
    say(
        api,
        service,
        &job,
        "complete",
        json!({"file_id": file["file_id"]}),
    )
    .await
    .success();
    id
}

async fn download(
    api: &Api,
    user: &TestUser,
    id: i64,
    headers: &[(&str, &str)],
) -> reqwest::Response {
    let path = format!("/api/v1/jobs/{id}/file");
    let mut request = api.request(Method::GET, &path).bearer_auth(&user.token);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.open(request).await
}

/// Every file of a result in the storage, unfinished ones too.
fn stored(api: &Api) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(api.storage.path()).unwrap();
    let directories = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir());
    directories
        .flat_map(|directory| std::fs::read_dir(directory).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect()
}

async fn rows(api: &Api) -> i64 {
    api.database.number("select count(*) from job_files").await
}
