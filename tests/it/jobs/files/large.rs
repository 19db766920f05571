//! A file of 1 GiB through a server process, and what memory that takes: the kernel says it, Linux's in `/proc`.

use futures_util::StreamExt as _;
use reqwest::Body;
use serde_json::{Value, json};

use super::super::{claim_one, order};
use super::with_files;
use crate::needs_many_connections;
use crate::support::program::Program;

const PIECE_BYTES: usize = 64 * 1024;
const PIECES: usize = 16 * 1024;
/// 64 MB.
const LIMIT_KIB: u64 = 62_500;

/// A line of `/proc/PID/status`, in KiB.
fn memory_kib(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Each piece is told from the others, so that one that is missing, doubled or elsewhere shows.
fn piece(number: usize) -> Vec<u8> {
    let mut piece = vec![(number % 251) as u8; PIECE_BYTES];
    piece[..8].copy_from_slice(&(number as u64).to_le_bytes());
    piece
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_1_gib_goes_up_and_down_in_less_than_64_mb() {
    let (api, user, service) = with_files(|_| {}).await;
    needs_many_connections!(api.database);
    let id = order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let long = "update jobs set lease_expires_at = now() + interval '1 hour'";
    api.database.execute(long).await;
    let storage = format!("file://{}", api.storage.path().display());
    let program = Program::new()
        .set("DATABASE_URL", &api.database.connection_url())
        .set("RESULT_STORAGE_URL", &storage);
    let server = program.serve().await;
    let process = server.child.id().unwrap();
    let before = memory_kib(process, "VmHWM");

    let client = crate::support::client();
    let started = std::time::Instant::now();
    let pieces =
        futures_util::stream::iter(0..PIECES).map(|number| Ok::<_, std::io::Error>(piece(number)));
    let worker = format!("{}/api/v1/worker/jobs/{id}", server.url);
    let uploaded = client
        .put(format!("{worker}/file"))
        .bearer_auth(&service.token)
        .header("Lease-Token", job["lease_token"].as_str().unwrap())
        .header("Content-Type", "application/pdf")
        .body(Body::wrap_stream(pieces))
        .send()
        .await
        .unwrap();
    let uploaded: Value = uploaded.error_for_status().unwrap().json().await.unwrap();
    assert_eq!(uploaded["size_bytes"], PIECES * PIECE_BYTES);
    let (upload_time, after_upload) = (started.elapsed(), memory_kib(process, "VmHWM"));
    let body = json!({"lease_token": job["lease_token"], "file_id": uploaded["file_id"]});
    let completed = client
        .post(format!("{worker}/complete"))
        .bearer_auth(&service.token);
    let completed = completed.json(&body).send().await.unwrap();
    completed.error_for_status().unwrap();

    let started = std::time::Instant::now();
    let file = client.get(format!("{}/api/v1/jobs/{id}/file", server.url));
    let file = api.open(file.bearer_auth(&user.token)).await;
    let mut stream = file.error_for_status().unwrap().bytes_stream();
    let (mut waiting, mut number) = (Vec::new(), 0);
    while let Some(bytes) = stream.next().await {
        waiting.extend_from_slice(&bytes.unwrap());
        while waiting.len() >= PIECE_BYTES {
            let rest = waiting.split_off(PIECE_BYTES);
            assert!(waiting == piece(number), "piece {number}");
            (waiting, number) = (rest, number + 1);
        }
    }
    assert_eq!((number, waiting.len()), (PIECES, 0));
    let (download_time, peak) = (started.elapsed(), memory_kib(process, "VmHWM"));
    println!(
        "peak resident memory: {before} KiB before, {after_upload} KiB after the upload ({upload_time:.1?}), {peak} KiB \
         after the download ({download_time:.1?})"
    );
    assert!(peak < LIMIT_KIB, "{peak} KiB");
    server.stop().await;
}
