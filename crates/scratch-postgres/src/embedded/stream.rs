//! Unix sockets where there are any, ports of this machine elsewhere; under one name for both.

use std::io;
use std::path::Path;

use crate::address::{Address, SOCKET_NAME};

#[cfg(unix)]
pub(crate) use std::os::unix::net::{UnixListener as Listener, UnixStream as Stream};

#[cfg(not(unix))]
pub(crate) use std::net::{TcpListener as Listener, TcpStream as Stream};

/// Where one can connect.
#[cfg(unix)]
#[derive(Clone)]
pub(crate) struct Endpoint(std::path::PathBuf);

/// Where one can connect.
#[cfg(not(unix))]
#[derive(Clone)]
pub(crate) struct Endpoint(std::net::SocketAddr);

#[cfg(unix)]
impl Endpoint {
    pub(crate) fn of_engine(engine: &pglite_oxide::PgliteServer) -> io::Result<Self> {
        match engine.socket_path() {
            Some(path) => Ok(Self(path.to_owned())),
            None => Err(io::Error::other("the engine has no socket")),
        }
    }

    pub(crate) fn connect(&self) -> io::Result<Stream> {
        Stream::connect(&self.0)
    }

    /// The address for clients.
    pub(crate) fn address(&self) -> Address {
        Address::Socket(self.0.parent().map(Path::to_owned).unwrap_or_default())
    }
}

#[cfg(unix)]
pub(crate) fn listen(directory: &Path) -> io::Result<(Listener, Endpoint)> {
    let path = directory.join(SOCKET_NAME);
    // One that a killed process left: whoever is here holds the lock on the directory.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    Ok((Listener::bind(&path)?, Endpoint(path)))
}

#[cfg(not(unix))]
impl Endpoint {
    pub(crate) fn of_engine(engine: &pglite_oxide::PgliteServer) -> io::Result<Self> {
        match engine.tcp_addr() {
            Some(address) => Ok(Self(address)),
            None => Err(io::Error::other("the engine has no port")),
        }
    }

    pub(crate) fn connect(&self) -> io::Result<Stream> {
        Stream::connect(self.0)
    }

    /// The address for clients. No password protects it: the engine behind it asks for none.
    pub(crate) fn address(&self) -> Address {
        Address::Port {
            port: self.0.port(),
            password: String::new(),
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn listen(_: &Path) -> io::Result<(Listener, Endpoint)> {
    let listener = Listener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    let endpoint = Endpoint(listener.local_addr()?);
    Ok((listener, endpoint))
}
