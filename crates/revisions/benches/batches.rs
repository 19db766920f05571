//! A change of 1,000,000 rows in batches, beside the same change in one transaction, on the same server.
//!
//! What batches cost is the time of the whole; what they are for is the longest transaction: as long as that, others
//! wait for a row that was changed, and vacuum for all. The program is killed in the middle of the batches, and run
//! again: the time is that of both runs together.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)] // Results are for reading.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use revisions::DatabaseUrl;
use scratch_postgres::Builder;
use tokio_postgres::Client;

const BATCHED: &str = "-- Fill in the names.\n-- repeat: until-no-rows\n\n\
    update readings set name = 'reading ' || id\n \
     where id in (select id from readings where name is null order by id limit 10000);\n";
const WHOLE: &str =
    "-- Fill in the names.\n\nupdate readings set name = 'reading ' || id where name is null;\n";

fn main() {
    let rows = match std::env::args().any(|argument| argument == "--bench") {
        true => 1_000_000,
        // Without `--bench`, as `cargo test --benches` calls it, it only has to show that it works.
        false => 50_000,
    };
    let server = Builder::new().start().expect("a PostgreSQL");
    if server.max_connections() == 1 {
        println!("skipped: the embedded PostgreSQL serves one connection; install PostgreSQL");
        return;
    }
    println!("{rows} rows, {server}");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for (name, script, kill) in [
        ("in one transaction", WHOLE, false),
        ("in batches", BATCHED, true),
    ] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("sql")).unwrap();
        std::fs::write(dir.path().join("sql/U1__names.sql"), script).unwrap();
        let database = name.replace(' ', "_");
        let url = DatabaseUrl::parse(&server.database_url(&database)).unwrap();
        let measured = runtime.block_on(async {
            let client = prepare(&url, rows).await;
            measure(&client, dir.path(), &url, rows, kill).await
        });
        println!(
            "  {name:<20} {:>6.1} s, the longest transaction {:>7.3} s{}",
            measured.whole.as_secs_f64(),
            measured.longest.as_secs_f64(),
            if kill {
                ", killed in the middle and run again"
            } else {
                ""
            }
        );
    }
}

async fn prepare(url: &DatabaseUrl, rows: u32) -> Client {
    url.create_if_missing("benchmark").await.unwrap();
    let client = url.connect("benchmark").await.unwrap();
    let table = format!(
        "create table readings (id bigint primary key, name text); \
         insert into readings (id) select generate_series(1, {rows}); \
         create index on readings (id) where name is null"
    );
    client.batch_execute(&table).await.unwrap();
    client
        .batch_execute("vacuum analyze readings")
        .await
        .unwrap();
    client
}

struct Measured {
    whole: Duration,
    longest: Duration,
}

/// Runs the program, and watches its transactions in the server.
async fn measure(
    client: &Client,
    dir: &Path,
    url: &DatabaseUrl,
    rows: u32,
    kill: bool,
) -> Measured {
    let started = Instant::now();
    let mut longest = Duration::ZERO;
    let mut run = upgrade(dir, url);
    let mut is_second = !kill;
    for turn in 0_u64.. {
        longest = longest.max(age(client).await);
        // Counting a million rows is work for the server as well.
        let look = !is_second && turn % 50 == 0;
        if look && changed(client).await * 3 > i64::from(rows) {
            run.kill().unwrap();
            run.wait().unwrap();
            is_second = true;
            run = upgrade(dir, url);
        }
        if let Some(status) = run.try_wait().unwrap() {
            assert!(status.success() && is_second, "{status}");
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let whole = started.elapsed();
    assert_eq!(
        changed(client).await,
        i64::from(rows),
        "every row was changed"
    );
    Measured { whole, longest }
}

fn upgrade(dir: &Path, url: &DatabaseUrl) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_revisions"))
        .current_dir(dir)
        .args(["upgrade", "head", "--url", url.expose()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// How old the oldest transaction of the others is.
async fn age(client: &Client) -> Duration {
    let query = "select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::float8 \
                 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() \
                 and backend_type = 'client backend' and state <> 'idle'";
    let seconds: f64 = client.query_one(query, &[]).await.unwrap().get(0);
    Duration::from_secs_f64(seconds.max(0.0))
}

async fn changed(client: &Client) -> i64 {
    let query = "select count(*) from readings where name is not null";
    client.query_one(query, &[]).await.unwrap().get(0)
}
