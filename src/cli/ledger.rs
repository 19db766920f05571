//! `ledger`: checking the ledger of every wallet, and printing that of one.

use std::io::Write as _;

use anyhow::{Context as _, bail};
use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand};
use serde_json::json;

use super::session::Session;
use super::table::{Column, Format, counted, print_csv, print_json, print_table};
use crate::db::Database;
use crate::domain::ids::UserId;
use crate::domain::ledger::{Breach, verify};
use crate::domain::transactions::Transaction;
use crate::domain::transactions::list::{self, Filter};
use crate::domain::users::{Email, User};

/// Breaches that are kept for a table or for JSON; CSV is written as they are found.
const MAX_KEPT: usize = 10_000;
/// Transactions that one statement reads.
const ROWS_PER_BATCH: i64 = 500;

const BREACH_COLUMNS: [Column; 5] = [
    ("rule", false),
    ("wallet", true),
    ("transaction", true),
    ("expected", true),
    ("found", true),
];
const STATEMENT_COLUMNS: [Column; 7] = [
    ("time", false),
    ("transaction", true),
    ("type", false),
    ("status", false),
    ("amount", true),
    ("balance", true),
    ("description", false),
];

/// What can be done with the ledger.
#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Check that every wallet keeps the rules of the ledger; exit 1 with the list of what breaks one
    Verify(Format),
    /// Print the ledger of a user, newest first
    Statement(Statement),
}

/// Arguments of `ledger statement`.
#[derive(Debug, Args)]
pub(super) struct Statement {
    /// Number or email address of the user
    user: String,
    /// Only what was recorded at this time or later (RFC 3339)
    #[arg(long, value_name = "TIME")]
    from: Option<DateTime<Utc>>,
    /// Only what was recorded before this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    to: Option<DateTime<Utc>>,
    /// The newest ROWS only
    #[arg(long, value_name = "ROWS", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    #[command(flatten)]
    format: Format,
}

/// Runs a `ledger` command.
pub(super) async fn run(command: LedgerCommand) -> anyhow::Result<()> {
    let session = Session::open_to_read().await?;
    let done = match command {
        LedgerCommand::Verify(format) => check(&session.db, format).await,
        LedgerCommand::Statement(statement) => print_statement(&session.db, &statement).await,
    };
    session.close_after(done)
}

async fn check(db: &Database, format: Format) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let mut kept = Vec::new();
    let mut written = Ok(());
    if format.csv {
        print_csv(&mut out, &BREACH_COLUMNS, [])?;
    }
    let checked = verify(db, |breach| {
        if format.csv {
            if written.is_ok() {
                written = print_csv(&mut out, &[], [cells(&breach)]);
            }
        } else if kept.len() < MAX_KEPT {
            kept.push(breach);
        }
    })
    .await
    .context("cannot read the ledger")?;
    written?;
    if format.json {
        let record = json!({
            "in_order": checked.breaches == 0,
            "wallets": checked.wallets,
            "breach_count": checked.breaches,
            "breaches": kept,
        });
        print_json(&mut out, &record)?;
    } else if !format.csv {
        print_table(&mut out, &BREACH_COLUMNS, kept.iter().map(cells))?;
        if checked.breaches == 0 {
            let wallets = counted(checked.wallets, "wallet keeps", "wallets keep");
            writeln!(out, "{wallets} every rule")?;
        }
    }
    match checked.breaches {
        0 => Ok(()),
        breaches => bail!(
            "the ledger is not in order: {} in {} checked",
            counted(breaches, "breach", "breaches"),
            counted(checked.wallets, "wallet that was", "wallets that were")
        ),
    }
}

fn cells(breach: &Breach) -> Vec<String> {
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    vec![
        breach.rule.sentence().to_owned(),
        breach.wallet_id.to_string(),
        number(breach.transaction_id.map(|id| id.0)),
        number(breach.expected),
        number(breach.found),
    ]
}

async fn print_statement(db: &Database, statement: &Statement) -> anyhow::Result<()> {
    let user = find(db, &statement.user).await?;
    let wallet = db
        .wallet(user.id)
        .await?
        .with_context(|| format!("{} has no wallet", user.email))?;
    let (transactions, has_more) = read(db, user.id, statement).await?;
    let mut out = std::io::stdout().lock();
    if statement.format.json {
        let rows = transactions.iter().map(|row| {
            json!({
                "txn_id": row.id,
                "type": row.transaction_type,
                "status": row.status,
                "amount": row.amount,
                "balance_after": row.balance_after,
                "reference_id": row.reference_id,
                "description": row.description,
                "job_id": row.job_id,
                "created_at": row.created_at,
            })
        });
        let record = json!({
            "user_id": user.id,
            "email": user.email,
            "wallet_id": wallet.id,
            "balance": wallet.balance,
            "transactions": rows.collect::<Vec<_>>(),
            "has_more": has_more,
        });
        return print_json(&mut out, &record);
    }
    if statement.format.csv {
        return print_csv(&mut out, &STATEMENT_COLUMNS, transactions.iter().map(row));
    }
    writeln!(
        out,
        "{}, user {}, wallet {}: {} points",
        user.email, user.id, wallet.id, wallet.balance
    )?;
    print_table(&mut out, &STATEMENT_COLUMNS, transactions.iter().map(row))?;
    if has_more {
        writeln!(out, "there are older ones: see --limit, --from and --to")?;
    }
    Ok(())
}

fn row(transaction: &Transaction) -> Vec<String> {
    vec![
        transaction
            .created_at
            .to_rfc3339_opts(SecondsFormat::Micros, true),
        transaction.id.to_string(),
        transaction.transaction_type.clone(),
        transaction.status.clone(),
        transaction.amount.to_string(),
        transaction
            .balance_after
            .map(|balance| balance.to_string())
            .unwrap_or_default(),
        transaction.description.clone().unwrap_or_default(),
    ]
}

async fn find(db: &Database, name: &str) -> anyhow::Result<User> {
    let user = match (name.parse(), Email::parse(name)) {
        (Ok(id), _) => db.user(UserId(id)).await?,
        (Err(_), Ok(email)) => db.user_by_email(&email).await?,
        (Err(_), Err(_)) => bail!("{name} is neither the number nor the email address of a user"),
    };
    user.with_context(|| format!("there is no user {name}"))
}

/// The transactions that are asked for, and whether there are older ones.
async fn read(
    db: &Database,
    user: UserId,
    statement: &Statement,
) -> anyhow::Result<(Vec<Transaction>, bool)> {
    let everything = Filter::everything();
    let filter = Filter {
        from: statement.from.unwrap_or(everything.from),
        to: statement.to.unwrap_or(everything.to),
        ..everything
    };
    let limit = i64::from(statement.limit);
    let (mut transactions, mut position) = (Vec::new(), None);
    loop {
        let left = limit - i64::try_from(transactions.len())?;
        let page = list::page(db, user, &filter, position, left.min(ROWS_PER_BATCH)).await?;
        transactions.extend(page.transactions);
        position = page.next;
        let is_full = i64::try_from(transactions.len())? >= limit;
        if position.is_none() || is_full {
            return Ok((transactions, position.is_some()));
        }
    }
}
