//! What workers upload, and what is refused: nothing of it is left.

use divine_whispers::domain::mime_type::MimeType;
use divine_whispers::domain::users::Role;
use serde_json::{Value, json};

use super::super::{JOBS, claim_one, order, run_out, say};
use super::{deliver, download, in_pieces, rows, stored, upload, upload_request, with_files};
use crate::audit::entries;
use crate::ledger::assert_in_order;

#[tokio::test]
async fn a_file_is_uploaded_under_a_lease_and_kept_when_the_job_is_completed_with_it() {
    let (api, user, service) = with_files(|_| {}).await;
    let id = order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let request = upload_request(&api, &service, &job).body("the stars");
    let reply = api.send(request).await.success();
    assert_eq!(
        (&reply["job_id"], &reply["size_bytes"], &reply["mime_type"]),
        (&json!(id), &json!(9), &json!("text/plain"))
    );
    let early = download(&api, &user, id, &[]).await;
    assert_eq!(early.status().as_u16(), 409, "it is no result yet");
    let output = json!({"file_id": reply["file_id"], "output": {"pages": 1}});
    let first = say(&api, &service, &job, "complete", output.clone())
        .await
        .success();
    let again = say(&api, &service, &job, "complete", output)
        .await
        .success();
    assert_eq!(first, again, "who lost the answer is answered the same");

    let result = api
        .get(&user, &format!("{JOBS}/{id}/result"))
        .await
        .success();
    let file =
        json!({"mime_type": "text/plain", "size_bytes": 9, "path": format!("{JOBS}/{id}/file")});
    assert_eq!(result["file"], file);
    assert_eq!(result["output"], json!({"pages": 1}));
    let bytes = download(&api, &user, id, &[]).await.bytes().await.unwrap();
    assert_eq!(&bytes[..], b"the stars");
    let entries = entries(&api.database, "job.complete").await;
    assert_eq!(entries[0]["details"]["file_size_bytes"], 9);
    assert_eq!((rows(&api).await, stored(&api).len()), (1, 1));
    assert_in_order(&api.database).await;
}

#[tokio::test]
async fn a_file_may_be_empty_and_a_result_may_have_none() {
    let (api, user, service) = with_files(|_| {}).await;
    let id = deliver(&api, &user, &service, "").await;
    let empty = download(&api, &user, id, &[]).await;
    assert_eq!(empty.headers()["content-length"], "0");
    assert!(empty.bytes().await.unwrap().is_empty());

    let id = order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    say(&api, &service, &job, "complete", json!({"output": 1}))
        .await
        .success();
    let result = api
        .get(&user, &format!("{JOBS}/{id}/result"))
        .await
        .success();
    assert_eq!(result["file"], Value::Null);
    let without = api.get(&user, &format!("{JOBS}/{id}/file")).await;
    assert_eq!(
        (without.status.as_u16(), without.problem()),
        (404, "NOT_FOUND")
    );
}

#[tokio::test]
async fn a_later_upload_replaces_an_earlier_one() {
    let (api, user, service) = with_files(|_| {}).await;
    let id = order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let first = upload(&api, &service, &job, "first").await.success();
    let second = upload(&api, &service, &job, "second").await.success();
    let before = api.database.fingerprint().await;
    let unknown = json!("01a214de-b6cf-73f6-8720-9c8fe171e031");
    for file_id in [&first["file_id"], &unknown, &json!("no id")] {
        let reply = say(
            &api,
            &service,
            &job,
            "complete",
            json!({"file_id": file_id}),
        )
        .await;
        assert_eq!(reply.problem(), "VALIDATION_FAILED", "{file_id}");
        assert_eq!(reply.body["errors"][0]["field"], "file_id");
    }
    assert_eq!(api.database.fingerprint().await, before);
    say(
        &api,
        &service,
        &job,
        "complete",
        json!({"file_id": second["file_id"]}),
    )
    .await
    .success();
    let bytes = download(&api, &user, id, &[]).await.bytes().await.unwrap();
    assert_eq!(&bytes[..], b"second");
}

#[tokio::test]
async fn a_file_of_another_job_or_claim_is_no_result() {
    let (api, user, service) = with_files(|_| {}).await;
    order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    order(&api, &user).await;
    let other = claim_one(&api, &service).await;
    let file = upload(&api, &service, &job, "mine").await.success();
    let stolen = say(
        &api,
        &service,
        &other,
        "complete",
        json!({"file_id": file["file_id"]}),
    )
    .await;
    assert_eq!(stolen.problem(), "VALIDATION_FAILED");
    run_out(&api, &job["job_id"]).await;
    let late = say(
        &api,
        &service,
        &job,
        "complete",
        json!({"file_id": file["file_id"]}),
    )
    .await;
    assert_eq!(late.problem(), "LEASE_LOST");
}

