//! A schema of 1,000 tables (10 columns, 3 indexes, 2 foreign keys each), read and compared with another reading of it,
//! beside Alembic on the same database.
//!
//! Ours is timed from the first query to the difference. Of Alembic, `compare_metadata` is, in a fresh process for each run,
//! which has connected before: what it reads of the database, and compares with a `MetaData` that was reflected from the
//! same tables before two of them were changed; that reading is not timed. Alembic is taken from the variable ALEMBIC, else
//! from the PATH; its Python is the one beside it.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)] // Results are for reading.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use revisions::DatabaseUrl;
use revisions::catalog::Catalog;
use scratch_postgres::Builder;

/// How many tables, and how often.
const MEASURE: (usize, usize) = (1_000, 7);

/// Without `--bench`, as `cargo test --benches` calls it, it only has to show that it works.
const TRY: (usize, usize) = (10, 1);

fn main() {
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let (tables, runs) = if is_measured { MEASURE } else { TRY };
    let server = Builder::new().start().expect("a PostgreSQL");
    println!("{tables} tables, {server}");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = DatabaseUrl::parse(&server.url()).unwrap();
        let client = url.connect("benchmark").await.unwrap();
        client.batch_execute(&schema(tables)).await.unwrap();
        client.batch_execute("analyze").await.unwrap();
        let before = Catalog::read(&client).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let model = dir.path().join("model.pickle");
        let python = python();
        let alembic = |words: &str| {
            let url = url.expose().to_owned();
            python.as_ref().map(|python| {
                let mut command = Command::new(python);
                command.args(["-c", COMPARE, words]).arg(&model).arg(url);
                let output = command.stderr(Stdio::inherit()).output().unwrap();
                assert!(output.status.success(), "Alembic failed");
                String::from_utf8(output.stdout).unwrap()
            })
        };
        alembic("reflect");
        client
            .batch_execute("alter table t1 add column more text; drop index t2_a")
            .await
            .unwrap();
        let mut times = Vec::new();
        for _ in 0..runs {
            let started = Instant::now();
            let after = Catalog::read(&client).await.unwrap();
            let read = started.elapsed();
            let difference = before.difference(&after);
            times.push((started.elapsed(), read));
            assert_eq!(difference.changes.len(), 2, "{difference}");
        }
        times.sort_unstable();
        let (both, read) = times[times.len() / 2];
        println!(
            "  {} objects read in {:.0} ms, read and compared in {:.0} ms; the goal is 1,000",
            before.len(),
            read.as_secs_f64() * 1_000.0,
            both.as_secs_f64() * 1_000.0
        );
        let mut times = Vec::new();
        for _ in 0..runs {
            let Some(said) = alembic("compare") else {
                println!("  without Alembic: there is none on the PATH, nor in ALEMBIC");
                return;
            };
            let (seconds, changes) = said.trim().split_once(' ').unwrap();
            assert_eq!(changes, "2", "a column and an index");
            times.push(Duration::from_secs_f64(seconds.parse().unwrap()));
        }
        times.sort_unstable();
        let median = times[times.len() / 2].as_secs_f64() * 1_000.0;
        println!("  Alembic: read and compared in {median:.0} ms");
    });
}

/// The Python of Alembic, if there is one.
fn python() -> Option<PathBuf> {
    let program = PathBuf::from(std::env::var_os("ALEMBIC").unwrap_or_else(|| "alembic".into()));
    let is_there = Command::new(&program).arg("--version").output();
    is_there.ok().filter(|output| output.status.success())?;
    let beside = program.with_file_name("python");
    let is_beside = program.components().count() > 1 && beside.exists();
    Some(if is_beside { beside } else { "python3".into() })
}

/// Stores the model, or compares the database with it and prints the seconds, and how many changes there are.
const COMPARE: &str = "
import pickle, sys, time
import psycopg2
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine

what, model, url = sys.argv[1:]
engine = create_engine('postgresql+psycopg2://', creator=lambda: psycopg2.connect(url))
with engine.connect() as connection:
    if what == 'reflect':
        metadata = MetaData()
        metadata.reflect(connection)
        pickle.dump(metadata, open(model, 'wb'))
    else:
        metadata = pickle.load(open(model, 'rb'))
        context = MigrationContext.configure(connection)
        started = time.perf_counter()
        changes = compare_metadata(context, metadata)
        print(time.perf_counter() - started, len(changes))
";

fn schema(tables: usize) -> String {
    let mut sql = String::new();
    for number in 1..=tables {
        let other = number.saturating_sub(1).max(1);
        writeln!(
            sql,
            "create table t{number} (id bigint primary key, a int not null, b int default 1, c text, d text, \
             e timestamptz not null default now(), f numeric(10, 2), g boolean, h bigint references t{number}, \
             i bigint references t{other}); \
             create index t{number}_a on t{number} (a); create index t{number}_b on t{number} (b) where g; \
             create index t{number}_c on t{number} (lower(c));"
        )
        .unwrap();
    }
    sql
}
