//! A schema of 1,000 tables (10 columns, 3 indexes, 2 foreign keys each), read and compared with another reading of it.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)] // Results are for reading.

use std::fmt::Write as _;
use std::time::Instant;

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
    });
}

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
