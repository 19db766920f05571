//! A PostgreSQL of one's own, for a build, a test or a first run.
//!
//! ```no_run
//! # fn main() -> Result<(), scratch_postgres::Error> {
//! // Local binaries if there are any, else the embedded engine; SCRATCH_POSTGRES says otherwise.
//! let server = scratch_postgres::Builder::new().start()?;
//! println!("{server}: {}", server.url());
//!
//! // Use it with any client. Here it ends, and its directory is gone.
//! drop(server);
//! # Ok(())
//! # }
//! ```

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
mod search;
mod server;
mod source;
mod temporary;
#[cfg(unix)]
mod unix;

pub use builder::{Builder, Preference};
pub use error::Error;
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
