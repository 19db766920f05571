//! What a typed query costs, beside the same statement written by hand on tokio-postgres: one user by id.
//!
//! Three do the same and return the same, a `User` of the domain:
//!
//! - `by_hand`: a connection of a deadpool pool, `prepare_cached`, `query_opt`, and eleven `try_get`. It is what one
//!   writes who has no generated queries. The pool is set up as the program's is, time limits and statement timeout
//!   included: they are part of the work, and whoever leaves them out compares something else.
//! - `generated`: another such pool, and the function that the build has generated. The difference to `by_hand` is the
//!   price of a checked query.
//! - `database`: `Database::user`. The difference to `generated` is the price of the one door to the database: a time
//!   limit on the client's side, a lease that closes what is left half done, retries, an event for the log.
//!
//! `held` is what no server does, for reference: one connection that is never given back, and its statement. The
//! difference to `by_hand` is what a pool and a statement cache cost, whoever calls them.
//!
//! A query takes some ten microseconds of work and, if the server's process happens to sleep on another core, as many
//! again until that wakes up. Which core that is, stays as it is for a connection: luck would decide. So all of it, the
//! server too, is put on one core, where only work counts (Linux, with `taskset`). Each side has a connection of its own:
//! who shares one finds the caches of its server process warm from the other's turn.
//!
//! A difference of a microsecond still drowns in the moods of a machine if one is measured after the other, so all
//! four take short turns all the time. criterion is given the times of one of them; the ratios at the end come from
//! turns that lay side by side.

#![allow(clippy::print_stdout)] // Results are for reading.

#[allow(dead_code)] // Others use the rest.
#[path = "support/scratch.rs"]
mod scratch;
#[path = "support/statement.rs"]
mod statement;
#[allow(dead_code)] // Others use the rest.
#[path = "support/turns.rs"]
mod turns;

use std::cell::RefCell;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use criterion::Criterion;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use divine_whispers::db::{ConnectionBudget, Database};
use divine_whispers::domain::ids::UserId;
use divine_whispers::domain::users::User;
use tokio_postgres::{Client, Row, Statement};

use scratch::Scratch;
use statement::NamedStatement;
use turns::Rounds;

/// The generated modules. They are private to the library; this is the same file, compiled once more.
#[allow(warnings, clippy::all, clippy::pedantic)]
mod queries {
    include!(concat!(env!("OUT_DIR"), "/queries.rs"));
}

/// How many queries make a turn: a millisecond or so, so that all sides see the same machine.
const TURN: u64 = 10;

const SIDES: [Side; 4] = [Side::ByHand, Side::Generated, Side::Database, Side::Held];

#[derive(Debug, Clone, Copy)]
enum Side {
    ByHand,
    Generated,
    Database,
    Held,
}

fn main() -> anyhow::Result<()> {
    scratch::log_to_nowhere();
    if !stay_on_one_core() {
        println!(
            "not on one core, for want of taskset: which cores the connections are on will show"
        );
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let scratch = runtime.block_on(Scratch::start())?;
    println!("typed_query: {}", scratch.description());
    if scratch.budget() == ConnectionBudget::OneShared {
        println!("skipped: it has one connection, and this needs four; install PostgreSQL");
        return Ok(());
    }
    let bench = runtime.block_on(Bench::new(&scratch))?;
    let rounds = RefCell::new(Rounds::default());
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(2500))
        .configure_from_args();
    let mut group = criterion.benchmark_group("user_by_id");
    for side in SIDES {
        group.bench_function(format!("{side:?}"), |bencher| {
            bencher.iter_custom(|calls| {
                let mut rounds = rounds.borrow_mut();
                match runtime.block_on(bench.run(side, calls, &mut rounds)) {
                    Ok(time) => time,
                    Err(error) => panic!("{error:#}"),
                }
            });
        });
    }
    group.finish();
    report(&rounds.borrow());
    Ok(())
}

