//! The server as its owner sees it.

use std::fmt;
use std::path::PathBuf;

use crate::Error;
use crate::address::Address;
use crate::names::without_password;

/// Which PostgreSQL runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Engine {
    /// Binaries of this machine.
    Local {
        /// Where they are.
        bin_dir: PathBuf,
        /// Such as `15.18`.
        version: String,
    },
    /// The one inside this program: one connection at a time.
    Embedded {
        /// Such as `17.5`.
        version: String,
    },
    /// A server that somebody else runs.
    External,
}

/// A PostgreSQL of one's own. It ends when this is dropped, and also when the process ends without dropping it.
pub struct Server {
    pub(crate) engine: Engine,
    pub(crate) address: Address,
    pub(crate) database: String,
    pub(crate) max_connections: usize,
    pub(crate) running: Running,
    /// Locked as long as this process lives; only of a persistent one that is ours.
    pub(crate) alive: Option<std::fs::File>,
}

/// What has to be ended.
pub(crate) enum Running {
    #[cfg(unix)]
    Local(crate::unix::LocalServer),
    #[cfg(not(unix))]
    Local(crate::port::PortServer),
    #[cfg(feature = "embedded")]
    Embedded(Box<crate::embedded::EmbeddedServer>),
    External(crate::external::ExternalDatabase),
    /// Somebody else's: it is left alone.
    Attached,
    Stopped,
}

impl Server {
    /// The URL of its default database, as tokio-postgres, libpq and sqlx read it. It may hold a password.
    pub fn url(&self) -> String {
        self.address.url(&self.database)
    }

    /// The URL of another database there; it is not made by this.
    pub fn database_url(&self, database: &str) -> String {
        self.address.url(database)
    }

    /// Which PostgreSQL it is.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// How many connections it serves at once; the embedded one, 1.
    pub fn max_connections(&self) -> usize {
        self.max_connections
    }

    /// `false` if another process runs it on the same data directory: then that process ends it.
    pub fn is_owner(&self) -> bool {
        !matches!(self.running, Running::Attached)
    }

    /// Ends it now, as dropping it does, and says if that went wrong.
    ///
    /// # Errors
    ///
    /// [`Error::Stop`] if it still runs, or its directory is still there, after a generous time.
    pub fn stop(mut self) -> Result<(), Error> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        match std::mem::replace(&mut self.running, Running::Stopped) {
            Running::Local(mut local) => local.stop(),
            #[cfg(feature = "embedded")]
            Running::Embedded(mut embedded) => embedded.stop(),
            Running::External(mut external) => external.stop(),
            Running::Attached | Running::Stopped => Ok(()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!("{error}");
        }
    }
}

impl fmt::Display for Engine {
    /// One line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { bin_dir, version } => {
                write!(f, "PostgreSQL {version} of {}", bin_dir.display())
            }
            Self::Embedded { version } => write!(f, "the embedded PostgreSQL {version}"),
            Self::External => f.write_str("the PostgreSQL that SCRATCH_POSTGRES names"),
        }
    }
}

impl fmt::Display for Server {
    /// One line for people: which PostgreSQL it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.engine, f)?;
        match self.is_owner() {
            true => Ok(()),
            false => f.write_str(", run by another process"),
        }
    }
}

impl fmt::Debug for Server {
    /// Without passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("engine", &self.engine)
            .field("url", &without_password(&self.url()))
            .field("max_connections", &self.max_connections)
            .field("is_owner", &self.is_owner())
            .finish_non_exhaustive()
    }
}
