//! Runs a build on a package, outside cargo: `cargo run --example check -- PACKAGE OUT_DIR`.

use std::path::PathBuf;
use std::process::ExitCode;

use query_build::Build;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(package), Some(out_dir)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: check PACKAGE OUT_DIR");
        return ExitCode::from(2);
    };
    let build = Build::new().map_type("pg_catalog.timestamptz", "chrono::DateTime<chrono::Utc>");
    match build.try_run(&package, &out_dir) {
        Ok(report) => {
            eprintln!("{report:#?}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
