//! Loading `.env` into the environment of the process, where the variables that are there already win.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// Loads the file that `--env-file` names, or `.env` of the working directory if there is one.
///
/// Call it first in `main`: it changes the environment, which no other thread may read meanwhile.
///
/// # Errors
/// If the named file is missing, or a line is not `NAME=value`; the line itself is not shown, it may
/// hold a password.
pub fn load() -> anyhow::Result<()> {
    match named_on_command_line(std::env::args_os().skip(1)) {
        Some(path) => load_file(&path).with_context(|| format!("cannot read {}", path.display())),
        None if Path::new(".env").exists() => {
            load_file(Path::new(".env")).context("cannot read .env")
        }
        None => Ok(()),
    }
}

/// clap reads variables while it parses, so the file must be known before.
fn named_on_command_line(arguments: impl Iterator<Item = OsString>) -> Option<PathBuf> {
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let argument = argument.to_string_lossy();
        match argument.strip_prefix("--env-file") {
            Some("") => return arguments.next().map(PathBuf::from),
            Some(value) => return value.strip_prefix('=').map(PathBuf::from),
            None if argument == "--" => return None,
            None => {}
        }
    }
    None
}

fn load_file(path: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(path)?;
    match dotenvy::from_read(text.as_bytes()) {
        Ok(()) => Ok(()),
        Err(dotenvy::Error::LineParse(part, _)) => {
            let line = text
                .lines()
                .position(|line| line.contains(part.trim()))
                .map_or(1, |index| index + 1);
            bail!(
                "line {line} is not NAME=value; put single quotes around a value that has spaces, #, quotes, $ or \\: NAME='a value'"
            )
        }
        Err(error) => Err(error.into()),
    }
}
