//! The program: read the command line and the settings, run the command, print what went wrong.

use std::process::ExitCode;

use clap::Parser as _;
use divine_whispers::cli::{self, Cli};

fn main() -> ExitCode {
    // Before clap reads variables, and before any thread exists that could read them at the same time.
    if let Err(error) = cli::environment::load() {
        return fail(&error);
    }
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(&anyhow::Error::new(error).context("cannot start the async runtime"));
        }
    };
    match runtime.block_on(cli.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
