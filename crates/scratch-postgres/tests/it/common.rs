//! What several modules need: binaries to test with, a client, and waiting for conditions.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use scratch_postgres::{Builder, Search, Source};
use tokio_postgres::{Client, NoTls};

/// How long a condition may take before the test fails. Never reached when all is well.
const PATIENCE: Duration = Duration::from_secs(60);

/// The directory of local binaries; `None`, with a word on stderr, where there are none. That it is not `None` where
/// there are some is what `source::the_usual_places_are_searched` is for.
pub fn local_binaries() -> Option<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let named = || std::env::var("SCRATCH_POSTGRES").ok()?.parse().ok();
    let found = FOUND.get_or_init(|| match named() {
        Some(Source::Binaries(directory)) => Some(directory),
        _ => Search::default().newest(),
    });
    if found.is_none() {
        say_skipped("with local binaries: this machine has none of PostgreSQL 15 or newer");
    }
    found.clone()
}

/// Says what of this test is skipped, and why. Not by `eprintln!`, which the test harness keeps for itself when a test
/// passes.
pub fn say_skipped(what: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let line = format!("skipped: {test} {what}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// A builder for local binaries.
pub fn local() -> Option<Builder> {
    Some(Builder::new().source(Source::Binaries(local_binaries()?)))
}

/// Where the embedded engine of all tests unpacks: beside the test binaries, so once per build.
pub fn cache_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine")
}

/// A builder for the embedded engine.
#[cfg(feature = "embedded")]
pub fn embedded() -> Builder {
    Builder::new()
        .source(Source::Embedded)
        .cache_dir(cache_dir())
}

/// One client, and the task of its connection.
pub async fn connect(url: &str) -> Client {
    try_connect(url)
        .await
        .unwrap_or_else(|error| panic!("{url}: {error:?}"))
}

/// The same, when it may fail.
pub async fn try_connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// The first column of the first row.
pub async fn ask(client: &Client, query: &str) -> String {
    let rows = client.simple_query(query).await.unwrap();
    rows.iter()
        .find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .unwrap_or_default()
}

/// Runs something asynchronous from a test that is not.
pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Waits for a condition.
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "it never came true: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What a directory holds.
pub fn entries(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The processes that have something to do with a directory: by their command line or by where they work.
#[cfg(target_os = "linux")]
pub fn processes_in(directory: &Path) -> Vec<String> {
    let text = directory.to_str().unwrap();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.bytes().all(|byte| byte.is_ascii_digit()) || name == std::process::id().to_string()
        {
            continue;
        }
        let command_line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command_line = String::from_utf8_lossy(&command_line).into_owned();
        let works_in = std::fs::read_link(entry.path().join("cwd")).unwrap_or_default();
        if command_line.contains(text) || works_in.to_string_lossy().contains(text) {
            found.push(format!("{name}: {command_line:?}"));
        }
    }
    found
}

/// Elsewhere only the directory is looked at.
#[cfg(not(target_os = "linux"))]
pub fn processes_in(_: &Path) -> Vec<String> {
    Vec::new()
}

/// Waits until neither a process nor a directory is left.
pub fn nothing_is_left_in(parent: &Path) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (directories, processes) = (entries(parent), processes_in(parent));
        if directories.is_empty() && processes.is_empty() {
            return;
        }
        let left = format!("{directories:?} {processes:#?}");
        assert!(Instant::now() < deadline, "left: {left}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
