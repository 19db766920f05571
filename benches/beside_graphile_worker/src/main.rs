//! How fast jobs are enqueued, done and started, beside graphile_worker on the same server, in the same run.
//!
//! What each side does for a job is not the same. Ours takes points from a wallet, and writes the ledger, the audit log,
//! two or three events and the result, all of which stay; a job that is done stays as well. Theirs is one row, which is
//! deleted when it is done. The sides take turns, what is compared are medians, and after each turn the tables are asked
//! whether all of it is there.

#![allow(clippy::print_stdout)] // Results are for reading.

mod ours;
#[allow(dead_code)] // Others use the rest.
#[path = "../../support/scratch.rs"]
mod scratch;
mod tally;
mod theirs;

use std::time::{Duration, Instant};

use scratch::Scratch;
use tally::Tally;
use theirs::Fetching;

/// Workers, and clients that enqueue.
const CONCURRENCY: usize = 8;

/// How much of everything is done.
struct Plan {
    rounds: usize,
    jobs: u64,
    finished_jobs: u64,
    jobs_under_snapshot: u64,
    starts: usize,
}

const MEASURE: Plan = Plan {
    rounds: 3,
    jobs: 3000,
    finished_jobs: 1_000_000,
    jobs_under_snapshot: 50_000,
    starts: 200,
};

/// To see that it works.
const TRY: Plan = Plan {
    rounds: 1,
    jobs: 400,
    finished_jobs: 10_000,
    jobs_under_snapshot: 2000,
    starts: 10,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Ours,
    Single,
    LocalQueue,
}

const SIDES: [Side; 3] = [Side::Ours, Side::Single, Side::LocalQueue];

/// What can be asked for alone, by its name.
#[derive(Debug, Clone, Copy)]
enum Part {
    Rates,
    Starts,
    Claims,
    Snapshot,
}

const PARTS: [Part; 4] = [Part::Rates, Part::Starts, Part::Claims, Part::Snapshot];

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Rates => "rates",
            Self::Starts => "starts",
            Self::Claims => "claims",
            Self::Snapshot => "snapshot",
        }
    }
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let plan = match arguments.iter().any(|argument| argument == "--try") {
        true => TRY,
        false => MEASURE,
    };
    let parts: Vec<Part> = PARTS
        .into_iter()
        .filter(|part| arguments.iter().any(|argument| argument == part.name()))
        .collect();
    tracing_subscriber::fmt()
        // A line for each job, which theirs writes at info, would be theirs to pay.
        .with_env_filter(tracing_subscriber::EnvFilter::new(
            "info,graphile_worker=error",
        ))
        .with_writer(std::io::sink)
        .init();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(run(&plan, if parts.is_empty() { &PARTS } else { &parts }))
}

async fn run(plan: &Plan, parts: &[Part]) -> anyhow::Result<()> {
    let scratch = Scratch::start().await?;
    println!("{}", scratch.description());
    let client = scratch.connect().await?;
    ours::open_wallets(&client).await?;
    // What a new server does for the first time is nobody's cost here.
    for side in SIDES {
        turn(&scratch, side, plan.jobs / 4).await?;
    }
    for part in parts {
        match part {
            Part::Rates => {
                println!("jobs per second, {CONCURRENCY} workers and {CONCURRENCY} clients");
                compare(&scratch, plan.rounds, plan.jobs).await?;
            }
            Part::Starts => starts(&scratch, plan).await?,
            Part::Claims => {
                let few = claims(&scratch, "no finished jobs but those above").await?;
                println!("ours: {few}");
                ours::add_finished_jobs(&client, plan.finished_jobs).await?;
                let what = format!("{} finished jobs", plan.finished_jobs);
                println!("ours: {}", claims(&scratch, &what).await?);
            }
            Part::Snapshot => under_snapshot(&scratch, plan).await?,
        }
    }
    Ok(())
}

/// Jobs per second of one turn.
#[derive(Debug, Clone, Copy)]
struct Rates {
    enqueued: f64,
    completed: f64,
    /// Enqueued first and completed then.
    one_after_the_other: f64,
    /// Completed while others are enqueued.
    at_the_same_time: f64,
}