#[tokio::test]
async fn what_is_too_large_or_of_another_type_is_refused_and_nothing_is_left() {
    let (api, user, service) = with_files(|rules| {
        rules.max_bytes = 1000;
        rules.types = vec![MimeType::parse("text/plain").unwrap()];
    })
    .await;
    let id = order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let before = api.database.fingerprint().await;
    let declared = upload(&api, &service, &job, vec![b'x'; 1001]).await;
    assert_eq!(
        (
            declared.status.as_u16(),
            declared.problem(),
            &declared.body["max_bytes"]
        ),
        (413, "FILE_TOO_LARGE", &json!(1000))
    );
    // Of unknown length: it is found out while it comes in.
    let (pieces, body) = in_pieces();
    let sending = tokio::spawn(async move {
        for _ in 0..11 {
            if pieces.send(vec![b'x'; 100]).await.is_err() {
                return;
            }
        }
    });
    let found_out = upload(&api, &service, &job, body).await;
    assert_eq!(
        (found_out.status.as_u16(), found_out.problem()),
        (413, "FILE_TOO_LARGE")
    );
    sending.await.unwrap();
    for content_type in [
        "text/csv",
        "text/plain; charset=utf-16",
        "text/plain; boundary=x",
        "text",
        "text/plain, text/csv",
        "../../etc/passwd",
        "",
    ] {
        let path = format!("/api/v1/worker/jobs/{id}/file");
        let request = api
            .request(reqwest::Method::PUT, &path)
            .bearer_auth(&service.token)
            .header("Lease-Token", job["lease_token"].as_str().unwrap())
            .header("Content-Type", content_type)
            .body("x");
        let reply = api.send(request).await;
        assert_eq!(
            (reply.status.as_u16(), reply.problem()),
            (415, "FILE_TYPE_NOT_ALLOWED"),
            "{content_type}"
        );
        assert_eq!(reply.body["allowed_types"], json!(["text/plain"]));
    }
    assert_eq!(api.database.fingerprint().await, before);
    assert!(stored(&api).is_empty());
    let fits = upload(&api, &service, &job, vec![b'x'; 1000]).await;
    assert_eq!(fits.success()["size_bytes"], 1000);
}

#[tokio::test]
async fn only_services_upload_and_only_under_a_lease_that_holds() {
    let (api, user, service) = with_files(|_| {}).await;
    order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let admin = api.with_role(Role::Admin).await;
    let before = api.database.fingerprint().await;
    for somebody in [&user, &admin] {
        let reply = upload(&api, somebody, &job, "x").await;
        assert_eq!(reply.problem(), "FORBIDDEN");
    }
    let path = format!("/api/v1/worker/jobs/{}/file", job["job_id"]);
    let bare = api
        .send(api.request(reqwest::Method::PUT, &path).body("x"))
        .await;
    assert_eq!(bare.problem(), "UNAUTHENTICATED");
    for token in [None, Some("no token")] {
        let mut request = api
            .request(reqwest::Method::PUT, &path)
            .bearer_auth(&service.token)
            .header("Content-Type", "text/plain");
        if let Some(token) = token {
            request = request.header("Lease-Token", token);
        }
        let reply = api.send(request.body("x")).await;
        assert_eq!(reply.problem(), "VALIDATION_FAILED");
        assert_eq!(reply.body["errors"][0]["field"], "Lease-Token");
    }
    for (header, value) in [
        ("Content-Range", "bytes 1-1/2"),
        ("Content-Encoding", "gzip"),
    ] {
        let part = upload_request(&api, &service, &job).header(header, value);
        assert_eq!(api.send(part.body("x")).await.problem(), "BAD_REQUEST");
    }
    let mut stranger = job.clone();
    stranger["lease_token"] = json!("00000000-0000-4000-8000-000000000000");
    assert_eq!(
        upload(&api, &service, &stranger, "x").await.problem(),
        "LEASE_LOST"
    );
    assert_eq!(api.database.fingerprint().await, before);
    run_out(&api, &job["job_id"]).await;
    let expired = api.database.fingerprint().await;
    let late = upload(&api, &service, &job, "x").await;
    assert_eq!((late.status.as_u16(), late.problem()), (409, "LEASE_LOST"));
    assert_eq!(api.database.fingerprint().await, expired);
    assert!(stored(&api).is_empty());
}

#[tokio::test]
async fn a_result_that_is_too_large_for_json_is_told_of_the_route_for_files() {
    let (api, user, service) = with_files(|_| {}).await;
    order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let body = json!({"output_text": "x".repeat(65 * 1024)});
    let reply = say(&api, &service, &job, "complete", body).await;
    assert_eq!(
        (reply.status.as_u16(), reply.problem()),
        (413, "PAYLOAD_TOO_LARGE")
    );
    let detail = reply.body["detail"].as_str().unwrap();
    assert!(
        detail.contains("PUT /api/v1/worker/jobs/{job_id}/file"),
        "{detail}"
    );
}