/// Puts this process, and those that it will start, on one core; false if that cannot be done.
fn stay_on_one_core() -> bool {
    Command::new("taskset")
        .args(["--cpu-list", "--pid", "0", &std::process::id().to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn report(rounds: &Rounds<4>) {
    println!(
        "\nA query in microseconds, and in relation to ByHand, in {} rounds of {TURN} each; the goal is 3 % or less",
        rounds.len()
    );
    for side in SIDES {
        let time = rounds.median(side as usize);
        let ratio = rounds.ratio(side as usize, Side::ByHand as usize);
        let (Some(time), Some(ratio)) = (time, ratio) else {
            println!("  nothing was measured");
            return;
        };
        let percent = |ratio: f64| 100.0 * (ratio - 1.0);
        println!(
            "  {:<10} {:>8.2} {:>+7.2} %   (with 95 % confidence {:+.2} % to {:+.2} %)",
            format!("{side:?}"),
            time.as_secs_f64() * 1e6 / TURN as f64,
            percent(ratio.median),
            percent(ratio.confidence.0),
            percent(ratio.confidence.1),
        );
    }
}

struct Bench {
    user: i64,
    sql: String,
    by_hand: Pool,
    generated: Pool,
    database: Database,
    held: (Client, Statement),
}

impl Bench {
    async fn new(scratch: &Scratch) -> anyhow::Result<Self> {
        let sql = NamedStatement::find(include_str!("../queries/users.sql"), "user_by_id")?;
        // On one line, as it is generated.
        let sql: Vec<String> = sql
            .numbered()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let sql = sql.join(" ");
        let client = scratch.connect().await?;
        let insert = "insert into users (email, password_hash, full_name, birth_date, location, last_login_at) \
                      values ('user@example.com', 'none', 'A User', '2000-01-02', 'Taipei', now()) returning id";
        let user = client.query_one(insert, &[]).await?.try_get(0)?;
        client.batch_execute("vacuum analyze users").await?;
        let statement = client.prepare(&sql).await?;
        let bench = Self {
            user,
            sql,
            by_hand: pool(scratch)?,
            generated: pool(scratch)?,
            database: scratch.database(1)?,
            held: (client, statement),
        };
        let expected = bench.by_hand().await?;
        anyhow::ensure!(
            expected.is_some()
                && expected == bench.generated().await?
                && expected == bench.database().await?
                && expected == bench.held().await?,
            "they do not return the same"
        );
        Ok(bench)
    }

    /// Lets all sides make so many queries; returns the time that one of them took for its own.
    async fn run(
        &self,
        measured: Side,
        calls: u64,
        rounds: &mut Rounds<4>,
    ) -> anyhow::Result<Duration> {
        let mut sum = Duration::ZERO;
        // Whole turns, or else the rounds could not be compared.
        let turns = calls.div_ceil(TURN);
        for _ in 0..turns {
            let mut times = [Duration::ZERO; 4];
            for side in rounds.next_order() {
                times[side] = self.turn(SIDES[side]).await?;
            }
            sum += times[measured as usize];
            rounds.push(times);
        }
        Ok(sum.mul_f64(calls as f64 / (turns * TURN) as f64))
    }

    async fn turn(&self, side: Side) -> anyhow::Result<Duration> {
        let started = Instant::now();
        for _ in 0..TURN {
            let user = match side {
                Side::ByHand => self.by_hand().await?,
                Side::Generated => self.generated().await?,
                Side::Database => self.database().await?,
                Side::Held => self.held().await?,
            };
            black_box(user);
        }
        Ok(started.elapsed())
    }

    async fn by_hand(&self) -> anyhow::Result<Option<User>> {
        let client = self.by_hand.get().await?;
        let statement = client.prepare_cached(&self.sql).await?;
        let row = client.query_opt(&statement, &[&self.user]).await?;
        Ok(row.as_ref().map(user_of).transpose()?)
    }

    async fn generated(&self) -> anyhow::Result<Option<User>> {
        let client = self.generated.get().await?;
        let query = queries::users::user_by_id();
        let row = query.bind(&client, &self.user).opt().await?;
        Ok(row.map(|row| User {
            id: UserId(row.id),
            email: row.email,
            role: row.role,
            status: row.status,
            full_name: row.full_name,
            birth_date: row.birth_date,
            location: row.location,
            preferred_language: row.preferred_language,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_login_at: row.last_login_at,
        }))
    }

    async fn database(&self) -> anyhow::Result<Option<User>> {
        Ok(self.database.user(UserId(self.user)).await?)
    }

    async fn held(&self) -> anyhow::Result<Option<User>> {
        let (client, statement) = &self.held;
        let row = client.query_opt(statement, &[&self.user]).await?;
        Ok(row.as_ref().map(user_of).transpose()?)
    }
}

fn user_of(row: &Row) -> Result<User, tokio_postgres::Error> {
    Ok(User {
        id: UserId(row.try_get(0)?),
        email: row.try_get(1)?,
        role: row.try_get(2)?,
        status: row.try_get(3)?,
        full_name: row.try_get(4)?,
        birth_date: row.try_get(5)?,
        location: row.try_get(6)?,
        preferred_language: row.try_get(7)?,
        created_at: row.try_get(8)?,
        updated_at: row.try_get(9)?,
        last_login_at: row.try_get(10)?,
    })
}

/// A pool as the program makes it.
fn pool(scratch: &Scratch) -> anyhow::Result<Pool> {
    let settings = scratch.settings(1);
    let limit = format!(
        "set statement_timeout = {}",
        settings.statement_timeout.as_millis()
    );
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = Manager::from_config(scratch.url.config().clone(), scratch.url.tls()?, recycling);
    Pool::builder(manager)
        .max_size(settings.pool_size)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(settings.pool_timeout))
        .create_timeout(Some(settings.pool_timeout))
        .recycle_timeout(Some(settings.pool_timeout))
        .post_create(Hook::async_fn(move |client, _| {
            let limit = limit.clone();
            Box::pin(async move {
                let limited = client.batch_execute(&limit).await;
                limited.map_err(HookError::Backend)
            })
        }))
        .build()
        .context("the pool cannot be made")
}
