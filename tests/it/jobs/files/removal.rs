//! Files that nobody keeps go, whoever is killed in between, and no others.

use std::time::Duration;

use divine_whispers::domain::jobs::files::{Removal, SILENCE, remove_due};
use divine_whispers::domain::jobs::rescue;
use reqwest::Method;
use serde_json::json;

use super::super::{JOBS, claim_one, order, run_out, say};
use super::{deliver, download, in_pieces, rows, stored, upload, with_files};
use crate::ledger::assert_in_order;
use crate::needs_many_connections;
use crate::support::program::Program;
use crate::support::{Api, eventually};

async fn remove(api: &Api) -> Removal {
    remove_due(&api.app.files, SILENCE).await.unwrap()
}

/// As if all that was done lay long enough back.
async fn grow_old(api: &Api) {
    let sql = "update job_files set touched_at = touched_at - interval '61 seconds'";
    api.database.execute(sql).await;
}

#[tokio::test]
async fn the_file_of_a_result_goes_with_it_when_its_time_is_over_and_not_before() {
    let (api, user, service) = with_files(|_| {}).await;
    let over = deliver(&api, &user, &service, "over").await;
    let kept = deliver(&api, &user, &service, "kept").await;
    grow_old(&api).await;
    assert_eq!(remove(&api).await, Removal::default(), "nothing is due");
    let sql = format!("update job_results set expires_at = now() where job_id = {over}");
    api.database.execute(&sql).await;
    assert_eq!(
        download(&api, &user, over, &[]).await.status().as_u16(),
        410
    );
    let policy = &api.app.jobs.policy;
    let round = rescue::round(&api.app.db, policy).await.unwrap();
    assert_eq!(round.removed_results, 1);
    // Who is killed here leaves a row that says what is still to be done.
    assert_eq!((rows(&api).await, stored(&api).len()), (2, 2));
    assert_eq!(remove(&api).await.removed, 1);
    assert_eq!((rows(&api).await, stored(&api).len()), (1, 1));
    assert_eq!(
        download(&api, &user, over, &[]).await.status().as_u16(),
        410
    );
    let bytes = download(&api, &user, kept, &[])
        .await
        .bytes()
        .await
        .unwrap();
    assert_eq!(&bytes[..], b"kept");
    assert_in_order(&api.database).await;
}

#[tokio::test]
async fn who_was_killed_between_file_and_row_is_made_up_for() {
    let (api, user, service) = with_files(|_| {}).await;
    let id = deliver(&api, &user, &service, "over").await;
    let sql = format!("update job_results set expires_at = now() where job_id = {id}");
    api.database.execute(&sql).await;
    rescue::round(&api.app.db, &api.app.jobs.policy)
        .await
        .unwrap();
    // The file went, and then the process.
    std::fs::remove_file(&stored(&api)[0]).unwrap();
    assert_eq!(remove(&api).await.removed, 1, "a missing file is removed");
    assert_eq!(rows(&api).await, 0);
}

#[tokio::test]
async fn what_a_claim_has_uploaded_and_not_kept_goes_when_the_claim_has_ended() {
    let (api, user, service) = with_files(|_| {}).await;
    let id = order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    upload(&api, &service, &job, "never kept").await.success();
    grow_old(&api).await;
    assert_eq!(
        remove(&api).await,
        Removal::default(),
        "the claim still holds"
    );
    run_out(&api, &job["job_id"]).await;
    assert_eq!(remove(&api).await.orphaned, 1);
    assert_eq!((rows(&api).await, stored(&api).len()), (0, 0));

    // Completed without the file that was uploaded.
    super::super::make_due(&api).await;
    rescue::round(&api.app.db, &api.app.jobs.policy)
        .await
        .unwrap();
    super::super::make_due(&api).await;
    let job = claim_one(&api, &service).await;
    upload(&api, &service, &job, "left out").await.success();
    say(&api, &service, &job, "complete", json!({"output": 1}))
        .await
        .success();
    assert_eq!(remove(&api).await, Removal::default(), "it is too early");
    grow_old(&api).await;
    assert_eq!(remove(&api).await.removed, 1);
    assert!(stored(&api).is_empty());
    api.get(&user, &format!("{JOBS}/{id}/result"))
        .await
        .success();
    assert_in_order(&api.database).await;
}

#[tokio::test]
async fn a_file_that_cannot_be_removed_stays_known_and_does_not_hold_up_the_others() {
    let (api, user, service) = with_files(|_| {}).await;
    let mut files = Vec::new();
    for text in ["first", "second"] {
        deliver(&api, &user, &service, text).await;
        files = stored(&api);
    }
    api.database
        .execute("update job_results set expires_at = now()")
        .await;
    rescue::round(&api.app.db, &api.app.jobs.policy)
        .await
        .unwrap();
    // A directory cannot be removed as a file is.
    std::fs::remove_file(&files[0]).unwrap();
    std::fs::create_dir(&files[0]).unwrap();
    eventually("the other one goes", async || {
        remove(&api).await;
        !files[1].exists()
    })
    .await;
    assert_eq!(rows(&api).await, 1);
    std::fs::remove_dir(&files[0]).unwrap();
    assert_eq!(remove(&api).await.removed, 1);
    assert_eq!(rows(&api).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_during_an_upload_leaves_nothing_for_long() {
    let (api, user, service) = with_files(|_| {}).await;
    needs_many_connections!(api.database);
    order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let storage = format!("file://{}", api.storage.path().display());
    let program = Program::new()
        .set("DATABASE_URL", &api.database.connection_url())
        .set("RESULT_STORAGE_URL", &storage);
    let mut server = program.serve().await;
    let (pieces, body) = in_pieces();
    let request = crate::support::client()
        .request(
            Method::PUT,
            format!("{}/api/v1/worker/jobs/{}/file", server.url, job["job_id"]),
        )
        .bearer_auth(&service.token)
        .header("Lease-Token", job["lease_token"].as_str().unwrap())
        .header("Content-Type", "text/plain")
        .body(body);
    let uploading = tokio::spawn(request.send());
    pieces.send(vec![b'x'; 3 * 1024 * 1024]).await.unwrap();
    eventually("some of it is written", async || {
        stored(&api)
            .iter()
            .any(|file| file.metadata().is_ok_and(|data| data.len() > 0))
    })
    .await;
    server.child.kill().await.unwrap();
    uploading.await.unwrap().unwrap_err();
    assert_eq!((rows(&api).await, stored(&api).len()), (1, 1));
    assert_eq!(
        remove(&api).await,
        Removal::default(),
        "the claim still holds"
    );
    run_out(&api, &job["job_id"]).await;
    assert_eq!(
        remove(&api).await,
        Removal::default(),
        "it may be under way"
    );
    let removed = remove_due(&api.app.files, Duration::ZERO).await.unwrap();
    assert_eq!((removed.orphaned, removed.removed), (1, 1));
    assert_eq!((rows(&api).await, stored(&api).len()), (0, 0));
}
