//! What `SCRATCH_POSTGRES` can say.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::Error;
use crate::names::without_password;
use crate::search::has_server;

/// The variable that decides where the PostgreSQL comes from.
pub const VARIABLE: &str = "SCRATCH_POSTGRES";

/// Where the PostgreSQL comes from, if somebody says so.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// A server that runs already: each [`Server`](crate::Server) makes a database there, and drops it at the end.
    Url(String),
    /// A directory with `postgres` and `initdb`.
    Binaries(PathBuf),
    /// The engine inside this program.
    Embedded,
}

impl Source {
    /// What the variable says; nothing if it is unset or empty.
    pub(crate) fn from_environment() -> Result<Option<Self>, Error> {
        let Some(value) = std::env::var_os(VARIABLE) else {
            return Ok(None);
        };
        match value.into_string() {
            Ok(text) if text.trim().is_empty() => Ok(None),
            Ok(text) => text.parse().map(Some),
            Err(name) => Self::of_directory(PathBuf::from(name)).map(Some),
        }
    }

    fn of_directory(directory: PathBuf) -> Result<Self, Error> {
        let with_bin = directory.join("bin");
        if has_server(&directory) {
            return Ok(Self::Binaries(directory));
        }
        if has_server(&with_bin) {
            return Ok(Self::Binaries(with_bin));
        }
        let reason = match directory.is_dir() {
            true => "that directory has no `postgres` and `initdb`",
            false => "it is neither a URL nor a directory that exists",
        };
        Err(invalid(&directory.to_string_lossy(), reason))
    }
}

impl FromStr for Source {
    type Err = Error;

    /// Reads a URL, a directory of binaries (or the one above its `bin`), or the word `embedded`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSource`] for anything else, also for a directory without a server in it.
    fn from_str(value: &str) -> Result<Self, Error> {
        let value = value.trim();
        if value == "embedded" {
            return Ok(Self::Embedded);
        }
        if value.starts_with("postgres://") || value.starts_with("postgresql://") {
            return match value.parse::<tokio_postgres::Config>() {
                Ok(_) => Ok(Self::Url(value.to_owned())),
                Err(error) => Err(invalid(value, &source_of(&error))),
            };
        }
        if value.contains("://") {
            return Err(invalid(
                value,
                "a URL must begin with postgres:// or postgresql://",
            ));
        }
        Self::of_directory(PathBuf::from(value))
    }
}

/// tokio-postgres says only "invalid configuration"; the reason is behind it.
fn source_of(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("it is no valid URL ({source})"),
        None => "it is no valid URL".to_owned(),
    }
}

fn invalid(value: &str, reason: &str) -> Error {
    Error::InvalidSource {
        value: without_password(value),
        reason: reason.to_owned(),
    }
}

impl fmt::Debug for Source {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.debug_tuple("Url").field(&without_password(url)).finish(),
            Self::Binaries(directory) => f.debug_tuple("Binaries").field(directory).finish(),
            Self::Embedded => f.write_str("Embedded"),
        }
    }
}
