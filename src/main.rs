//! The program: all of it is in the library but what changes with every build.

mod version;

use std::process::ExitCode;

fn main() -> ExitCode {
    divine_whispers::cli::main(&version::LONG)
}
