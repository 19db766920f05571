//! Runs a build on a package, outside cargo, and says how long each step took:
//! `cargo run -p query-build --example check -- PACKAGE OUT_DIR [SMALL_TABLE…]`.

use std::path::PathBuf;
use std::process::ExitCode;

use query_build::{Build, Report};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let mut directory = || arguments.next().map(PathBuf::from);
    let (Some(package), Some(out_dir)) = (directory(), directory()) else {
        eprintln!("usage: check PACKAGE OUT_DIR [SMALL_TABLE…]");
        return ExitCode::from(2);
    };
    let mut build =
        Build::new().map_type("pg_catalog.timestamptz", "chrono::DateTime<chrono::Utc>");
    for table in arguments {
        build = build.small_table(&table.to_string_lossy(), "named on the command line");
    }
    match build.try_run(&package, &out_dir) {
        Ok(report) => {
            say(&report);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn say(report: &Report) {
    for warning in &report.warnings {
        eprintln!("warning: {warning}");
    }
    let queries: usize = report
        .modules
        .iter()
        .map(|module| module.queries.len())
        .sum();
    eprintln!(
        "{} revisions, {queries} queries, checked with {}",
        report.revisions.len(),
        report.server
    );
    for (step, took) in &report.steps {
        eprintln!("{:>8.3} s  {step}", took.as_secs_f64());
    }
    for path in &report.written {
        eprintln!("written: {}", path.display());
    }
}
