//! One server for all tests, a database for each, and migrations made up on the spot.

use std::io::Write as _;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use revisions::{DatabaseUrl, Embedded, Options, ReadError, Revisions};
use scratch_postgres::{Builder, Engine, Error, Search, Server, Source, VARIABLE};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

mod postgres;
#[cfg(feature = "cli")]
mod program;

#[cfg(feature = "cli")]
pub use postgres::tool;
pub use postgres::{dump, psql};
#[cfg(feature = "cli")]
pub use program::{AT_A_GATE, MIGRATING, Project, close, err, open, out};

/// The server, or why there is none that the tests can use.
static SERVER: OnceLock<Result<Server, &'static str>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// Leaves a test where there is no PostgreSQL with many connections, and says so: the first line of each test that
/// uses the server. A test that lacks it fails there.
macro_rules! needs_many_connections {
    () => {
        if $crate::support::is_skipped() {
            return;
        }
    };
}
pub(crate) use needs_many_connections;

pub fn server() -> &'static Server {
    match SERVER.get_or_init(start) {
        Ok(server) => server,
        Err(reason) => panic!("needs_many_connections!() is missing in this test: {reason}"),
    }
}

/// Whether there is no server for this test, which is then said. Not by `eprintln!`, which the test harness keeps
/// for itself when a test passes.
pub fn is_skipped() -> bool {
    let Err(reason) = SERVER.get_or_init(start) else {
        return false;
    };
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let line = format!("skipped: {test} needs many connections at once, and {reason}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    true
}

/// There is a reason to skip when no PostgreSQL is found, or only the embedded one; all else is a failure.
fn start() -> Result<Server, &'static str> {
    let server = match Builder::new().start() {
        Ok(server) => server,
        Err(Error::NotFound { .. }) => {
            return Err(
                "no PostgreSQL 15 or newer was found; install it, or point SCRATCH_POSTGRES to one",
            );
        }
        Err(error) => panic!("a scratch PostgreSQL: {error}"),
    };
    if !matches!(server.engine(), Engine::Embedded { .. }) {
        assert!(server.max_connections() > 1, "{server} has one connection");
        return Ok(server);
    }
    let value = std::env::var(VARIABLE).unwrap_or_default();
    if matches!(value.parse(), Ok(Source::Embedded)) {
        return Err("SCRATCH_POSTGRES asks for the embedded PostgreSQL, which has one");
    }
    let passed_over = Search::default().newest();
    assert_eq!(
        passed_over, None,
        "nothing is skipped where there are binaries"
    );
    Err("the embedded PostgreSQL has one; install PostgreSQL, or point SCRATCH_POSTGRES to one")
}

/// A database of a test's own.
pub struct Database {
    pub url: DatabaseUrl,
}

impl Database {
    pub async fn new() -> Self {
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let admin = DatabaseUrl::parse(&server().url())
            .unwrap()
            .connect("test")
            .await
            .unwrap();
        admin
            .batch_execute(&format!("create database {name}"))
            .await
            .unwrap();
        Self {
            url: DatabaseUrl::parse(&server().database_url(&name)).unwrap(),
        }
    }

    pub async fn connect(&self, application_name: &str) -> Client {
        let (client, connection) = {
            let mut config = self.url.config().clone();
            config
                .application_name(application_name)
                .connect(NoTls)
                .await
                .unwrap()
        };
        tokio::spawn(connection);
        client
    }
}

/// The first column of the answer.
pub async fn column(client: &Client, query: &str) -> Vec<String> {
    let answers = client.simple_query(query).await.unwrap();
    let rows = answers.iter().filter_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("null").to_owned()),
        _ => None,
    });
    rows.collect()
}

/// The versions in the history, in order.
pub async fn applied(client: &Client) -> Vec<String> {
    column(
        client,
        "select version from refinery_schema_history order by version",
    )
    .await
}

/// How many advisory locks are held in the database of `client`.
pub async fn advisory_locks(client: &Client) -> String {
    column(
        client,
        "select count(*) from pg_locks where locktype = 'advisory' \
         and database = (select oid from pg_database where datname = current_database())",
    )
    .await
    .remove(0)
}

/// The tables of the schema `public`, without those of the migrator.
pub async fn tables(client: &Client) -> Vec<String> {
    column(
        client,
        "select tablename from pg_tables where schemaname = 'public' \
         and tablename not like 'refinery_schema_%' order by 1",
    )
    .await
}

/// Waits until `query` gives `wanted`.
pub async fn until(client: &Client, query: &str, wanted: &str) {
    for _ in 0..1_000 {
        if column(client, query).await.first().map(String::as_str) == Some(wanted) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came to be: {query} = {wanted}");
}

/// Migrations as a build embeds them: file name, script, down script (`""` for none).
pub fn embedded(
    files: &[(&'static str, &'static str, &'static str)],
) -> Result<Revisions, ReadError> {
    let files: Vec<Embedded> = files
        .iter()
        .map(|&(file_name, up, down)| Embedded {
            file_name,
            up,
            down: (!down.is_empty()).then_some(down),
            schema: None,
        })
        .collect();
    Revisions::embedded(&files)
}

/// Three tables, each in a revision of its own.
pub fn three() -> Revisions {
    embedded(&[
        (
            "U20250101000000__first.sql",
            "create table first (id int);",
            "drop table first;",
        ),
        (
            "U20250202000000__second.sql",
            "create table second (id int);",
            "drop table second;",
        ),
        (
            "U20250303000000__third.sql",
            "create table third (id int);",
            "drop table third;",
        ),
    ])
    .unwrap()
}

/// Options that do not make a test wait.
pub fn impatient() -> Options {
    Options {
        migration_lock_timeout: Duration::from_millis(300),
        lock_timeout: Duration::from_millis(50),
        retry_delay: Duration::from_millis(10),
        ..Options::default()
    }
}

/// Writes files into a directory.
pub fn write(dir: &Path, files: &[(&str, &str)]) {
    for (name, content) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}

/// What a directory with these files is refused with, the directory called `sql`.
pub fn refusal(files: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), files);
    let error = Revisions::read(dir.path()).expect_err("it has to be refused");
    error
        .to_string()
        .replace(dir.path().to_str().unwrap(), "sql")
}
