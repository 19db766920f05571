//! As much of S3 as files of results need: multipart uploads, reading a range, removing, writing what is not there yet. It
//! holds objects in memory, and checks of a request only that it is signed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use divine_whispers::config::StorageLocation;
use divine_whispers::storage::Storage;

use divine_whispers::domain::ids::JobId;
use divine_whispers::domain::jobs::files::{FileRules, Files, settle};
use divine_whispers::domain::jobs::lease::Lease;
use divine_whispers::domain::mime_type::MimeType;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::assert_keeps_files;
use crate::jobs::{claim_one, order, with_jobs};
use crate::support::eventually;

#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, Vec<u8>>,
    parts: BTreeMap<(String, u32), Vec<u8>>,
    requests: Vec<String>,
    /// What putting parts together waits for.
    held: Option<Arc<Semaphore>>,
}

type Shared = Arc<Mutex<Bucket>>;

async fn answer(
    State(bucket): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let held = bucket.lock().unwrap().held.clone();
    let query = uri.query().unwrap_or_default();
    if let Some(held) = held
        && method == Method::POST
        && query.contains("uploadId")
    {
        let name = format!("{method} held");
        bucket.lock().unwrap().requests.push(name);
        // In a task of its own: S3 goes on when its client has hung up.
        let (bucket, uri, body) = (Arc::clone(&bucket), uri.clone(), body.clone());
        let late = tokio::spawn(async move {
            held.acquire().await.unwrap().forget();
            let mut bucket = bucket.lock().unwrap();
            let answer = respond(&mut bucket, method, &uri, &headers, &body);
            bucket.requests.push("POST done".to_owned());
            answer
        });
        return late.await.unwrap();
    }
    respond(&mut bucket.lock().unwrap(), method, &uri, &headers, &body)
}

