//! Writes a large package, to see how long its build takes: 100 migrations that end in 60 tables, with their model, and 300
//! queries. `cargo run -p query-build --example large_project -- DIRECTORY`; `benches/build_script.sh` measures it.
//!
//! What a table is made of is in `table.rs`, its queries are in `queries.rs`, the migrations in `migrations.rs`.

mod migrations;
mod package;
mod queries;
mod table;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(directory), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: large_project DIRECTORY");
        return ExitCode::from(2);
    };
    let written: io::Result<()> = package::write(&directory);
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}: {error}", directory.display());
            ExitCode::FAILURE
        }
    }
}
