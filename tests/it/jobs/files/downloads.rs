//! What owners get of a file: all of it, a part, or the word that they have it already.

use std::time::Duration;

use divine_whispers::domain::ids::{JobId, UserId};
use divine_whispers::domain::jobs::files::{self, DownloadError, NoFile};
use divine_whispers::domain::jobs::rescue;
use divine_whispers::domain::seats::Limits;
use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::super::order;
use super::{deliver, download, stored, with_files};
use crate::support::eventually;

#[tokio::test]
async fn a_file_is_told_by_its_type_length_name_and_tag() {
    let (api, user, service) = with_files(|_| {}).await;
    let id = deliver(&api, &user, &service, "0123456789").await;
    let whole = download(&api, &user, id, &[]).await;
    assert_eq!(whole.status().as_u16(), 200);
    let headers = whole.headers().clone();
    let tag = headers["etag"].to_str().unwrap();
    for (name, value) in [
        ("content-type", "text/plain"),
        ("content-length", "10"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-cache"),
        (
            "content-disposition",
            &format!("attachment; filename=\"daily_horoscope-{id}.txt\""),
        ),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    assert!(
        tag.starts_with('"') && tag.ends_with('"'),
        "{tag} is strong"
    );
    assert_eq!(&whole.bytes().await.unwrap()[..], b"0123456789");

    let path = format!("/api/v1/jobs/{id}/file");
    let head = api.request(Method::HEAD, &path).bearer_auth(&user.token);
    let head = api.open(head.header("Range", "bytes=0-1")).await;
    assert_eq!(head.status().as_u16(), 200, "a range is of GET alone");
    assert_eq!(head.headers()["content-length"], "10");
    assert_eq!(head.headers()["etag"], tag);
    assert!(head.bytes().await.unwrap().is_empty());

    let weak = format!("\"x\", W/{tag}");
    for known in [tag, &weak, "*"] {
        let known_headers = [("If-None-Match", known), ("Range", "bytes=0-1")];
        let reply = download(&api, &user, id, &known_headers).await;
        assert_eq!(reply.status().as_u16(), 304, "{known}");
        assert_eq!(reply.headers()["etag"], tag);
        assert!(reply.bytes().await.unwrap().is_empty());
    }
    let changed = download(&api, &user, id, &[("If-None-Match", "\"another\"")]).await;
    assert_eq!(changed.status().as_u16(), 200);
}

#[tokio::test]
async fn the_table_of_ranges_over_http() {
    let (api, user, service) = with_files(|_| {}).await;
    let id = deliver(&api, &user, &service, "0123456789").await;
    for (range, part, told) in [
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=7-99", "789", "bytes 7-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=-99", "0123456789", "bytes 0-9/10"),
    ] {
        let reply = download(&api, &user, id, &[("Range", range)]).await;
        assert_eq!(reply.status().as_u16(), 206, "{range}");
        assert_eq!(reply.headers()["content-range"], told, "{range}");
        assert_eq!(
            reply.headers()["content-length"],
            part.len().to_string().as_str()
        );
        assert_eq!(reply.text().await.unwrap(), part, "{range}");
    }
    for range in [
        "bytes=0-1,4-5",
        "bytes=5-2",
        "bytes=x-y",
        "items=0-1",
        "bytes",
    ] {
        let reply = download(&api, &user, id, &[("Range", range)]).await;
        assert_eq!(reply.status().as_u16(), 200, "{range}");
        assert!(!reply.headers().contains_key("content-range"), "{range}");
        assert_eq!(reply.text().await.unwrap(), "0123456789", "{range}");
    }
    let empty = deliver(&api, &user, &service, "").await;
    for (id, size, range) in [
        (id, 10, "bytes=10-"),
        (id, 10, "bytes=-0"),
        (id, 10, "bytes=99-100"),
        (empty, 0, "bytes=0-"),
        (empty, 0, "bytes=-1"),
    ] {
        let reply = download(&api, &user, id, &[("Range", range)]).await;
        assert_eq!(reply.status().as_u16(), 416, "{range}");
        let told = format!("bytes */{size}");
        assert_eq!(reply.headers()["content-range"], told.as_str());
        let problem: Value = reply.json().await.unwrap();
        assert_eq!(
            (problem["code"].as_str(), problem["size_bytes"].as_i64()),
            (Some("RANGE_NOT_SATISFIABLE"), Some(size))
        );
    }
}

#[tokio::test]
async fn a_part_is_sent_only_of_the_file_that_the_client_has_begun_with() {
    let (api, user, service) = with_files(|_| {}).await;
    let id = deliver(&api, &user, &service, "0123456789").await;
    let whole = download(&api, &user, id, &[]).await;
    let tag = whole.headers()["etag"].to_str().unwrap().to_owned();
    let weak = format!("W/{tag}");
    for (known, status) in [
        (tag.as_str(), 206),
        (&weak, 200),
        ("\"another\"", 200),
        ("Thu, 26 Nov 2026 00:00:00 GMT", 200),
    ] {
        let headers = [("Range", "bytes=5-"), ("If-Range", known)];
        let reply = download(&api, &user, id, &headers).await;
        assert_eq!(reply.status().as_u16(), status, "{known}");
    }
}

#[tokio::test]
async fn a_file_of_another_looks_as_if_it_were_not_there() {
    let (api, user, service) = with_files(|_| {}).await;
    let id = deliver(&api, &user, &service, "secret").await;
    let stranger = api.register().await;
    for somebody in [&stranger, &service] {
        let theirs = api.get(somebody, &format!("/api/v1/jobs/{id}/file")).await;
        let nothing = api.get(somebody, "/api/v1/jobs/999999/file").await;
        assert_eq!(
            (theirs.status.as_u16(), theirs.problem()),
            (404, "NOT_FOUND")
        );
        assert_eq!(theirs.body["detail"], nothing.body["detail"]);
    }
    let waiting = order(&api, &user).await;
    let early = api
        .get(&user, &format!("/api/v1/jobs/{waiting}/file"))
        .await;
    assert_eq!(
        (early.status.as_u16(), early.problem()),
        (409, "JOB_NOT_COMPLETED")
    );
}

#[tokio::test]
async fn a_result_that_is_removed_between_its_row_and_its_file_is_one_that_has_expired() {
    let (api, user, service) = with_files(|_| {}).await;
    let id = deliver(&api, &user, &service, "0123456789").await;
    let files = &api.app.files;
    let (owner, job) = (UserId(user.id), JobId(id));
    let file = files::of_job(&files.db, owner, job).await.unwrap();
    let kept = files.contents(owner, job, &file, 0..10).await;
    drop(kept.unwrap());
    // Here a request would have read the row.
    api.database
        .execute("update job_results set expires_at = now()")
        .await;
    let policy = &api.app.jobs.policy;
    rescue::round(&files.db, policy).await.unwrap();
    files::remove_due(files, files::SILENCE).await.unwrap();
    let gone = files.contents(owner, job, &file, 0..10).await.err();
    assert!(
        matches!(gone, Some(DownloadError::NoFile(NoFile::Expired))),
        "{gone:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_a_limit_to_the_downloads_of_a_user_and_of_a_server() {
    let (api, user, service) = with_files(|rules| {
        rules.downloads = Limits {
            per_process: 2,
            per_user: 1,
        };
    })
    .await;
    // More than the buffers of a connection hold.
    let large = || vec![b'x'; 32 * 1024 * 1024];
    let id = deliver(&api, &user, &service, large()).await;
    let other = api.register().await;
    let others = deliver(&api, &other, &service, large()).await;
    let third = api.register().await;
    let thirds = deliver(&api, &third, &service, "small").await;
    let first = download(&api, &user, id, &[]).await;
    assert_eq!(first.status().as_u16(), 200);
    let path = format!("/api/v1/jobs/{id}/file");
    let refused = api.get(&user, &path).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (429, "TOO_MANY_DOWNLOADS")
    );
    assert!(refused.headers.contains_key("retry-after"));
    // What sends nothing of a file takes no place.
    let known = [("if-none-match", "*")];
    assert_eq!(
        download(&api, &user, id, &known).await.status().as_u16(),
        304
    );
    let second = download(&api, &other, others, &[]).await;
    assert_eq!(second.status().as_u16(), 200);
    let path = format!("/api/v1/jobs/{thirds}/file");
    let refused = api.get(&third, &path).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (503, "SERVICE_UNAVAILABLE")
    );
    let metrics = api.open(api.request(Method::GET, "/metrics")).await;
    let metrics = metrics.text().await.unwrap();
    let line = "\ndivine_whispers_http_file_downloads 2\n";
    assert!(metrics.contains(line), "{metrics}");
    drop(first);
    assert_eq!(second.bytes().await.unwrap().len(), large().len());
    eventually("the places of who left are free", async || {
        api.app.files.downloads.taken() == 0
    })
    .await;
    assert_eq!(
        download(&api, &third, thirds, &[]).await.status().as_u16(),
        200
    );
}

#[tokio::test]
async fn a_file_that_the_storage_has_lost_or_cut_is_a_defect_and_not_a_download() {
    let (api, user, service) = with_files(|_| {}).await;
    let id = deliver(&api, &user, &service, "0123456789").await;
    let path = format!("/api/v1/jobs/{id}/file");
    let file = stored(&api).remove(0);
    std::fs::write(&file, "01234").unwrap();
    let cut = api.get(&user, &path).await;
    assert_eq!(
        (cut.status.as_u16(), cut.problem()),
        (503, "SERVICE_UNAVAILABLE")
    );
    std::fs::remove_file(&file).unwrap();
    let lost = api.get(&user, &path).await;
    assert_eq!(
        (lost.status.as_u16(), lost.problem()),
        (500, "INTERNAL_ERROR")
    );
    assert!(
        !lost
            .body
            .to_string()
            .contains(api.storage.path().to_str().unwrap())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_is_hung_up_on_and_a_slow_one_is_not() {
    let (api, user, service) =
        with_files(|rules| rules.idle_timeout = Duration::from_secs(1)).await;
    // More than the buffers of both sockets hold.
    let size = 32 * 1024 * 1024;
    let id = deliver(&api, &user, &service, vec![b'x'; size]).await;
    let request = format!(
        "GET /api/v1/jobs/{id}/file HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        user.token
    );
    let connect = async || {
        let mut stream = TcpStream::connect(api.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    };
    let mut silent = connect().await;
    let mut slow = connect().await;
    let mut taken = 0;
    let mut buffer = vec![0; 1024 * 1024];
    eventually("the one that takes nothing is hung up on", async || {
        // The other one takes something meanwhile.
        taken += slow.read(&mut buffer).await.unwrap();
        // The server reads nothing while it writes: this fails when it has closed the connection.
        silent.write_all(b"x").await.is_err()
    })
    .await;
    while taken < size {
        let count = slow.read(&mut buffer).await.unwrap();
        assert!(count > 0, "{taken} of {size}");
        taken += count;
    }
}
