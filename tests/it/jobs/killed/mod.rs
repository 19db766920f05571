//! Processes that are killed at random moments lose no job and double none: a server and four workers, each a process as
//! a user starts it, under SIGKILL again and again while jobs are ordered and done.
//!
//! `JOBS` says how many jobs, `JOBS_SEED` who is killed; what is hit by it is never the same twice. What holds is asserted;
//! how long jobs waited is printed, and not asserted.

mod crowd;
mod orders;
mod stories;
mod verdict;
mod waits;

use std::time::{Duration, Instant};

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;

use crate::needs_many_connections;
use crate::support::TestDatabase;
use crate::support::program::{Program, printed};
use crowd::Crowd;

/// How many jobs, if `JOBS` does not say.
const JOBS: i64 = 300;
/// Also when hardly a job is ordered.
const FEWEST_KILLS: i64 = 5;
/// How long nothing may happen at all. Nothing that works takes this long.
const PATIENCE: Duration = Duration::from_secs(120);
/// As `JOB_LEASE_SECONDS` and `JOB_MAX_ATTEMPTS` have it here.
const LEASE_SECONDS: i64 = 2;
const MAX_ATTEMPTS: i64 = 2;

/// How many jobs there are so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Tally {
    open: i64,
    ended: i64,
}

#[tokio::test(flavor = "multi_thread")]
async fn no_job_is_lost_or_doubled_when_processes_are_killed() {
    let database = TestDatabase::migrated().await;
    needs_many_connections!(database);
    let count = number_of("JOBS").unwrap_or(JOBS);
    let seed = number_of("JOBS_SEED").unwrap_or_else(|| rand::rng().random_range(0..1_000_000));
    println!("{count} jobs, JOBS_SEED={seed}");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed.unsigned_abs());
    waits::begin_to_note(&database).await;
    let began = Instant::now();
    let port = crowd::port_of_its_own(&mut random);
    let mut crowd = Crowd::start(program(&database, port), port).await;
    let (counter, tally) = count_regularly(&database).await;
    let buyers = orders::begin(&crowd, count, &tally).await;
    kill_until_most_is_done(&mut crowd, &mut random, count, tally.clone()).await;
    let orders = orders::all_of(buyers, &crowd).await;
    let killing_took = began.elapsed();
    until(&crowd, tally, |tally| tally.open == 0).await;
    counter.abort();
    let took = began.elapsed();

    verdict::every_order_is_one_job(&database, &orders, count).await;
    verdict::every_job_has_one_end(&database).await;
    let lost = stories::every_job_has_a_whole_story(&database).await;
    verdict::points_add_up(&database, &crowd.program).await;
    let orphans = verdict::files_are_those_of_the_table(&database, &crowd).await;
    println!(
        "{took:.1?} in all, {killing_took:.1?} of it under fire; {}",
        crowd.told_kills()
    );
    println!("{}", orders.told());
    println!("{}", verdict::told(&database).await);
    println!("files: {orphans} came to nothing and were removed");
    println!("{}", waits::told(&database, &crowd, lost).await);
    crowd.end().await;
}

/// Short leases, and everything looked at often. The limits of sign-ins are not what is tested: a server that is killed
/// in the middle of one leaves an attempt counted.
fn program(database: &TestDatabase, port: u16) -> Program {
    Program::new()
        .set("DATABASE_URL", &database.connection_url())
        .set("PORT", &port.to_string())
        .set("DB_POOL_SIZE", "4")
        .set("RUN_WORKERS", "false")
        .set("WORKER_CONCURRENCY", "2")
        .set("JOB_LEASE_SECONDS", &LEASE_SECONDS.to_string())
        .set("JOB_MAX_ATTEMPTS", &MAX_ATTEMPTS.to_string())
        .set("JOB_RETRY_DELAY_SECONDS", "0")
        .set("JOB_RESCUE_INTERVAL_MS", "200")
        .set("JOB_POLL_INTERVAL_MS", "200")
        .set("AUDIT_SEAL_INTERVAL_SECONDS", "1")
        .set("DEFAULT_USER_POINTS", &orders::POINTS.to_string())
        .set("ACCESS_TOKEN_EXPIRE_MINUTES", "1440")
        .set("LOGIN_ATTEMPTS_PER_ACCOUNT", "1000000")
        .set("LOGIN_ATTEMPTS_PER_ADDRESS", "1000000")
        .set("LOG_FORMAT", "json")
        .set("LOG_LEVEL", "warn,divine_whispers::server=info")
}

fn number_of(name: &str) -> Option<i64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
    )
}

/// Counts the jobs again and again.
async fn count_regularly(
    database: &TestDatabase,
) -> (tokio::task::JoinHandle<()>, watch::Receiver<Tally>) {
    let (sender, tally) = watch::channel(Tally::default());
    let client = database.connect().await;
    let sql = "select count(*) filter (where finished_at is null), count(*) filter (where finished_at is not null)
                 from jobs";
    let counter = tokio::spawn(async move {
        loop {
            let row = client.query_one(sql, &[]).await.unwrap();
            let now = Tally {
                open: row.get(0),
                ended: row.get(1),
            };
            sender.send_if_modified(|known| std::mem::replace(known, now) != now);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    (counter, tally)
}

/// Kills somebody every few hundred milliseconds, until all is ordered and nineteen of twenty jobs have
/// ended. Whoever kills faster
/// than work gets done waits for it.
async fn kill_until_most_is_done(
    crowd: &mut Crowd,
    random: &mut Xoshiro256PlusPlus,
    count: i64,
    mut tally: watch::Receiver<Tally>,
) {
    loop {
        let rest = Duration::from_millis(random.random_range(100..=400));
        tokio::time::sleep(rest).await;
        let Tally { open, ended } = *tally.borrow_and_update();
        let is_enough = open + ended == count && ended * 20 >= count * 19;
        if is_enough && crowd.kills.len() as i64 >= FEWEST_KILLS {
            return;
        }
        if crowd.kills.len() as i64 > 20 + ended {
            changed(crowd, &mut tally).await;
            continue;
        }
        crowd.kill_one(random).await;
    }
}

/// Waits until the jobs are so far; fails when nothing happens any more.
async fn until(crowd: &Crowd, mut tally: watch::Receiver<Tally>, is_so: impl Fn(&Tally) -> bool) {
    while !is_so(&tally.borrow_and_update()) {
        changed(crowd, &mut tally).await;
    }
}

async fn changed(crowd: &Crowd, tally: &mut watch::Receiver<Tally>) {
    match tokio::time::timeout(PATIENCE, tally.changed()).await {
        Ok(changed) => changed.unwrap(),
        Err(_) => panic!(
            "nothing happens any more: {:?}\n{}",
            tally.borrow(),
            crowd.logs()
        ),
    }
}

/// A command of the program that has to end well.
async fn run_well(program: &Program, arguments: &[&str]) -> String {
    let output = program.run(arguments).await;
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        printed(&output)
    );
    printed(&output)
}
