//! `audit`: sealing the audit log, and checking its seals.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::session::Session;
use super::table::{counted, print_json};
use crate::db::Database;
use crate::domain::audit::seal::{Seal, SealValue, seal_settled};
use crate::domain::audit::verify::{Report, verify};

/// How long `audit seal` waits for transactions that write entries.
const PATIENCE: Duration = Duration::from_secs(30);

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Seal the entries that are settled, as the server does in the background
    Seal,
    /// Find what was changed, removed or inserted in what is sealed; exit 1 if there is anything
    Verify(Verify),
}

/// Arguments of `audit verify`.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// A seal that was kept elsewhere and must be in the chain: only so a dropped end is found
    #[arg(long, value_name = "SEAL")]
    expect: Option<SealValue>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs an `audit` command.
pub(super) async fn run(command: AuditCommand) -> anyhow::Result<()> {
    let session = match &command {
        AuditCommand::Seal => Session::open().await?,
        AuditCommand::Verify(_) => Session::open_to_read().await?,
    };
    let done = match &command {
        AuditCommand::Seal => seal(&session.db).await,
        AuditCommand::Verify(arguments) => check(&session.db, arguments).await,
    };
    session.close_after(done)
}

async fn seal(db: &Database) -> anyhow::Result<()> {
    let sealing = seal_settled(db, PATIENCE).await.context("cannot seal")?;
    if sealing.waiting {
        bail!(
            "nothing was sealed: a transaction that writes to the audit log has been open for {PATIENCE:?}"
        );
    }
    if sealing.elsewhere {
        bail!("another program seals the audit log at this moment");
    }
    let mut out = std::io::stdout().lock();
    match &sealing.newest {
        Some(newest) => {
            let entries = counted(sealing.entries, "entry", "entries");
            writeln!(out, "sealed {entries}; {}", in_words(newest))?;
        }
        None => match db.newest_seal().await? {
            Some(newest) => writeln!(out, "nothing new to seal; {}", in_words(&newest))?,
            None => writeln!(out, "nothing to seal")?,
        },
    }
    Ok(())
}

async fn check(db: &Database, arguments: &Verify) -> anyhow::Result<()> {
    let report = verify(db, arguments.expect)
        .await
        .context("cannot read the audit log")?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        print_json(&mut out, &in_json(&report))?;
    } else {
        for broken in &report.breaks {
            writeln!(out, "{broken}")?;
        }
        if report.breaks.is_empty() {
            writeln!(
                out,
                "{} entries under {} seals are as they were sealed; {} newer ones are not sealed yet",
                report.sealed_entries, report.seals, report.unsealed_entries
            )?;
        }
        if let Some(newest) = &report.newest {
            writeln!(out, "{}", in_words(newest))?;
        }
    }
    match report.breaks.len() {
        0 => Ok(()),
        breaks => bail!(
            "the audit log is not as it was sealed: {}",
            counted(breaks, "break", "breaks")
        ),
    }
}

fn in_json(report: &Report) -> serde_json::Value {
    let breaks: Vec<String> = report.breaks.iter().map(ToString::to_string).collect();
    json!({
        "in_order": report.breaks.is_empty(),
        "seals": report.seals,
        "sealed_entries": report.sealed_entries,
        "unsealed_entries": report.unsealed_entries,
        "newest_seal": report.newest.as_ref().map(text_of),
        "breaks": breaks,
    })
}

fn in_words(newest: &Seal) -> String {
    format!(
        "the newest seal, number {}, to be kept elsewhere: {}",
        newest.number,
        text_of(newest)
    )
}

/// A seal that was tampered with may have any length.
fn text_of(seal: &Seal) -> String {
    match SealValue::try_from(seal.value.as_slice()) {
        Ok(value) => value.to_string(),
        Err(error) => format!("({error})"),
    }
}
