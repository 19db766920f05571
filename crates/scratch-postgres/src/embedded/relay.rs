//! Stands between the clients and the engine, which by itself has three faults: a second client waits for ever,
//! a client that breaks off while it is being answered ends the engine's only thread, and the engine cannot be
//! stopped while a client is connected. The relay takes one client after the other, reads the answers to the
//! end even if nobody wants them any more, and can hang up.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::stream::{Endpoint, Listener, Stream, listen};
use super::wire;

/// How long a client waits for the one before it.
const TURN_PATIENCE: Duration = Duration::from_secs(30);

/// How long a client may take to say who it is.
const STARTUP_PATIENCE: Duration = Duration::from_secs(10);

/// How many clients may wait.
const MAX_WAITING: usize = 64;

/// Accepts clients until it is dropped.
pub(crate) struct Relay {
    shared: Arc<Shared>,
    endpoint: Endpoint,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    engine: Endpoint,
    turn_patience: Duration,
    ending: AtomicBool,
    clients: AtomicUsize,
    turn: Mutex<Turn>,
    turn_is_over: Condvar,
}

/// Whose turn it is.
#[derive(Default)]
struct Turn {
    taken: bool,
    /// To hang up.
    client: Option<Stream>,
}

impl Relay {
    /// Listens in `directory` for clients of the engine.
    pub(crate) fn start(directory: &Path, engine: Endpoint) -> io::Result<Self> {
        Self::start_with(directory, engine, TURN_PATIENCE)
    }

