//! What `revision --autogenerate` writes for a table of 1,000,000 rows that is in use, beside the same change as one would
//! write it by hand, on the same server: how long the table is locked against readers and against writers, and how long
//! the slowest of each had to wait meanwhile.
//!
//! The locks are looked at from another session, over and over, so a lock may have been held for as long as one look more
//! than is told.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)] // Results are for reading.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use revisions::DatabaseUrl;
use scratch_postgres::Builder;
use tokio_postgres::Client;

const BEFORE: &str = "
    create table users (id bigint constraint users_pkey primary key);
    create table readings (id bigint constraint readings_pkey primary key, user_id bigint not null, kind text, score int not null, code text not null);";

const AFTER: &str = "
    create table users (id bigint constraint users_pkey primary key);
    create table readings (
        id bigint constraint readings_pkey primary key,
        user_id bigint not null constraint readings_user_id_fkey references users,
        kind text not null,
        score int not null constraint readings_score_check check (score >= 0),
        code text not null constraint readings_code_key unique,
        shown boolean not null default true);
    create index readings_user_id_idx on readings (user_id);";

const BY_HAND: &str = "-- As by hand.
    alter table readings add constraint readings_user_id_fkey foreign key (user_id) references users;
    alter table readings alter column kind set not null;
    alter table readings add constraint readings_score_check check (score >= 0);
    alter table readings add constraint readings_code_key unique (code);
    alter table readings add column shown boolean not null default true;
    create index readings_user_id_idx on readings (user_id);";

