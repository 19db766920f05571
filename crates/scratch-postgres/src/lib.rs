//! A PostgreSQL of one's own, for a build, a test or a first run. It is there within a second, and gone when its
//! owner is gone: no process and no directory is left, however the owner ends.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // Local binaries if there are any, else the embedded engine; SCRATCH_POSTGRES says otherwise.
//! let server = scratch_postgres::Builder::new().start()?;
//! println!("{server}, at {}", server.url());
//!
//! let (client, connection) = tokio_postgres::connect(&server.url(), tokio_postgres::NoTls).await?;
//! tokio::spawn(connection);
//! client.batch_execute("create table readings (card text not null)").await?;
//!
//! // Here it ends. Builder::data_dir would have kept the data for the next start.
//! server.stop()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Which PostgreSQL
//!
//! 1. What the variable `SCRATCH_POSTGRES` says: a URL, a directory of PostgreSQL binaries, or `embedded`.
//! 2. With [`Preference::Local`], the newest local binaries of PostgreSQL 15 or newer, found through `PATH`,
//!    `pg_config --bindir` and the places where Debian, Fedora, Homebrew and the installers put them; else the
//!    embedded engine. With [`Preference::Embedded`], the other way round.
//!
//! | | local binaries | embedded | a URL |
//! | --- | --- | --- | --- |
//! | version | whatever is installed | 17.5 | whatever is there |
//! | connections | 200 | one at a time | the server's |
//! | extensions | those installed | none but plpgsql | those installed |
//! | reached by | a Unix socket (Windows: a port with a password) | a Unix socket (Windows: a port) | the URL, without TLS |
//! | `data_dir` survives | a power cut | a SIGKILL | refused |
//! | a `Server` is | a server process | a thread of this process | a database, dropped at the end |
//!
//! A *persistent* server ([`Builder::data_dir`]) is started by the first process; others attach to it
//! ([`Server::is_owner`] tells). Its data is opened with the engine that made it only: the same major version
//! of local binaries, or the same release of the embedded engine.
//!
//! # How it is gone when its owner is gone
//!
//! Each server has a supervisor, a few lines of `sh` in a process group of their own. It reads from a pipe whose
//! other end only the owner holds; when that closes, because the owner said so or because it is no more, the
//! supervisor stops the server. A second one then removes the directory, when the last process is gone.
//! Nothing depends on a destructor or a signal handler: a `static` that is never dropped is cleaned up as well.
//!
//! A child that the owner forks *without* executing another program inherits that end of the pipe, and the server
//! lives as long as that child; [`std::process::Command`] and all that use it are no such case.
//!
//! # Root
//!
//! PostgreSQL refuses to run as root. Root's servers run as `postgres`, else as `nobody`; where that account
//! cannot enter the directory (below `/root`, say), in a Linux user namespace in which root appears as that account.
//!
//! # The embedded engine
//!
//! The feature `embedded` (on by default; some 270 crates) brings pglite-oxide: PostgreSQL as WebAssembly, compiled
//! ahead of time. A second client waits up to 30 s for the first to leave, then it is refused with SQLSTATE 53300.
//! A new connection is a new backend and costs a third of a second, so keep one open. It never syncs to disk.
//! A query that runs cannot be cancelled. A database that does not exist gives a protocol error instead of 3D000.
//!
//! # What it does not do
//!
//! TLS to an external server. On Windows, cleaning up after an owner that was killed: the next start in the same
//! `data_dir` ends the old server, but a temporary one stays.

mod address;
mod attach;
mod builder;
mod data_dir;
#[cfg(feature = "embedded")]
mod embedded;
mod error;
mod external;
mod files;
mod names;
// On Unix for its tests only.
#[cfg(any(not(unix), test))]
mod port;
mod roles;
mod search;
mod server;
mod source;
mod temporary;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use port::PortServer as LocalServer;
#[cfg(unix)]
pub(crate) use unix::LocalServer;

pub use builder::{Builder, Preference};
pub use error::Error;
pub use roles::make_roles;
pub use search::Search;
pub use server::{Engine, Server};
pub use source::{Source, VARIABLE};

/// How many connections a server from local binaries serves: test suites open many.
pub(crate) const MAX_LOCAL_CONNECTIONS: usize = 200;

/// The database that is there from the start, in both engines.
pub(crate) const DEFAULT_DATABASE: &str = "postgres";

/// Why the embedded engine cannot be used here; nothing if it can.
pub(crate) fn embedded_is_missing() -> Option<&'static str> {
    let has_engine = cfg!(any(
        all(
            target_os = "linux",
            any(target_arch = "x86_64", target_arch = "aarch64")
        ),
        all(target_os = "macos", target_arch = "aarch64"),
        all(windows, target_arch = "x86_64"),
    ));
    match (cfg!(feature = "embedded"), has_engine) {
        (false, _) => Some("it was built without the feature `embedded`"),
        (true, false) => Some("there is none for this kind of machine"),
        (true, true) => None,
    }
}

/// The release of the embedded engine, or why there is none.
pub(crate) fn embedded_release() -> Result<&'static str, &'static str> {
    match embedded_is_missing() {
        Some(reason) => Err(reason),
        #[cfg(feature = "embedded")]
        None => Ok(embedded::RELEASE),
        #[cfg(not(feature = "embedded"))]
        None => Err("it was built without the feature `embedded`"),
    }
}

const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Server>();
    is_send_and_sync::<Error>();
};
