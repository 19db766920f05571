//! Where files of results are kept: the settings, a directory, and a bucket of an S3 that these tests play themselves.

use divine_whispers::config::StorageLocation;
use divine_whispers::storage::{Storage, StorageError};
use futures_util::TryStreamExt as _;
use tempfile::TempDir;

#[cfg(feature = "s3")]
mod bucket;

async fn write(storage: &Storage, path: &str, bytes: &[u8]) {
    let mut writer = storage.create(path).await.unwrap();
    for piece in bytes.chunks(100_000) {
        writer.write(piece).await.unwrap();
    }
    writer.finish().await.unwrap();
}

async fn read(
    storage: &Storage,
    path: &str,
    size: usize,
    range: std::ops::Range<u64>,
) -> Result<Vec<u8>, StorageError> {
    let contents = storage.read(path, size as u64, range).await?;
    contents
        .try_fold(Vec::new(), async |mut all, piece| {
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
}

/// What any storage has to do.
async fn assert_keeps_files(storage: &Storage) {
    let bytes: Vec<u8> = (0..11_000_000_u32)
        .map(|number| (number / 7) as u8)
        .collect();
    let size = bytes.len();
    write(storage, "ab/first", &bytes).await;
    write(storage, "ab/empty", b"").await;
    let whole = read(storage, "ab/first", size, 0..size as u64).await;
    assert!(whole.unwrap() == bytes);
    let part = read(storage, "ab/first", size, 5_000_000..5_000_010).await;
    assert_eq!(part.unwrap(), bytes[5_000_000..5_000_010]);
    assert!(read(storage, "ab/empty", 0, 0..0).await.unwrap().is_empty());
    let cut = read(storage, "ab/first", size + 1, 0..10).await;
    assert!(matches!(cut, Err(StorageError::Failed(_))), "{cut:?}");
    let missing = read(storage, "ab/missing", 1, 0..1).await;
    assert!(
        matches!(missing, Err(StorageError::Missing(_))),
        "{missing:?}"
    );

    let mut given_up = storage.create("ab/given-up").await.unwrap();
    given_up.write(&bytes).await.unwrap();
    given_up.abort().await;
    let given_up = read(storage, "ab/given-up", size, 0..1).await;
    assert!(
        matches!(given_up, Err(StorageError::Missing(_))),
        "{given_up:?}"
    );
    for path in ["ab/first", "ab/first", "ab/missing"] {
        storage.remove(path).await.unwrap();
    }
    let removed = read(storage, "ab/first", size, 0..1).await;
    assert!(
        matches!(removed, Err(StorageError::Missing(_))),
        "{removed:?}"
    );
}

#[tokio::test]
async fn a_directory_keeps_files_for_its_owner_alone() {
    let home = TempDir::new().unwrap();
    let directory = home.path().join("new/files");
    let storage = Storage::open(&StorageLocation::Directory(directory.clone())).unwrap();
    assert_keeps_files(&storage).await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = directory.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    let left: Vec<_> = std::fs::read_dir(directory.join("ab")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[tokio::test]
async fn uploads_beyond_the_limit_wait_for_a_place_and_get_it() {
    let home = TempDir::new().unwrap();
    let storage = Storage::open(&StorageLocation::Directory(home.path().to_owned())).unwrap();
    let mut writers = Vec::new();
    for number in 0..16 {
        writers.push(storage.create(&format!("ab/{number}")).await.unwrap());
    }
    let waiting = storage.create("ab/waiting");
    tokio::pin!(waiting);
    let early = tokio::select! {
        biased;
        _ = &mut waiting => true,
        () = tokio::task::yield_now() => false,
    };
    assert!(!early, "there are no more places");
    drop(writers);
    waiting.await.unwrap().finish().await.unwrap();
}

#[test]
fn a_storage_is_a_directory_or_a_bucket() {
    let parse =
        |text: &str| StorageLocation::parse(text, || vec![("aws_secret".into(), "hidden".into())]);
    let directory = parse("file:///var/lib/divine%20whispers").unwrap();
    assert_eq!(
        directory,
        StorageLocation::Directory("/var/lib/divine whispers".into())
    );
    let bucket = parse("s3://readings/some/prefix").unwrap();
    assert!(matches!(&bucket, StorageLocation::Bucket { .. }));
    assert!(!format!("{bucket:?} {bucket}").contains("hidden"));
    for text in [
        "",
        "/var/lib/files",
        "file://host/files",
        "s3:",
        "s3://key:secret@bucket/",
        "s3://bucket/?region=x",
        "https://bucket.s3.amazonaws.com/",
        "gs://bucket",
        "memory:///",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}
