//! The command line: one file per command.

mod audit;
mod db;
mod environment;
mod ledger;
mod logging;
mod openapi;
mod serve;
mod session;
mod storage;
mod table;
mod user;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

/// Runs the program: settings, command line, command, and what went wrong on standard error.
///
/// Call it first, before any thread is started: it loads `.env` into the environment.
pub fn main(version: &'static str) -> ExitCode {
    match run(version) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", in_words(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error with its causes. Some errors end with their cause themselves: it is not said twice.
fn in_words(error: &anyhow::Error) -> String {
    let mut words = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if words.is_empty() {
            words = cause;
        } else if !words.ends_with(&cause) {
            words = format!("{words}: {cause}");
        }
    }
    words
}

fn run(version: &'static str) -> anyhow::Result<()> {
    // Before clap reads variables, and before any thread exists that could read them at the same time.
    environment::load()?;
    let matches = Cli::command().version(version).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(version).await,
            Command::Worker => worker::run(version).await,
            Command::Db(arguments) => db::run(arguments).await,
            Command::User(command) => user::run(command).await,
            Command::Ledger(command) => ledger::run(command).await,
            Command::Audit(command) => audit::run(command).await,
            Command::Storage(command) => storage::run(command).await,
            Command::Openapi => openapi::run(),
        }
    })
}

/// The backend of Divine Whispers: migrates its database, then serves the API.
#[derive(Debug, Parser)]
#[command(name = "divine-whispers")]
struct Cli {
    /// Read settings from this file instead of .env; what it says goes before the environment
    #[arg(long, global = true, value_name = "FILE")]
    // `environment` reads it before the rest is parsed; here it is for the help, and so that clap accepts it.
    env_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Migrate the database, then serve the API (the default)
    Serve,
    /// Work on jobs, and do nothing else
    Worker,
    /// Look at and change the schema of the database
    Db(db::Db),
    /// Manage users
    #[command(subcommand)]
    User(user::UserCommand),
    /// Check the ledger, and print that of a user
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Seal the audit log, and check its seals
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Say which storage has the files of results
    #[command(subcommand)]
    Storage(storage::StorageCommand),
    /// Print the OpenAPI document of the API
    Openapi,
}