fn respond(
    bucket: &mut Bucket,
    method: Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let key = uri.path().strip_prefix("/readings").unwrap();
    let key = key.trim_start_matches('/').to_owned();
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let query: BTreeMap<String, String> = query.into_owned().collect();
    let signed = headers
        .get("authorization")
        .map(|value| value.to_str().unwrap());
    assert!(signed.is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 Credential=key/")));
    bucket.requests.push(format!("{method} {query:?}"));
    let upload = query.get("uploadId").cloned();
    let part = query
        .get("partNumber")
        .map(|number| number.parse().unwrap());
    match (method, upload, part) {
        (Method::POST, None, None) if query.contains_key("uploads") => {
            let id = format!("upload-{}", bucket.requests.len());
            format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>")
                .into_response()
        }
        (Method::PUT, Some(upload), Some(part)) => {
            bucket.parts.insert((upload, part), body.to_vec());
            [("ETag", "\"part\"")].into_response()
        }
        (Method::POST, Some(upload), None) => {
            let parts = bucket.parts.iter().filter(|((id, _), _)| *id == upload);
            let parts: Vec<&Vec<u8>> = parts.map(|(_, bytes)| bytes).collect();
            let (_, all_but_last) = parts.split_last().unwrap();
            assert!(
                all_but_last
                    .iter()
                    .all(|part| part.len() >= 5 * 1024 * 1024)
            );
            let bytes = parts.into_iter().flatten().copied().collect();
            bucket.objects.insert(key, bytes);
            bucket.parts.retain(|(id, _), _| *id != upload);
            "<CompleteMultipartUploadResult><ETag>\"whole\"</ETag></CompleteMultipartUploadResult>"
                .into_response()
        }
        (Method::PUT, None, None) => {
            assert_eq!(headers["if-none-match"], "*", "nothing is written twice");
            if bucket.objects.contains_key(&key) {
                return StatusCode::PRECONDITION_FAILED.into_response();
            }
            bucket.objects.insert(key, body.to_vec());
            [("ETag", "\"whole\"")].into_response()
        }
        (Method::HEAD, None, None) => match bucket.objects.get(&key) {
            None => StatusCode::NOT_FOUND.into_response(),
            Some(bytes) => read(bytes, headers),
        },
        (Method::DELETE, Some(upload), None) => {
            bucket.parts.retain(|(id, _), _| *id != upload);
            StatusCode::NO_CONTENT.into_response()
        }
        (Method::GET, None, None) => match bucket.objects.get(&key) {
            None => StatusCode::NOT_FOUND.into_response(),
            Some(bytes) => read(bytes, headers),
        },
        // S3 deletes several at once, by a list, or one.
        (Method::POST, None, None) => {
            let list = String::from_utf8(body.to_vec()).unwrap();
            let names = list.split("<Key>").skip(1);
            let deleted = names.map(|rest| rest.split('<').next().unwrap());
            let deleted = deleted.map(|name| {
                bucket.objects.remove(name);
                format!("<Deleted><Key>{name}</Key></Deleted>")
            });
            let deleted: String = deleted.collect();
            format!("<DeleteResult>{deleted}</DeleteResult>").into_response()
        }
        (Method::DELETE, None, None) => {
            bucket.objects.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => StatusCode::NOT_IMPLEMENTED.into_response(),
    }
}

fn read(bytes: &[u8], headers: &HeaderMap) -> Response {
    let told = [
        ("ETag", "\"whole\"".to_owned()),
        ("Last-Modified", "Thu, 26 Nov 2026 00:00:00 GMT".to_owned()),
    ];
    let Some(range) = headers.get("range") else {
        return (told, bytes.to_vec()).into_response();
    };
    let range = range.to_str().unwrap().strip_prefix("bytes=").unwrap();
    let (first, last) = range.split_once('-').unwrap();
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    let last = last.min(bytes.len() - 1);
    let range = format!("bytes {first}-{last}/{}", bytes.len());
    let part = bytes[first..=last].to_vec();
    (
        StatusCode::PARTIAL_CONTENT,
        told,
        [("Content-Range", range)],
        part,
    )
        .into_response()
}

/// An empty bucket, and how to open it.
async fn serve() -> (Shared, StorageLocation) {
    let bucket = Shared::default();
    let router = Router::new()
        .fallback(answer)
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(Arc::clone(&bucket));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let idle = std::time::Duration::from_secs(60);
        let end = tokio_util::sync::CancellationToken::new();
        divine_whispers::server::connections::serve(listener, router, idle, &end).await;
    });
    let options = || {
        [
            ("aws_access_key_id", "key"),
            ("aws_secret_access_key", "secret"),
            ("aws_region", "eu-central-1"),
            ("aws_endpoint", &endpoint),
            ("aws_allow_http", "true"),
            ("aws_something_new", "ignored"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    };
    let location = StorageLocation::parse("s3://readings/of/2026", options).unwrap();
    (bucket, location)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_files_below_its_prefix() {
    let (bucket, location) = serve().await;
    let storage = Storage::open(&location).unwrap();
    assert_keeps_files(&storage).await;
    let bucket = bucket.lock().unwrap();
    let left: Vec<&String> = bucket.objects.keys().collect();
    assert_eq!(left, ["of/2026/ab/empty"]);
    assert!(bucket.parts.is_empty(), "what was given up was taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_says_which_one_it_is_to_all_who_come_at_once() {
    let (bucket, location) = serve().await;
    let asked = (0..8).map(|_| Storage::open(&location).unwrap());
    let asked = asked.collect::<Vec<_>>();
    let ids = futures_util::future::join_all(asked.iter().map(Storage::id)).await;
    let first = *ids[0].as_ref().unwrap();
    assert!(ids.into_iter().all(|id| id.unwrap() == first));
    assert!(asked[0].has("storage-id").await.unwrap());
    assert!(!asked[0].has("ab/missing").await.unwrap());
    let bucket = bucket.lock().unwrap();
    let text = String::from_utf8(bucket.objects["of/2026/storage-id"].clone()).unwrap();
    assert_eq!(text.trim(), first.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_dropped_while_its_parts_are_put_together_leaves_no_object_without_a_row()
{
    let (api, user, service) = with_jobs(|_| {}).await;
    let (bucket, location) = serve().await;
    let files = Files::new(
        api.app.db.clone(),
        Storage::open(&location).unwrap(),
        FileRules::clone(&api.app.files.rules),
    );
    settle(&files).await.unwrap();
    order(&api, &user).await;
    let job = claim_one(&api, &service).await;
    let lease = Lease {
        job_id: JobId(job["job_id"].as_i64().unwrap()),
        token: Uuid::try_parse(job["lease_token"].as_str().unwrap()).unwrap(),
    };
    let held = Arc::new(Semaphore::new(0));
    bucket.lock().unwrap().held = Some(Arc::clone(&held));
    let mut upload = files.begin(lease, &MimeType::csv()).await.unwrap();
    upload.write(b"a,b\n").await.unwrap();
    let finishing = tokio::spawn(upload.finish());
    eventually("its parts are put together", async || {
        let requests = &bucket.lock().unwrap().requests;
        requests.iter().any(|request| request == "POST held")
    })
    .await;
    finishing.abort();
    assert!(finishing.await.unwrap_err().is_cancelled());
    let rows = "select count(*) from job_files";
    let objects = || {
        let bucket = bucket.lock().unwrap();
        bucket
            .objects
            .keys()
            .filter(|name| *name != "of/2026/storage-id")
            .count()
    };
    // Whether the object appears is still open: the row stays.
    assert_eq!((api.database.number(rows).await, objects()), (1, 0));
    held.add_permits(1);
    eventually("the object was there, and the row is gone", async || {
        let done = "POST done".to_owned();
        bucket.lock().unwrap().requests.contains(&done) && api.database.number(rows).await == 0
    })
    .await;
    assert_eq!(objects(), 0);
}
