//! Uploads that last: leases that run out meanwhile, workers that hang up or send nothing.

use std::time::Duration;

use serde_json::json;

use super::super::{claim_one, order, run_out, say};
use super::{in_pieces, rows, stored, upload, upload_request, with_files};
use crate::support::eventually;

#[tokio::test]
async fn a_lease_that_runs_out_during_an_upload_leaves_no_row_and_no_file() {
    let (api, user, service) = with_files(|_| {}).await;
    order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let (pieces, body) = in_pieces();
    let (upload, ()) = tokio::join!(upload(&api, &service, &job, body), async {
        pieces.send(b"the first half".to_vec()).await.unwrap();
        eventually("the upload has begun", async || stored(&api).len() == 1).await;
        assert_eq!(rows(&api).await, 1);
        run_out(&api, &job["job_id"]).await;
        pieces.send(b"the second half".to_vec()).await.unwrap();
        drop(pieces);
    });
    assert_eq!(
        (upload.status.as_u16(), upload.problem()),
        (409, "LEASE_LOST")
    );
    assert_eq!((rows(&api).await, stored(&api).len()), (0, 0));
}

#[tokio::test]
async fn an_upload_extends_no_lease_and_signs_of_life_go_on_beside_it() {
    let (api, user, service) = with_files(|_| {}).await;
    order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let expires = format!(
        "select (extract(epoch from lease_expires_at) * 1000000)::bigint from jobs where id = {}",
        job["job_id"]
    );
    let before = api.database.number(&expires).await;
    let (pieces, body) = in_pieces();
    let (reply, ()) = tokio::join!(upload(&api, &service, &job, body), async {
        pieces.send(b"some".to_vec()).await.unwrap();
        eventually("the upload has begun", async || stored(&api).len() == 1).await;
        assert_eq!(api.database.number(&expires).await, before);
        say(
            &api,
            &service,
            &job,
            "heartbeat",
            json!({"progress_percent": 50}),
        )
        .await
        .success();
        drop(pieces);
    });
    reply.success();
    assert!(api.database.number(&expires).await > before);
}

#[tokio::test]
async fn a_worker_that_hangs_up_leaves_no_row_and_no_file() {
    let (api, user, service) = with_files(|_| {}).await;
    order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let (pieces, body) = in_pieces();
    let request = upload_request(&api, &service, &job).body(body);
    let uploading = tokio::spawn(request.send());
    pieces.send(b"some".to_vec()).await.unwrap();
    eventually("the upload has begun", async || stored(&api).len() == 1).await;
    uploading.abort();
    eventually("all of it is gone", async || {
        rows(&api).await == 0 && stored(&api).is_empty()
    })
    .await;
    // The claim still holds: the worker tries again.
    upload(&api, &service, &job, "all").await.success();
}

#[tokio::test]
async fn an_upload_that_stands_still_is_ended_and_one_that_goes_on_is_not() {
    let (api, user, service) =
        with_files(|rules| rules.idle_timeout = Duration::from_secs(1)).await;
    order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let (pieces, body) = in_pieces();
    pieces.send(b"some".to_vec()).await.unwrap();
    let stalled = upload(&api, &service, &job, body).await;
    assert_eq!(
        (stalled.status.as_u16(), stalled.problem()),
        (400, "BAD_REQUEST")
    );
    assert_eq!((rows(&api).await, stored(&api).len()), (0, 0));

    // Longer than the limit in all, but never in one go.
    let (pieces, body) = in_pieces();
    let (slow, ()) = tokio::join!(upload(&api, &service, &job, body), async {
        for _ in 0..6 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            pieces.send(b"x".to_vec()).await.unwrap();
        }
        drop(pieces);
    });
    assert_eq!(slow.success()["size_bytes"], 6);
}
