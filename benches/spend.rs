//! How many spends a second the domain makes, beside pgbench with the same statement on the same server.
//!
//! What makes them comparable:
//!
//! - The statement is read from `queries/transactions.sql`, and all sides send it prepared. pgbench cannot send NULL,
//!   so the two parameters that are NULL here are NULL in its text; and it sends a parameter that appears twice as
//!   two, whose types PostgreSQL cannot all guess, so each is cast to the type that it has for the others.
//! - All sides spend from wallets drawn at random, or all from the same one. They open their connections anew for
//!   each slice of time, before it begins, and prepare the statement within it, as pgbench does.
//! - Short slices of the sides take turns, each as often the first as any other, so that a machine that slows down does
//!   so for all of them; what is compared are the medians. What a new server does for the first time, it does before:
//!   in slices that do not count.
//! - After each the ledger is counted: whoever claims a spend that is not there is not fast but wrong.
//!
//! `driver` is tokio-postgres alone, on connections of its own, rows not even decoded. It tells what part of a
//! difference lies above it, in domain and pool, and what part below. The sessions of domain and driver have a
//! statement timeout as in production, those of pgbench have none.
//!
//! The program runs as many threads as the machine has cores, and so does pgbench. There is no criterion in here:
//! clients that work at the same time for some seconds are no function that it could call again and again.

#![allow(clippy::print_stdout)] // Results are for reading.

#[path = "support/crowd.rs"]
mod crowd;
#[path = "support/pgbench.rs"]
mod pgbench;
#[allow(dead_code)] // Others use the rest.
#[path = "support/scratch.rs"]
mod scratch;
#[path = "support/spenders.rs"]
mod spenders;
#[path = "support/statement.rs"]
mod statement;

use std::time::Duration;

use divine_whispers::db::ConnectionBudget;

use scratch::Scratch;
use spenders::{Spenders, Users};

const WALLETS: i64 = 1000;

/// How long and how often everything is run.
struct Plan {
    clients: &'static [usize],
    clients_of_one_wallet: usize,
    rounds: usize,
    slice: Duration,
}

const MEASURE: Plan = Plan {
    clients: &[1, 8, 32],
    clients_of_one_wallet: 8,
    rounds: 12,
    slice: Duration::from_secs(1),
};

/// Without `--bench`, as `cargo test --benches` calls it, it only has to show that it works.
const TRY: Plan = Plan {
    clients: &[1, 4],
    clients_of_one_wallet: 4,
    rounds: 1,
    slice: Duration::from_secs(1),
};

fn main() -> anyhow::Result<()> {
    let plan = match std::env::args().any(|argument| argument == "--bench") {
        true => MEASURE,
        false => TRY,
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(run(&plan))
}

async fn run(plan: &Plan) -> anyhow::Result<()> {
    scratch::log_to_nowhere();
    let scratch = Scratch::start().await?;
    println!("spend: {}", scratch.description());
    if scratch.budget() == ConnectionBudget::OneShared {
        println!("skipped: it has one connection, and this needs many; install PostgreSQL");
        return Ok(());
    }
    let everybody = open_wallets(&scratch).await?;
    let spenders = Spenders::new(scratch)?;
    if !spenders.have_pgbench() {
        println!("without pgbench: there is none beside the binaries of the server");
    }
    // The first pages written after a checkpoint, the first segments of the log: nobody's cost here.
    for side in Side::ALL {
        side.run(&spenders, 1, everybody, plan.slice).await?;
    }
    println!("spends per second; the goal of domain/pgbench is 90 % or more");
    println!("  clients  wallets    domain    driver   pgbench  domain/pgbench  driver/pgbench");
    for &clients in plan.clients {
        compare(&spenders, plan, clients, everybody).await?;
    }
    let one = Users {
        last: everybody.first,
        ..everybody
    };
    compare(&spenders, plan, plan.clients_of_one_wallet, one).await
}

/// Lets all sides take turns, and prints a line.
async fn compare(
    spenders: &Spenders,
    plan: &Plan,
    clients: usize,
    users: Users,
) -> anyhow::Result<()> {
    let mut rates: [Vec<f64>; 3] = Default::default();
    for round in 0..plan.rounds {
        for turn in 0..Side::ALL.len() {
            let index = (round + turn) % Side::ALL.len();
            let rate = Side::ALL[index].run(spenders, clients, users, plan.slice);
            if let Some(rate) = rate.await? {
                rates[index].push(rate);
            }
        }
    }
    let [domain, driver, pgbench] = rates.map(median);
    let (domain, driver) = (domain.unwrap_or(0.0), driver.unwrap_or(0.0));
    let column = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let share = |rate: f64| column(pgbench.map(|whole| format!("{:.1} %", 100.0 * rate / whole)));
    println!(
        "  {clients:>7}  {:>7}  {domain:>8.0}  {driver:>8.0}  {:>8}  {:>14}  {:>14}",
        users.count(),
        column(pgbench.map(|rate| format!("{rate:.0}"))),
        share(domain),
        share(driver),
    );
    Ok(())
}

/// Nothing of nothing.
fn median(mut rates: Vec<f64>) -> Option<f64> {
    rates.sort_unstable_by(f64::total_cmp);
    let middle = rates.len() / 2;
    match rates.len() % 2 {
        1 => rates.get(middle).copied(),
        _ => Some((rates.get(middle.checked_sub(1)?)? + rates.get(middle)?) / 2.0),
    }
}

/// Who spends.
#[derive(Debug, Clone, Copy)]
enum Side {
    Domain,
    Driver,
    Pgbench,
}

impl Side {
    const ALL: [Self; 3] = [Self::Domain, Self::Driver, Self::Pgbench];

    /// Spends for a slice of time; nothing where there is no such side.
    async fn run(
        self,
        spenders: &Spenders,
        clients: usize,
        users: Users,
        slice: Duration,
    ) -> anyhow::Result<Option<f64>> {
        match self {
            Self::Domain => spenders.domain(clients, users, slice).await.map(Some),
            Self::Driver => spenders.driver(clients, users, slice).await.map(Some),
            Self::Pgbench => spenders.pgbench(clients, users, slice).await,
        }
    }
}

/// Users with more points than anybody can spend here.
async fn open_wallets(scratch: &Scratch) -> anyhow::Result<Users> {
    let client = scratch.connect().await?;
    client
        .batch_execute(&format!(
            "insert into users (email, password_hash)
                 select 'user' || number || '@example.com', 'none' from generate_series(1, {WALLETS}) as number;
             insert into wallets (user_id, balance) select id, 1000000000000 from users;"
        ))
        .await?;
    // Outside of the transaction that several statements at once are.
    client.batch_execute("vacuum analyze").await?;
    let row = client
        .query_one("select min(user_id), max(user_id) from wallets", &[])
        .await?;
    let users = Users {
        first: row.try_get(0)?,
        last: row.try_get(1)?,
    };
    // Both sides draw a number between the two.
    anyhow::ensure!(users.count() == WALLETS, "the users' ids have gaps");
    Ok(users)
}
