//! Why a command was refused.

use std::path::PathBuf;

use crate::database::{ConnectError, UrlError};
use crate::migrator::Error;
use crate::read::ReadError;
use crate::target::TargetError;

/// Why a command was refused, or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The migrations cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The setting that names the database is wrong.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The database cannot be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The migrator stopped.
    #[error(transparent)]
    Migrate(#[from] Error),
    /// No such revision.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// No database is configured.
    #[error(
        "no database is configured\n  = help: set DATABASE_URL, or DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and DB_NAME, in the environment or in .env; or name it here with --url URL"
    )]
    NoDatabase,
    /// The file of settings cannot be read.
    #[error("{}: {problem}\n  = help: a file of settings has lines NAME=value; a value with blanks or `#` is quoted", .path.display())]
    EnvFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A setting that cannot be.
    #[error("{name} cannot be `{value}`: {allowed}")]
    Setting {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A range that is none.
    #[error("`{range}` is no range\n  = help: write START:END; one of them may be left out")]
    Range {
        /// What was written.
        range: String,
    },
    /// The database is not at the newest revision.
    #[error("the database is not at the head\n  = help: `{program} upgrade head` brings it there")]
    NotAtHead {
        /// How the commands are called.
        program: String,
    },
    /// The output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(#[from] std::io::Error),
}
