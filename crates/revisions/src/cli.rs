//! The `db` commands, for a clap program to mount.
//!
//! [`Db`] is all of them: a subcommand of the program, or its whole.
//!
//! ```no_run
//! use clap::Parser;
//! use revisions::cli::Db;
//!
//! #[derive(Parser)]
//! enum Program {
//!     /// Answer requests
//!     Serve,
//!     /// Look at and change the schema of the database
//!     Db(Db),
//! }
//!
//! # const REVISIONS: &[revisions::Embedded] = &[];
//! # async fn serve() {}
//! # async fn example() -> Result<(), revisions::cli::CommandError> {
//! match Program::parse() {
//!     Program::Serve => serve().await,
//!     Program::Db(db) => db.run("program db", Some(REVISIONS)).await?,
//! }
//! # Ok(()) }
//! ```
//!
//! Each command has a file of its own. Results go to the standard output, progress and errors to the standard error
//! output; whoever mounts them with [`run`] prints the error, and ends with a status that is not zero. [`Db::main`]
//! does that.

use std::io::Write;

use serde::Serialize;

mod arguments;
mod autogenerate;
mod backup;
mod compare;
mod compare_error;
mod context;
mod current;
mod db;
mod diagram;
mod drift;
mod editor;
mod error;
mod format;
mod history;
mod lint;
mod lint_error;
mod listing;
mod moving;
mod place;
mod progress;
mod reading;
mod scratch;
mod stamping;
mod status;
mod style;
mod trial;
mod verify;
mod wait;
mod waiving;
mod writing;

pub use arguments::*;
pub use compare_error::CompareError;
pub use context::Context;
pub use db::Db;
pub use diagram::DiagramError;
pub use drift::Drift;
pub use error::CommandError;
pub use lint_error::LintError;
pub use place::Place;

/// Runs a command.
///
/// # Errors
///
/// One clear sentence, and what to do: see [`CommandError`].
pub async fn run(command: Command, context: Context<'_>) -> Result<(), CommandError> {
    let done = dispatch(command, &context).await;
    done.map_err(|error| error.naming(&context.dir))
}

async fn dispatch(command: Command, context: &Context<'_>) -> Result<(), CommandError> {
    match command {
        Command::Current(options) => current::run(&options, context).await,
        Command::History(options) => history::run(&options, context).await,
        Command::Heads(options) => listing::heads(&options, context),
        Command::Branches(options) => listing::branches(&options, context),
        Command::Show(options) => listing::show(&options, context).await,
        Command::Status(options) => status::run(&options, context).await,
        Command::Upgrade(options) => moving::upgrade(&options, context).await,
        Command::Downgrade(options) => moving::downgrade(&options, context).await,
        Command::Redo(options) => moving::redo(&options, context).await,
        Command::Stamp(options) => stamping::stamp(&options, context).await,
        Command::EnsureVersion(options) => stamping::ensure_version(&options, context).await,
        Command::Revision(options) if options.autogenerate => {
            autogenerate::run(&options, context).await
        }
        Command::Revision(options) => writing::revision(&options, context),
        Command::Merge(options) => writing::merge(&options, context),
        Command::Edit(options) => writing::edit(&options, context).await,
        Command::Init => writing::init(context),
        Command::Check(options) => compare::check(&options, context).await,
        Command::Verify(options) => verify::run(&options, context).await,
        Command::Lint(options) => lint::run(&options, context).await,
        Command::Diff(options) => compare::diff(&options, context).await,
        Command::Snapshot(options) => compare::snapshot(&options, context).await,
        Command::Diagram(options) => diagram::run(&options, context).await,
        Command::Wait(options) => wait::run(&options, context).await,
    }
}

/// Prints a result. A reader that closed the pipe, such as `head`, has seen enough: that is no error.
fn print(text: &str) -> Result<(), CommandError> {
    let mut out = anstream::AutoStream::auto(std::io::stdout().lock());
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints a result for a machine.
fn print_json(value: &impl Serialize) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::from)?;
    print(&format!("{text}\n"))
}

/// What an upgrade that leaves nothing out is given.
fn head_or_heads(revisions: &crate::Revisions) -> &'static str {
    let all = revisions.iter().map(|revision| revision.id()).collect();
    match revisions.branch_tips(&all).len() {
        0 | 1 => "head",
        _ => "heads",
    }
}

/// Says something that is no result.
fn note(text: &str) {
    let mut out = anstream::AutoStream::auto(std::io::stderr().lock());
    // Nobody who does not listen can be told that.
    let _ = writeln!(out, "{text}");
}
