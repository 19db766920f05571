//! The engine inside this program: pglite-oxide, PostgreSQL as WebAssembly compiled ahead of time.
//! It serves one connection at a time. It lives in this process, so that it needs no clean-up but that of
//! its directory.

pub(crate) mod cache;
mod relay;
mod stream;
mod wire;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use pglite_oxide::PgliteServer;

use crate::address::Address;
use crate::temporary::TemporaryDirectory;
use crate::{Error, data_dir, files};
use relay::Relay;
use stream::Endpoint;

/// The PostgreSQL inside.
pub(crate) const VERSION: &str = "17.5";

/// Data is an overlay on the template of one release, and can be opened by that release alone.
pub(crate) const RELEASE: &str = "17.5 (pglite-oxide 0.5.1)";

/// How long a query that runs may hold up the end.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// A running engine, and the relay in front of it. Fields are dropped in this order.
pub(crate) struct EmbeddedServer {
    relay: Relay,
    engine: Option<PgliteServer>,
    /// Where their sockets are, if `home` has too long a name for them.
    short: Option<TemporaryDirectory>,
    /// Only of a temporary one.
    home: Option<TemporaryDirectory>,
    /// Only of a persistent one: by it others find the server.
    address_file: Option<PathBuf>,
    _lock: Option<File>,
}

impl EmbeddedServer {
    /// An engine in a new directory below `parent` that is removed with it.
    pub(crate) fn temporary(parent: &Path) -> Result<Self, Error> {
        let home = TemporaryDirectory::below(parent)?;
        let mut server = Self::start(home.path(), false)?;
        server.home = Some(home);
        Ok(server)
    }

    /// An engine on the data in `home`, which is made if it is not there.
    pub(crate) fn persistent(
        home: &Path,
        lock: File,
        address_file: PathBuf,
    ) -> Result<Self, Error> {
        let mut server = Self::start(home, true)?;
        server.address_file = Some(address_file);
        server._lock = Some(lock);
        Ok(server)
    }

    fn start(home: &Path, durable: bool) -> Result<Self, Error> {
        let short = match files::socket_fits(home) {
            true => None,
            false => Some(TemporaryDirectory::below(Path::new(
                files::SHORT_DIRECTORY,
            ))?),
        };
        let sockets = short.as_ref().map_or(home, TemporaryDirectory::path);
        let engine = start_engine(home.join("root"), sockets.join("engine"), durable)?;
        let relay = Endpoint::of_engine(&engine)
            .and_then(|endpoint| Relay::start(sockets, endpoint))
            .map_err(|error| Error::Embedded {
                message: format!("it cannot listen in {}: {error}", sockets.display()),
            })?;
        Ok(Self {
            relay,
            engine: Some(engine),
            short,
            home: None,
            address_file: None,
            _lock: None,
        })
    }

    /// The way to it.
    pub(crate) fn address(&self) -> Address {
        self.relay.endpoint().address()
    }

    /// Hangs up, ends the engine, and removes its directory if it is temporary.
    pub(crate) fn stop(&mut self) -> Result<(), Error> {
        if let Some(address_file) = self.address_file.take() {
            data_dir::remove_if_there(&address_file)?;
        }
        self.relay.stop();
        let stopped = self.engine.take().map_or(Ok(()), stop_engine);
        for directory in [&mut self.short, &mut self.home] {
            if let Some(mut directory) = directory.take() {
                directory.remove()?;
            }
        }
        stopped
    }
}

/// The engine must not be called from a thread of an asynchronous runtime: it blocks on one of its own.
fn start_engine(root: PathBuf, socket: PathBuf, durable: bool) -> Result<PgliteServer, Error> {
    let start = move || {
        let mut builder = PgliteServer::builder().path(root);
        #[cfg(unix)]
        {
            builder = builder.unix(socket);
        }
        #[cfg(not(unix))]
        let _ = socket;
        // `fsync` stays off for all: the engine cannot sync a directory, and takes the failure for a reason to
        // panic. What was committed is in the hands of the system, and survives the end of this process.
        builder.relaxed_durability(!durable).start()
    };
    let started = std::thread::Builder::new()
        .name("scratch-postgres engine".to_owned())
        .spawn(start)
        .map(std::thread::JoinHandle::join);
    let message = match started {
        Ok(Ok(Ok(engine))) => return Ok(engine),
        Ok(Ok(Err(error))) => format!("{error:#}"),
        Ok(Err(_)) => "its start panicked".to_owned(),
        Err(error) => format!("no thread for it: {error}"),
    };
    Err(Error::Embedded { message })
}

/// Waits for the engine, but not for ever: a query that runs cannot be interrupted.
fn stop_engine(engine: PgliteServer) -> Result<(), Error> {
    let (done, is_done) = mpsc::channel();
    let spawned = std::thread::Builder::new()
        .name("scratch-postgres stop".to_owned())
        .spawn(move || {
            // Nobody listens any more, if this fails.
            let _ = done.send(engine.shutdown());
        });
    let reason = match spawned.map(|_| is_done.recv_timeout(STOP_PATIENCE)) {
        Ok(Ok(Ok(()))) => return Ok(()),
        Ok(Ok(Err(error))) => format!("{error:#}"),
        Ok(Err(_)) => format!("a query still ran after {} s", STOP_PATIENCE.as_secs()),
        Err(error) => format!("no thread for it: {error}"),
    };
    Err(Error::Stop {
        engine: "the embedded PostgreSQL".to_owned(),
        reason,
    })
}
