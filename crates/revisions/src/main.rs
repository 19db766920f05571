//! The `db` commands standing alone: `cargo db …`. They need no build of the application.

use std::process::ExitCode;

use clap::Parser;
use revisions::cli::Db;

/// Migrations of a PostgreSQL database: see where it is, bring it forward, take it back.
#[derive(Parser)]
#[command(name = "revisions", bin_name = "cargo db", version)]
struct Program {
    #[command(flatten)]
    db: Db,
}

fn main() -> ExitCode {
    Program::parse().db.main("cargo db", None)
}