fn main() {
    let rows = match std::env::args().any(|argument| argument == "--bench") {
        true => 1_000_000,
        // Without `--bench`, as `cargo test --benches` calls it, it only has to show that it works.
        false => 20_000,
    };
    let server = Builder::new().start().expect("a PostgreSQL");
    if server.max_connections() == 1 {
        println!("skipped: the embedded PostgreSQL serves one connection; install PostgreSQL");
        return;
    }
    println!("{rows} rows, 4 readers and 2 writers, {server}");
    println!(
        "  {:<12} {:>7} {:>20} {:>20} {:>16} {:>16}",
        "", "whole", "readers locked out", "writers locked out", "slowest read", "slowest write"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for name in ["by hand", "generated"] {
        let dir = tempfile::tempdir().unwrap();
        write_revisions(dir.path(), name == "generated");
        let url = DatabaseUrl::parse(&server.database_url(&name.replace(' ', "_"))).unwrap();
        let measured = runtime.block_on(async {
            let client = prepare(dir.path(), &url, rows).await;
            measure(client, dir.path(), &url, rows).await
        });
        let shown = |duration: Duration| format!("{:.3} s", duration.as_secs_f64());
        println!(
            "  {name:<12} {:>7.1} {:>20} {:>20} {:>16} {:>16}",
            measured.whole.as_secs_f64(),
            shown(measured.readers_out),
            shown(measured.writers_out),
            shown(measured.slowest_read),
            shown(measured.slowest_write)
        );
    }
}

/// The first revision makes the tables, what follows changes them.
fn write_revisions(dir: &Path, generated: bool) {
    std::fs::create_dir(dir.join("sql")).unwrap();
    let model = |sql: &str| std::fs::write(dir.join("sql/schema.sql"), sql).unwrap();
    model(BEFORE);
    let generate = ["revision", "--autogenerate", "-m", "Change", "--quiet"];
    run(
        dir,
        &[
            "revision",
            "--autogenerate",
            "-m",
            "Begin",
            "--rev-id",
            "1",
            "--quiet",
        ],
    );
    model(AFTER);
    match generated {
        true => run(dir, &generate),
        false => std::fs::write(dir.join("sql/U2__by_hand.sql"), BY_HAND).unwrap(),
    }
}

fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_revisions"));
    command
        .current_dir(dir)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn run(dir: &Path, arguments: &[&str]) {
    let status = command(dir, arguments).status().unwrap();
    assert!(status.success(), "{arguments:?}: {status}");
}

async fn prepare(dir: &Path, url: &DatabaseUrl, rows: u32) -> Client {
    url.create_if_missing("benchmark").await.unwrap();
    run(dir, &["upgrade", "+1", "--url", url.expose()]);
    let client = url.connect("benchmark").await.unwrap();
    let fill = format!(
        "insert into users select generate_series(1, 1000); \
         insert into readings select n, 1 + n % 1000, 'draw', n % 100, md5(n::text) from generate_series(1, {rows}) n"
    );
    client.batch_execute(&fill).await.unwrap();
    client.batch_execute("vacuum analyze").await.unwrap();
    client
}

struct Measured {
    whole: Duration,
    readers_out: Duration,
    writers_out: Duration,
    slowest_read: Duration,
    slowest_write: Duration,
}

async fn measure(client: Client, dir: &Path, url: &DatabaseUrl, rows: u32) -> Measured {
    let done = Arc::new(AtomicBool::new(false));
    let traffic = |write: bool| {
        let (url, done) = (url.clone(), Arc::clone(&done));
        tokio::spawn(async move { slowest(&url, &done, rows, write).await })
    };
    let readers: Vec<_> = (0..4).map(|_| traffic(false)).collect();
    let writers: Vec<_> = (0..2).map(|_| traffic(true)).collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let started = Instant::now();
    let mut upgrade = command(dir, &["upgrade", "head", "--url", url.expose()])
        .spawn()
        .unwrap();
    let (mut readers_out, mut writers_out) = (Held::default(), Held::default());
    let status = loop {
        let (against_readers, against_writers) = locks(&client).await;
        readers_out.saw(against_readers);
        writers_out.saw(against_writers);
        if let Some(status) = upgrade.try_wait().unwrap() {
            break status;
        }
    };
    let whole = started.elapsed();
    assert!(status.success(), "{status}");
    done.store(true, Ordering::Relaxed);
    let mut slowest = [Duration::ZERO; 2];
    for (kind, tasks) in [readers, writers].into_iter().enumerate() {
        for task in tasks {
            slowest[kind] = slowest[kind].max(task.await.unwrap());
        }
    }
    Measured {
        whole,
        readers_out: readers_out.longest,
        writers_out: writers_out.longest,
        slowest_read: slowest[0],
        slowest_write: slowest[1],
    }
}

/// For how long something was seen, without a break.
#[derive(Default)]
struct Held {
    since: Option<Instant>,
    longest: Duration,
}

impl Held {
    fn saw(&mut self, is_held: bool) {
        match (is_held, self.since) {
            (true, None) => self.since = Some(Instant::now()),
            (true, Some(since)) => self.longest = self.longest.max(since.elapsed()),
            (false, Some(since)) => {
                self.longest = self.longest.max(since.elapsed());
                self.since = None;
            }
            (false, None) => {}
        }
    }
}

/// Whether somebody holds a lock on the table that keeps readers out, and one that keeps writers out.
async fn locks(client: &Client) -> (bool, bool) {
    let query = "select coalesce(bool_or(mode = 'AccessExclusiveLock'), false), count(*) > 0 from pg_locks \
                 where relation = 'readings'::regclass and granted \
                 and mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')";
    let row = client.query_one(query, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

/// Reads or writes a row after the other, and gives how long the slowest took.
async fn slowest(url: &DatabaseUrl, done: &AtomicBool, rows: u32, write: bool) -> Duration {
    let client = url.connect("traffic").await.unwrap();
    let mut slowest = Duration::ZERO;
    for turn in 1_u64.. {
        if done.load(Ordering::Relaxed) {
            break;
        }
        let id = 1 + turn * 7919 % u64::from(rows);
        // Not prepared: the columns change.
        let statement = match write {
            true => format!("update readings set score = score + 1 where id = {id}"),
            false => format!("select score from readings where id = {id}"),
        };
        let started = Instant::now();
        client.simple_query(&statement).await.unwrap();
        slowest = slowest.max(started.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    slowest
}
