//! The `db` commands standing alone: `cargo db …`. They need no build of the application.

use std::process::ExitCode;

use clap::Parser;
use revisions::cli::{self, Command, CommandError, Place};

/// Migrations of a PostgreSQL database: see where it is, bring it forward, take it back.
#[derive(Parser)]
#[command(name = "revisions", bin_name = "cargo db", version)]
struct Program {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    match run(Program::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(program: Program) -> Result<(), CommandError> {
    let context = program.place.context(None, None)?;
    // One connection, one thing at a time: more threads would only cost their start.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(cli::run(program.command, context))
}
