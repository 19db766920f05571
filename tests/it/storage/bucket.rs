//! As much of S3 as files of results need: multipart uploads, reading a range, removing. It holds objects in memory, and
//! checks of a request only that it is signed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use divine_whispers::config::StorageLocation;
use divine_whispers::storage::Storage;

use super::assert_keeps_files;

#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, Vec<u8>>,
    parts: BTreeMap<(String, u32), Vec<u8>>,
    requests: Vec<String>,
}

type Shared = Arc<Mutex<Bucket>>;

async fn answer(
    State(bucket): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut bucket = bucket.lock().unwrap();
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
        (Method::DELETE, Some(upload), None) => {
            bucket.parts.retain(|(id, _), _| *id != upload);
            StatusCode::NO_CONTENT.into_response()
        }
        (Method::GET, None, None) => match bucket.objects.get(&key) {
            None => StatusCode::NOT_FOUND.into_response(),
            Some(bytes) => read(bytes, &headers),
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

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_files_below_its_prefix() {
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
    let storage = Storage::open(&location).unwrap();
    assert_keeps_files(&storage).await;
    let bucket = bucket.lock().unwrap();
    let left: Vec<&String> = bucket.objects.keys().collect();
    assert_eq!(left, ["of/2026/ab/empty"]);
    assert!(bucket.parts.is_empty(), "what was given up was taken back");
}
