//! The command line: one file per command.

mod db;
pub mod environment;
mod logging;
mod serve;
mod user;
pub mod version;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// The backend of Divine Whispers: migrates its database, then serves the API.
#[derive(Debug, Parser)]
#[command(name = "divine-whispers", version = version::SHORT, long_version = version::long())]
pub struct Cli {
    /// Read settings from this file instead of .env; the environment still wins
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Migrate the database, then serve the API (the default)
    Serve,
    /// Look at and change the schema of the database
    #[command(subcommand)]
    Db(revisions::cli::Command),
    /// Manage users
    #[command(subcommand)]
    User(user::UserCommand),
}

impl Cli {
    /// Runs the command to its end.
    ///
    /// # Errors
    /// Says what went wrong, for people.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run().await,
            Command::Db(command) => db::run(command).await,
            Command::User(command) => user::run(command).await,
        }
    }
}
