//! What can go wrong, each with what happened, where, and the way out. No message holds a password.

use std::path::PathBuf;

/// Why there is no PostgreSQL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `SCRATCH_POSTGRES` (or a [`Source`](crate::Source)) names nothing that can be used.
    #[error(
        "SCRATCH_POSTGRES cannot be `{value}`: {reason}; allowed are a URL \
         (postgres://user:password@host:5432/database), a directory of PostgreSQL binaries \
         (such as /usr/lib/postgresql/17/bin), or the word `embedded`"
    )]
    InvalidSource {
        /// The value, without its password.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There are no local binaries, and no embedded engine in this build.
    #[error(
        "no PostgreSQL 15 or newer was found. Looked for it in:\n{}\nThree ways out: install PostgreSQL \
         (the package is called postgresql nearly everywhere); build with the feature `embedded`; or set \
         SCRATCH_POSTGRES to a URL or to a directory of PostgreSQL binaries",
        .looked_in.iter().map(|place| format!("  - {place}")).collect::<Vec<_>>().join("\n")
    )]
    NotFound {
        /// Each place, and why it did not do.
        looked_in: Vec<String>,
    },
    /// The embedded engine was asked for, and is not in this build.
    #[error(
        "the embedded PostgreSQL is not in this program: {reason}; install PostgreSQL, or set \
         SCRATCH_POSTGRES to a URL or to a directory of PostgreSQL binaries"
    )]
    EmbeddedMissing {
        /// Why it is not there.
        reason: &'static str,
    },
    /// A file or directory could not be made, read or removed.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A process could not be started.
    #[error("cannot start `{program}`: {source}")]
    Spawn {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// PostgreSQL does not run as root, and no other way was found.
    #[error(
        "PostgreSQL refuses to run as root, and {reason}. Use another directory, one that every user can \
         enter (temporary ones: set TMPDIR), or run as another user, or set SCRATCH_POSTGRES"
    )]
    Root {
        /// Which ways were tried and why they are closed.
        reason: String,
    },
    /// The server did not come up.
    #[error("{step} of {engine} failed: {reason}\n{}", log_lines(.log))]
    Start {
        /// Which server.
        engine: String,
        /// `initdb` or the start.
        step: &'static str,
        /// How it ended.
        reason: String,
        /// The last lines of its log.
        log: Vec<String>,
    },
    /// The data directory was made by another engine or another major version.
    #[error(
        "{} was made by {made_by}, which is not to be had here: {found}. Install {made_by}, or keep this data \
         aside (rename the directory) and start with an empty one",
        .data_dir.display()
    )]
    OtherEngine {
        /// The directory given as `data_dir`.
        data_dir: PathBuf,
        /// The engine that made it.
        made_by: String,
        /// What there is instead.
        found: String,
    },
    /// The data directory holds something that is not ours.
    #[error(
        "{} is not a data directory of this kind: {reason}. Give an empty or a new directory",
        .data_dir.display()
    )]
    NotADataDirectory {
        /// The directory given as `data_dir`.
        data_dir: PathBuf,
        /// What was found there.
        reason: String,
    },
    /// Another process holds the data directory, and its server does not answer.
    #[error(
        "{} is in use by another process{}, whose PostgreSQL did not answer within {waited_s} s; stop that \
         process, or use another directory",
        .data_dir.display(),
        .owner.map(|pid| format!(" ({pid})")).unwrap_or_default()
    )]
    Busy {
        /// The directory given as `data_dir`.
        data_dir: PathBuf,
        /// The process that holds it, where known.
        owner: Option<u32>,
        /// How long was waited, in seconds.
        waited_s: u64,
    },
    /// A persistent directory makes no sense on somebody else's server.
    #[error(
        "SCRATCH_POSTGRES is a URL, and the data in {} cannot be kept there: unset SCRATCH_POSTGRES, or let \
         the program use that database directly",
        .data_dir.display()
    )]
    ExternalWithDataDir {
        /// The directory given as `data_dir`.
        data_dir: PathBuf,
    },
    /// The server behind a URL refused.
    #[error("the PostgreSQL server {server} refused: {action}: {message}")]
    External {
        /// Host and database, without a password.
        server: String,
        /// What was tried.
        action: &'static str,
        /// What it said.
        message: String,
    },
    /// The embedded engine failed.
    #[error("the embedded PostgreSQL failed: {message}")]
    Embedded {
        /// The whole chain of its error.
        message: String,
    },
    /// The system has no random numbers.
    #[error("no random numbers are to be had for a unique name: {message}")]
    Random {
        /// What the system said.
        message: String,
    },
    /// The server did not end.
    #[error("{engine} did not stop: {reason}")]
    Stop {
        /// Which server.
        engine: String,
        /// Why.
        reason: String,
    },
}

impl Error {
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

fn log_lines(log: &[String]) -> String {
    if log.is_empty() {
        return "its log is empty".to_owned();
    }
    let lines: Vec<String> = log.iter().map(|line| format!("  | {line}")).collect();
    format!("the end of its log:\n{}", lines.join("\n"))
}
