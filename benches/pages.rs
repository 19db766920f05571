//! Whether page 10,000 of a ledger of 1,000,000 transactions is read as fast as page 1: the domain's function, 100
//! transactions a page, beside each other on the same server.
//!
//! A page is found by the position of the last row before it. The position of page 9,999 is read beforehand, as a client
//! has it by then. Both pages are looked at once before: each has to be full, and of the right transactions.

#![allow(clippy::print_stdout)] // Results are for reading.

#[allow(dead_code)] // Others use the rest.
#[path = "support/scratch.rs"]
mod scratch;

use std::time::{Duration, Instant};

use anyhow::Context as _;
use criterion::Criterion;
use divine_whispers::db::Database;
use divine_whispers::domain::ids::{TransactionId, UserId};
use divine_whispers::domain::transactions::list::{self, Filter, Position};

use scratch::Scratch;

const ROWS: i64 = 100;
const DEEP_PAGE: i64 = 10_000;
const TRANSACTIONS: i64 = ROWS * DEEP_PAGE;

fn main() -> anyhow::Result<()> {
    scratch::log_to_nowhere();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let scratch = runtime.block_on(Scratch::start())?;
    println!("pages: {}", scratch.description());
    let (user_id, deep) = runtime.block_on(fill(&scratch))?;
    let db = runtime.block_on(async { scratch.database(1) })?;
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(4))
        .configure_from_args();
    let mut group = criterion.benchmark_group("page_of_transactions");
    for (name, after, newest) in [("1", None, TRANSACTIONS), ("10000", Some(deep), ROWS)] {
        runtime.block_on(check(&db, user_id, after, newest))?;
        group.bench_function(name, |bencher| {
            bencher.iter_custom(
                |calls| match runtime.block_on(time(&db, user_id, after, calls)) {
                    Ok(time) => time,
                    Err(error) => panic!("{error:#}"),
                },
            );
        });
    }
    group.finish();
    Ok(())
}

async fn time(
    db: &Database,
    user_id: UserId,
    after: Option<Position>,
    calls: u64,
) -> anyhow::Result<Duration> {
    let started = Instant::now();
    for _ in 0..calls {
        list::page(db, user_id, &Filter::everything(), after, ROWS).await?;
    }
    Ok(started.elapsed())
}

/// The page is full and begins with the transaction of this posting number, which is its balance.
async fn check(
    db: &Database,
    user_id: UserId,
    after: Option<Position>,
    newest: i64,
) -> anyhow::Result<()> {
    let page = list::page(db, user_id, &Filter::everything(), after, ROWS).await?;
    let rows = page.transactions.len();
    anyhow::ensure!(rows as i64 == ROWS, "{rows} transactions on a page");
    let first = page.transactions.first().context("an empty page")?;
    anyhow::ensure!(
        first.balance_after == Some(newest),
        "the page begins with {first:?}"
    );
    Ok(())
}

/// A wallet with all the transactions; returns whose, and where the deep page begins.
async fn fill(scratch: &Scratch) -> anyhow::Result<(UserId, Position)> {
    let client = scratch.connect().await?;
    let sql = format!(
        "set statement_timeout = 0;
         insert into users (email, password_hash) values ('user@example.com', 'none');
         insert into wallets (user_id, balance, posting_count) select id, {TRANSACTIONS}, {TRANSACTIONS} from users;
         insert into transactions (wallet_id, type, amount, posting_number, balance_after, created_by, created_at, completed_at)
         select wallets.id, 'adjustment', 1, number, number, user_id, moment, moment
           from wallets, generate_series(1, {TRANSACTIONS}) as number,
                lateral (select now() - interval '1 second' * ({TRANSACTIONS} - number) as moment) as moments
          order by number"
    );
    client.batch_execute(&sql).await?;
    client.batch_execute("vacuum analyze").await?;
    let sql = "select wallets.user_id, transactions.created_at, transactions.id
                 from transactions join wallets on wallets.id = wallet_id
                where posting_number = $1";
    let row = client.query_one(sql, &[&(ROWS + 1)]).await?;
    let position = Position {
        created_at: row.try_get(1)?,
        id: TransactionId(row.try_get(2)?),
    };
    Ok((UserId(row.try_get(0)?), position))
}