async fn compare(scratch: &Scratch, rounds: usize, jobs: u64) -> anyhow::Result<()> {
    let mut rates: [Vec<Rates>; 3] = Default::default();
    for round in 0..rounds {
        for place in 0..SIDES.len() {
            let side = (round + place) % SIDES.len();
            rates[side].push(turn(scratch, SIDES[side], jobs).await?);
        }
    }
    print_rates(&rates);
    Ok(())
}

fn print_rates(rates: &[Vec<Rates>; 3]) {
    println!("                     enqueued  completed  both in turn  both at once");
    for (side, rates) in SIDES.iter().zip(rates) {
        let of = |which: fn(&Rates) -> f64| median(rates.iter().map(which).collect());
        println!(
            "  {:<18} {:>8.0}  {:>9.0}  {:>12.0}  {:>12.0}",
            side.name(),
            of(|rates| rates.enqueued),
            of(|rates| rates.completed),
            of(|rates| rates.one_after_the_other),
            of(|rates| rates.at_the_same_time),
        );
    }
}

async fn turn(scratch: &Scratch, side: Side, jobs: u64) -> anyhow::Result<Rates> {
    let client = scratch.connect().await?;
    match side {
        Side::Ours => {
            let before = ours::completed(&client).await?;
            let rates = our_turn(scratch, jobs).await?;
            let done = ours::completed(&client).await? - before;
            anyhow::ensure!(
                done == 2 * jobs as i64,
                "{done} of {} are completed",
                2 * jobs
            );
            Ok(rates)
        }
        Side::Single => their_turn(scratch, Fetching::Single, jobs).await,
        Side::LocalQueue => their_turn(scratch, Fetching::LocalQueue, jobs).await,
    }
}

async fn our_turn(scratch: &Scratch, jobs: u64) -> anyhow::Result<Rates> {
    let process = ours::Process::start(scratch).await?;
    let started = Instant::now();
    process.enqueue(jobs).await?;
    let enqueued = started.elapsed();
    let tally = Tally::of(jobs);
    let started = Instant::now();
    let workers = process.work(&tally)?;
    tally.done().await;
    workers.end().await?;
    let completed = started.elapsed();
    let tally = Tally::of(jobs);
    let started = Instant::now();
    let workers = process.work(&tally)?;
    process.enqueue(jobs).await?;
    tally.done().await;
    workers.end().await?;
    let both = started.elapsed();
    process.end();
    Ok(Rates::new(jobs, enqueued, completed, both))
}

async fn their_turn(scratch: &Scratch, fetching: Fetching, jobs: u64) -> anyhow::Result<Rates> {
    let (client, url) = (scratch.connect().await?, scratch.url.expose());
    let tally = Tally::of(jobs);
    let process = theirs::Process::start(url, fetching, &tally).await?;
    let started = Instant::now();
    process.enqueue(jobs).await?;
    let enqueued = started.elapsed();
    let started = Instant::now();
    match fetching {
        Fetching::Single => process.run_once().await?,
        Fetching::LocalQueue => {
            let running = process.run();
            tally.done().await;
            running.end().await?;
        }
    }
    let completed = started.elapsed();
    anyhow::ensure!(theirs::left(&client).await? == 0, "jobs are left");
    let tally = Tally::of(jobs);
    let process = theirs::Process::start(url, fetching, &tally).await?;
    let started = Instant::now();
    let running = process.run();
    process.enqueue(jobs).await?;
    tally.done().await;
    running.end().await?;
    let both = started.elapsed();
    anyhow::ensure!(theirs::left(&client).await? == 0, "jobs are left");
    Ok(Rates::new(jobs, enqueued, completed, both))
}

