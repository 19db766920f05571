//! Why a build stops.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::{Path, PathBuf};

use anstyle::AnsiColor;
use revisions::SourceError;

/// Why a build stops. Its [`Display`] is what the reader of a compile error sees.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The migrations or the queries are wrong, each problem with its file, line and column.
    #[error(fmt = numbered)]
    Refused(Vec<Problem>),
    /// There is no PostgreSQL to check with.
    #[error(transparent)]
    ScratchPostgres(#[from] scratch_postgres::Error),
    /// The scratch PostgreSQL does not make the roles that the model names.
    #[error(
        "the scratch PostgreSQL ({server}) does not make the roles that the model names: {source}; let its user make roles (`alter role … createrole`), or make them there by hand"
    )]
    Roles {
        /// The server.
        server: String,
        /// What it said.
        source: tokio_postgres::Error,
    },
    /// The scratch PostgreSQL failed in the middle of the work.
    #[error("the scratch PostgreSQL ({server}) failed: {source}; run the build again")]
    Connection {
        /// Which server it was.
        server: String,
        /// What the client said.
        source: tokio_postgres::Error,
    },
    /// cornucopia did something that it did not do before.
    #[error(
        "the code generator failed: {0}; this is a fault of query-build or cornucopia: take the query back \
         that was changed last, and report it"
    )]
    Generator(String),
    /// A directory or file could not be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A variable that cargo sets for build scripts is missing.
    #[error("{0} is not set: call `Build::run` from a build script, or use `Build::try_run`")]
    NoBuildScript(&'static str),
}

impl Error {
    /// Refuses, with the problems in the order of their places.
    pub(crate) fn refused(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_cached_key(|problem| match problem {
            Problem::Source(error) => {
                let place = error.location.as_ref();
                let place = place.map_or((0, 0), |place| (place.line, place.column));
                (error.file.clone(), place)
            }
            // The migrations come first: what is wrong with them may be why a query does not fit.
            Problem::Revisions(_) | Problem::Migration(_) => (String::new(), (0, 0)),
        });
        Self::Refused(problems)
    }

    /// Turns the error of a file operation on `path` into this one.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }
}

/// One thing that is wrong with the migrations or the queries.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Something wrong in a file.
    #[error(transparent)]
    Source(Box<SourceError>),
    /// The migrations cannot be read as one history.
    #[error(transparent)]
    Revisions(#[from] revisions::ReadError),
    /// A migration failed.
    #[error(transparent)]
    Migration(#[from] revisions::Error),
}

impl From<SourceError> for Problem {
    fn from(error: SourceError) -> Self {
        Self::Source(Box::new(error))
    }
}

/// Problems, one after the other, and how many there are; `{:#}` has colours.
fn numbered(problems: &[Problem], f: &mut Formatter<'_>) -> fmt::Result {
    for (index, problem) in problems.iter().enumerate() {
        if index > 0 {
            write!(f, "\n\n{}", heading(f.alternate()))?;
        }
        problem.fmt(f)?;
    }
    if problems.len() > 1 {
        write!(f, "\n\n{} problems: nothing was generated", problems.len())?;
    }
    Ok(())
}

/// What stands before a problem.
pub(crate) fn heading(has_colour: bool) -> String {
    let style = AnsiColor::Red.on_default().bold();
    match has_colour {
        true => format!("{style}error{style:#}: "),
        false => "error: ".to_owned(),
    }
}