    fn start_with(directory: &Path, engine: Endpoint, turn_patience: Duration) -> io::Result<Self> {
        let (listener, endpoint) = listen(directory)?;
        let shared = Arc::new(Shared {
            engine,
            turn_patience,
            ending: AtomicBool::new(false),
            clients: AtomicUsize::new(0),
            turn: Mutex::default(),
            turn_is_over: Condvar::new(),
        });
        let for_acceptor = Arc::clone(&shared);
        let acceptor = thread::Builder::new()
            .name("scratch-postgres relay".to_owned())
            .spawn(move || accept(&listener, &for_acceptor))?;
        Ok(Self {
            shared,
            endpoint,
            acceptor: Some(acceptor),
        })
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Hangs up and accepts nobody any more.
    pub(crate) fn stop(&mut self) {
        let Some(acceptor) = self.acceptor.take() else {
            return;
        };
        self.shared.ending.store(true, Ordering::SeqCst);
        if let Some(client) = &self.shared.turn().client {
            // It is gone already, if this fails.
            let _ = client.shutdown(Shutdown::Both);
        }
        self.shared.turn_is_over.notify_all();
        // Wakes the acceptor up. If nobody can connect, nobody is accepting.
        if self.endpoint.connect().is_ok() {
            let _ = acceptor.join();
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop();
    }
}

fn accept(listener: &Listener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.ending.load(Ordering::SeqCst) {
            return;
        }
        let Ok(mut client) = client else {
            // Too many open files, for example: leave the others time to end.
            thread::sleep(Duration::from_millis(50));
            continue;
        };
        if shared.clients.fetch_add(1, Ordering::SeqCst) > MAX_WAITING {
            shared.clients.fetch_sub(1, Ordering::SeqCst);
            let _ = client.write_all(&too_many());
            continue;
        }
        let for_client = Arc::clone(shared);
        let spawned = thread::Builder::new()
            .name("scratch-postgres client".to_owned())
            .spawn(move || {
                if let Err(error) = for_client.serve(client) {
                    tracing::debug!("a client of the embedded PostgreSQL: {error}");
                }
                for_client.clients.fetch_sub(1, Ordering::SeqCst);
            });
        if spawned.is_err() {
            shared.clients.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Shared {
    fn turn(&self) -> MutexGuard<'_, Turn> {
        // What it guards is whole after every statement.
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut client: Stream) -> io::Result<()> {
        client.set_read_timeout(Some(STARTUP_PATIENCE))?;
        let Some(startup) = wire::read_startup(&mut client)? else {
            return Ok(());
        };
        client.set_read_timeout(None)?;
        if !self.take_turn(&client)? {
            return client.write_all(&too_many());
        }
        let served = self.serve_in_turn(&mut client, &startup);
        *self.turn() = Turn::default();
        self.turn_is_over.notify_one();
        served
    }

    /// Waits for the turn of this client; `false` if it did not come.
    fn take_turn(&self, client: &Stream) -> io::Result<bool> {
        let to_hang_up = client.try_clone()?;
        let is_waiting = |turn: &mut Turn| turn.taken && !self.ending.load(Ordering::SeqCst);
        let (mut turn, _) = self
            .turn_is_over
            .wait_timeout_while(self.turn(), self.turn_patience, is_waiting)
            .unwrap_or_else(PoisonError::into_inner);
        if turn.taken || self.ending.load(Ordering::SeqCst) {
            return Ok(false);
        }
        *turn = Turn {
            taken: true,
            client: Some(to_hang_up),
        };
        Ok(true)
    }

    fn serve_in_turn(&self, client: &mut Stream, startup: &[u8]) -> io::Result<()> {
        let mut engine = match self.engine.connect() {
            Ok(engine) => engine,
            Err(error) => {
                let message = format!("the embedded PostgreSQL has ended: {error}");
                return client.write_all(&wire::fatal("57P03", &message));
            }
        };
        engine.write_all(startup)?;
        let mut from_client = client.try_clone()?;
        let mut to_engine = engine.try_clone()?;
        thread::scope(|scope| {
            let upstream = thread::Builder::new().spawn_scoped(scope, move || {
                // However the client ends, the engine sees an orderly end, and rolls back.
                let _ = io::copy(&mut from_client, &mut to_engine);
                let _ = to_engine.shutdown(Shutdown::Write);
            });
            let drained = match &upstream {
                Ok(_) => drain(&mut engine, client),
                Err(_) => engine.shutdown(Shutdown::Both),
            };
            // Ends the other direction.
            let _ = client.shutdown(Shutdown::Both);
            upstream.and(drained)
        })
    }
}

/// Passes on what the engine says, until it has said all; also when nobody listens any more.
fn drain(engine: &mut Stream, client: &mut Stream) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut listens = true;
    loop {
        match engine.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => listens = listens && client.write_all(&buffer[..length]).is_ok(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn too_many() -> Vec<u8> {
    wire::fatal(
        "53300",
        "the embedded PostgreSQL serves one connection at a time, and another one is open: \
         use a pool of one, or local binaries",
    )
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const STARTUP: &[u8] = &[0, 0, 0, 9, 0, 3, 0, 0, 0];

    /// A relay in front of an engine that says `hello` and then listens, one client after the other.
    fn relay(directory: &Path, turn_patience: Duration) -> (Relay, Endpoint) {
        let behind = directory.join("behind");
        std::fs::create_dir(&behind).unwrap();
        let (engine, endpoint) = listen(&behind).unwrap();
        thread::spawn(move || {
            for client in engine.incoming() {
                let mut client = client.unwrap();
                client.read_exact(&mut [0; STARTUP.len()]).unwrap();
                client.write_all(b"hello").unwrap();
                io::copy(&mut client, &mut io::sink()).unwrap();
            }
        });
        let relay = Relay::start_with(directory, endpoint, turn_patience).unwrap();
        let endpoint = relay.endpoint().clone();
        (relay, endpoint)
    }

    fn client(endpoint: &Endpoint) -> Stream {
        let mut client = endpoint.connect().unwrap();
        client.write_all(STARTUP).unwrap();
        client
    }

    fn greeting(client: &mut Stream) -> Vec<u8> {
        let mut greeting = [0; 5];
        client.read_exact(&mut greeting).unwrap();
        greeting.to_vec()
    }

    #[test]
    fn a_client_whose_turn_does_not_come_is_refused_as_postgresql_does() {
        let directory = tempfile::tempdir().unwrap();
        let (_relay, endpoint) = relay(directory.path(), Duration::from_millis(20));
        let mut first = client(&endpoint);
        assert_eq!(greeting(&mut first), b"hello");
        let mut said = Vec::new();
        client(&endpoint).read_to_end(&mut said).unwrap();
        assert_eq!(said, too_many());
        drop(first);
        // The turn of the first is over in a moment, and then it is the next one's.
        while greeting(&mut client(&endpoint)) != b"hello" {}
    }

    #[test]
    fn at_the_end_the_one_is_hung_up_on_and_the_others_do_not_wait() {
        let directory = tempfile::tempdir().unwrap();
        let (mut relay, endpoint) = relay(directory.path(), TURN_PATIENCE);
        let mut first = client(&endpoint);
        assert_eq!(greeting(&mut first), b"hello");
        let mut second = client(&endpoint);
        relay.stop();
        assert_eq!(first.read(&mut [0]).unwrap(), 0);
        // Refused, hung up on or reset, as it comes; but it does not wait.
        let mut said = Vec::new();
        let _ = second.read_to_end(&mut said);
        assert!(said.is_empty() || said == too_many());
    }
}
