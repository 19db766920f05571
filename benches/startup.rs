//! How long the program takes from its start until it is ready: until `GET /ready` is answered with 200, on a
//! database whose schema is up to date. Beside it, one connection of tokio-postgres to the same database, which no
//! start can be without. The goal: 50 ms or less on top of it.
//!
//! Both take turns, and criterion is given the times of each. The breakdown at the end shows where a start spends
//! its time, by the moments at which the lines that it logs arrive here.

#![allow(clippy::print_stdout)] // Results are for reading.

#[allow(dead_code)] // Others use the rest.
#[path = "support/scratch.rs"]
mod scratch;
#[allow(dead_code)] // Others use the rest.
#[path = "support/turns.rs"]
mod turns;

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use criterion::{Criterion, SamplingMode};
use divine_whispers::db::ConnectionBudget;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

use scratch::Scratch;
use turns::Rounds;

/// The parts of a start, each until a line of the log or, the last, until the answer.
const PARTS: [(&str, &str); 4] = [
    ("divine-whispers ", "process, settings, log"),
    ("the schema is up to date", "connection, migrator"),
    ("serving on http://", "pool, keys, listener"),
    ("", "first request: a connection, a query"),
];

const READY: usize = 0;
const CONNECTION: usize = 1;

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let scratch = runtime.block_on(Scratch::start())?;
    println!("startup: {}", scratch.description());
    if scratch.budget() == ConnectionBudget::OneShared {
        println!("skipped: it has one connection, and this needs more; install PostgreSQL");
        return Ok(());
    }
    let bench = Bench {
        scratch,
        directory: TempDir::new()?,
        runtime,
    };
    let (rounds, parts) = (
        RefCell::new(Rounds::<2>::default()),
        RefCell::new(Rounds::<4>::default()),
    );
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let mut group = criterion.benchmark_group("startup");
    group.sampling_mode(SamplingMode::Flat);
    group.bench_function("until_ready", |bencher| {
        bencher.iter_custom(|starts| {
            let mut sum = Duration::ZERO;
            for _ in 0..starts {
                match bench.round() {
                    Ok((ready, of_parts, connection)) => {
                        rounds.borrow_mut().push([ready, connection]);
                        parts.borrow_mut().push(of_parts);
                        sum += ready;
                    }
                    Err(error) => panic!("{error:#}"),
                }
            }
            sum
        });
    });
    group.bench_function("one_connection", |bencher| {
        bencher.iter_custom(|connections| {
            let times = (0..connections).map(|_| bench.connect());
            match times.sum::<anyhow::Result<Duration>>() {
                Ok(sum) => sum,
                Err(error) => panic!("{error:#}"),
            }
        });
    });
    group.finish();
    report(&rounds.borrow(), &parts.borrow());
    Ok(())
}

fn report(rounds: &Rounds<2>, parts: &Rounds<4>) {
    let (Some(ready), Some(connection)) = (rounds.median(READY), rounds.median(CONNECTION)) else {
        println!("no start was measured");
        return;
    };
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "\nMedians of {} starts in milliseconds; the goal of the difference is 50 or less",
        rounds.len()
    );
    println!("  until ready    {:>8.2}", ms(ready));
    println!("  one connection {:>8.2}", ms(connection));
    println!("  difference     {:>8.2}", ms(ready) - ms(connection));
    println!("of which");
    for (part, (_, name)) in PARTS.iter().enumerate() {
        if let Some(time) = parts.median(part) {
            println!("  {:>8.2}  {name}", ms(time));
        }
    }
}

struct Bench {
    scratch: Scratch,
    /// Where the program runs: nothing lies about here that it could read.
    directory: TempDir,
    runtime: Runtime,
}

impl Bench {
    /// A start, with its parts, and a connection.
    fn round(&self) -> anyhow::Result<(Duration, [Duration; 4], Duration)> {
        let mut moments = [Instant::now(); 5];
        let mut program = Killed(
            Command::new(env!("CARGO_BIN_EXE_divine-whispers"))
                .arg("serve")
                .env_clear()
                .env("DATABASE_URL", self.scratch.url.expose())
                .env("SECRET_KEY", "a secret key of a benchmark, long enough")
                .env("PORT", "0")
                .current_dir(self.directory.path())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .context("the program cannot be started")?,
        );
        let mut log = Log::new(program.0.stderr.take().context("it has no log")?);
        let mut address = String::new();
        for (part, (line, _)) in PARTS.iter().enumerate().take(3) {
            address = log.wait_for(line)?;
            moments[part + 1] = Instant::now();
        }
        ask_whether_ready(address.trim())?;
        moments[4] = Instant::now();
        drop(program);
        let parts = std::array::from_fn(|part| moments[part + 1] - moments[part]);
        Ok((moments[4] - moments[0], parts, self.connect()?))
    }

    fn connect(&self) -> anyhow::Result<Duration> {
        self.runtime.block_on(async {
            let started = Instant::now();
            let (client, connection) = self.scratch.url.config().connect(NoTls).await?;
            let time = started.elapsed();
            drop(client);
            connection.await?;
            Ok(time)
        })
    }
}

fn ask_whether_ready(address: &str) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("to {address}"))?;
    let request = format!("GET /ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    anyhow::ensure!(
        answer.starts_with("HTTP/1.1 200 "),
        "it is not ready: {answer}"
    );
    Ok(())
}

/// What the program writes to its standard error.
struct Log {
    lines: BufReader<ChildStderr>,
    seen: String,
}

impl Log {
    fn new(stderr: ChildStderr) -> Self {
        Self {
            lines: BufReader::new(stderr),
            seen: String::new(),
        }
    }

    /// Waits for a line with this text; returns what follows the text.
    fn wait_for(&mut self, text: &str) -> anyhow::Result<String> {
        loop {
            let begin = self.seen.len();
            let length = self.lines.read_line(&mut self.seen)?;
            anyhow::ensure!(length > 0, "it ended before {text:?}:\n{}", self.seen);
            if let Some((_, rest)) = self.seen[begin..].split_once(text) {
                return Ok(rest.to_owned());
            }
        }
    }
}

/// A process that ends with this, however the benchmark goes on.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself; then its own words were the error.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