/// From the enqueuing of a job to its start, when the workers of another process are idle.
async fn starts(scratch: &Scratch, plan: &Plan) -> anyhow::Result<()> {
    let (orders, works) = (
        ours::Process::start(scratch).await?,
        ours::Process::start(scratch).await?,
    );
    let (tally, mut started) = Tally::of_starts();
    let workers = works.work(&tally)?;
    let (their_tally, mut their_starts) = Tally::of_starts();
    let url = scratch.url.expose();
    let worker = theirs::Process::start(url, Fetching::Single, &their_tally).await?;
    let adds = theirs::Process::start(url, Fetching::Single, &Tally::of(0)).await?;
    let running = worker.run();
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    // The first ones open connections and prepare statements.
    for number in 0..plan.starts + 10 {
        // Longer than notices are held together, and never in step with a poll.
        let pause = Duration::from_millis(60 + number as u64 * 37 % 50);
        tokio::time::sleep(pause).await;
        let begun = Instant::now();
        orders.enqueue(1).await?;
        let start = started.recv().await;
        our_times.extend(start.map(|start| start.saturating_duration_since(begun)));
        tokio::time::sleep(pause).await;
        let begun = Instant::now();
        adds.enqueue(1).await?;
        let start = their_starts.recv().await;
        their_times.extend(start.map(|start| start.saturating_duration_since(begun)));
    }
    workers.end().await?;
    running.end().await?;
    orders.end();
    works.end();
    println!(
        "milliseconds from before the enqueuing to the start, idle workers of another process, {} jobs",
        plan.starts
    );
    for (name, times) in [("ours", our_times), ("graphile_worker", their_times)] {
        let mut times = times.get(10..).unwrap_or_default().to_vec();
        times.sort_unstable();
        let at = |share: usize| times.get(times.len() * share / 100).map_or(f64::NAN, ms);
        println!("  {name:<18} median {:.2}, 95 % {:.2}", at(50), at(95));
    }
    Ok(())
}

async fn claims(scratch: &Scratch, what: &str) -> anyhow::Result<String> {
    let process = ours::Process::start(scratch).await?;
    process.enqueue(500).await?;
    let mut times = process.time_claims(500).await?;
    times.sort_unstable();
    process.end();
    let median = times.get(times.len() / 2).map_or(f64::NAN, ms);
    Ok(format!("a claim with {what}: median {median:.3} ms"))
}

/// A claim, and the rates, while a transaction has been open since many jobs ago, which keeps what is dead since.
async fn under_snapshot(scratch: &Scratch, plan: &Plan) -> anyhow::Result<()> {
    println!(
        "ours: {}",
        claims(scratch, "no transaction that stays open").await?
    );
    let old = scratch.connect().await?;
    old.batch_execute("set statement_timeout = 0; begin isolation level repeatable read; select count(*) from wallets")
        .await?;
    let jobs = plan.jobs_under_snapshot;
    let process = ours::Process::start(scratch).await?;
    process.enqueue(jobs).await?;
    let tally = Tally::of(jobs);
    let workers = process.work(&tally)?;
    tally.done().await;
    workers.end().await?;
    process.end();
    let what = format!("a transaction that is open since {jobs} jobs");
    println!("ours: {}", claims(scratch, &what).await?);
    let tally = Tally::of(jobs);
    let process =
        theirs::Process::start(scratch.url.expose(), Fetching::LocalQueue, &tally).await?;
    process.enqueue(jobs).await?;
    let running = process.run();
    tally.done().await;
    running.end().await?;
    println!("jobs per second, once, under the same and {jobs} jobs of theirs");
    let mut rates: [Vec<Rates>; 3] = Default::default();
    for (side, rates) in SIDES.into_iter().zip(&mut rates) {
        let jobs = match side {
            // One by one, it reads all that is dead for each of them.
            Side::Single => plan.jobs / 30,
            Side::Ours | Side::LocalQueue => plan.jobs,
        };
        rates.push(turn(scratch, side, jobs).await?);
    }
    print_rates(&rates);
    Ok(old.batch_execute("rollback").await?)
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Single => "graphile_worker",
            Self::LocalQueue => "  its local queue",
        }
    }
}

impl Rates {
    fn new(jobs: u64, enqueued: Duration, completed: Duration, both: Duration) -> Self {
        let rate = |time: Duration| jobs as f64 / time.as_secs_f64();
        Self {
            enqueued: rate(enqueued),
            completed: rate(completed),
            one_after_the_other: rate(enqueued + completed),
            at_the_same_time: rate(both),
        }
    }
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(f64::NAN)
}

fn ms(time: &Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
