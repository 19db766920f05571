//! The `db` commands, for a clap program to mount.
//!
//! Each command has a file of its own. Results go to the standard output, progress and errors to the standard error
//! output; whoever mounts them prints the error, and ends with a status that is not zero.
//!
//! ```no_run
//! use clap::Parser;
//! use revisions::cli::{Command, Place};
//!
//! #[derive(Parser)]
//! struct Program {
//!     #[command(flatten)]
//!     place: Place,
//!     #[command(subcommand)]
//!     command: Command,
//! }
//!
//! # async fn example() -> Result<(), revisions::cli::CommandError> {
//! let program = Program::parse();
//! let context = program.place.context(None, None)?;
//! revisions::cli::run(program.command, context).await
//! # }
//! ```

use std::borrow::Cow;
use std::io::Write;

use clap::{Args, Subcommand};
use tokio_postgres::Client;

mod current;
mod error;
mod format;
mod history;
mod moving;
mod place;

pub use error::CommandError;
pub use place::Place;

use crate::database::DatabaseUrl;
use crate::migrator::Options;
use crate::revisions::Revisions;

/// A command on the revisions of a project and its database.
#[derive(Debug, Clone, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Show where the database is
    Current(Current),
    /// List the revisions, the newest first
    History(History),
    /// Apply revisions, up to one
    Upgrade(Upgrade),
    /// Undo revisions, down to one
    Downgrade(Downgrade),
}

/// The options of `current`.
#[derive(Debug, Clone, Args)]
pub struct Current {
    /// Say all about each revision
    #[arg(short, long)]
    pub verbose: bool,
    /// Fail if the database is not at the newest revision
    #[arg(long, alias = "check_heads")]
    pub check_heads: bool,
}

/// The options of `history`.
#[derive(Debug, Clone, Args)]
pub struct History {
    /// Say all about each revision
    #[arg(short, long)]
    pub verbose: bool,
    /// From one revision to another, both shown: START:END, one of them may be left out; `current` is one, `-N:`
    /// begins N before the end, `:+N` ends N after the start
    #[arg(
        short,
        long = "rev-range",
        alias = "rev_range",
        value_name = "START:END",
        allow_hyphen_values = true
    )]
    pub range: Option<String>,
    /// Mark where the database is
    #[arg(short, long, alias = "indicate_current")]
    pub indicate_current: bool,
}

/// The options of `upgrade`.
#[derive(Debug, Clone, Args)]
pub struct Upgrade {
    /// A revision id, a unique prefix of one, `head`, or `+N`
    #[arg(allow_negative_numbers = true)]
    pub revision: String,
}

/// The options of `downgrade`.
#[derive(Debug, Clone, Args)]
pub struct Downgrade {
    /// A revision id, a unique prefix of one, `base`, or `-N`
    #[arg(allow_negative_numbers = true)]
    pub revision: String,
}

/// What the commands work on.
#[derive(Debug)]
pub struct Context<'a> {
    /// The revisions: those that were embedded, or those of a directory.
    pub revisions: Cow<'a, Revisions>,
    /// The database; a command that needs none runs without.
    pub url: Option<DatabaseUrl>,
    /// How the migrator behaves; [`Options::program`] is how the commands are called.
    pub options: Options,
}

/// Runs a command.
///
/// # Errors
///
/// One clear sentence, and what to do: see [`CommandError`].
pub async fn run(command: Command, context: Context<'_>) -> Result<(), CommandError> {
    match command {
        Command::Current(options) => current::run(&options, &context).await,
        Command::History(options) => history::run(&options, &context).await,
        Command::Upgrade(options) => moving::upgrade(&options, &context).await,
        Command::Downgrade(options) => moving::downgrade(&options, &context).await,
    }
}

impl Context<'_> {
    /// A connection to the database.
    async fn connect(&self) -> Result<Client, CommandError> {
        let url = self.url.as_ref().ok_or(CommandError::NoDatabase)?;
        Ok(url.connect(&self.options.program).await?)
    }
}

/// Prints a result. A reader that closed the pipe, such as `head`, has seen enough: that is no error.
fn print(text: &str) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
