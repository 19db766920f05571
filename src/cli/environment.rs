//! Loading `.env` into the environment of the process, where the variables that are there already win; or a file that
//! was named, which wins over them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// What says which database it is. Half of one set of settings and half of another would be the wrong one.
const DATABASE: [&str; 7] = [
    "MIGRATION_DATABASE_URL",
    "DATABASE_URL",
    "DB_HOST",
    "DB_PORT",
    "DB_USER",
    "DB_PASSWORD",
    "DB_NAME",
];

/// Loads the file that `--env-file` names, or `.env` of the working directory if there is one.
///
/// Call it first in `main`: it changes the environment, which no other thread may read meanwhile.
///
/// # Errors
/// If the named file is missing, or a line is not `NAME=value`; the line itself is not shown, it may
/// hold a password.
pub fn load() -> anyhow::Result<()> {
    match named_on_command_line(std::env::args_os().skip(1)) {
        Some(path) => {
            load_file(&path, true).with_context(|| format!("cannot read {}", path.display()))
        }
        None if Path::new(".env").exists() => {
            load_file(Path::new(".env"), false).context("cannot read .env")
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

fn load_file(path: &Path, wins: bool) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(path)?;
    let loaded = match wins {
        true => dotenvy::from_read_override(whole_database(&text).as_bytes()),
        false => dotenvy::from_read(text.as_bytes()),
    };
    match loaded {
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

/// The text of a file that, if it says anything of the database, says all: what it leaves out is empty, which counts as
/// unset.
fn whole_database(text: &str) -> String {
    let names: Vec<String> = dotenvy::from_read_iter(text.as_bytes())
        .filter_map(|pair| Some(pair.ok()?.0))
        .collect();
    let has = |name: &str| names.iter().any(|known| known == name);
    if !DATABASE.iter().any(|name| has(name)) {
        return text.to_owned();
    }
    let left_out = DATABASE.iter().filter(|name| !has(name));
    let empty: String = left_out.map(|name| format!("{name}=\n")).collect();
    // Behind the text, so that a line that is wrong keeps its number.
    format!("{text}\n{empty}")
}
