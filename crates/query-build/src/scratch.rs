//! The scratch PostgreSQL of a build, and the one connection to it.
//!
//! The embedded engine has one connection at a time, so everything goes through this one, in sequence.

use std::fs;
use std::path::{Path, PathBuf};

use revisions::catalog::{Follower, Reader, Scope};
use scratch_postgres::{Builder, Preference, Server};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

use crate::error::Error;

/// A running server and a connection to it. Both are gone when this is dropped.
pub(crate) struct Scratch {
    directory: PathBuf,
    pub(crate) client: Client,
    /// Reads the schema over it.
    pub(crate) catalog: Reader,
    /// Drives the connection on a thread of its own, so that this one may block.
    pub(crate) runtime: Runtime,
    server: Server,
    /// The roles that were made.
    roles: Vec<String>,
}

impl Scratch {
    /// Starts a server with its files below `directory`, and connects to it.
    pub(crate) fn start(directory: &Path) -> Result<Self, Error> {
        let (cache, temporary) = (directory.join("cache"), directory.join("temporary"));
        for directory in [&cache, &temporary] {
            fs::create_dir_all(directory).map_err(Error::io(directory))?;
        }
        let server = Builder::new()
            .prefer(Preference::Embedded)
            .temporary_in(temporary)
            .cache_dir(cache)
            .start()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(Error::io(directory))?;
        let url = server.url();
        let connected = runtime.block_on(tokio_postgres::connect(&url, NoTls));
        let (client, connection) = match connected {
            Ok(connected) => connected,
            Err(source) => {
                let server = server.to_string();
                return Err(Error::Connection { server, source });
            }
        };
        // A lost connection is an error of the next statement, which has more to say.
        runtime.spawn(async { connection.await.ok() });
        let catalog = runtime.block_on(Reader::prepare(&client));
        let catalog = catalog.map_err(|source| Error::Connection {
            server: server.to_string(),
            source,
        })?;
        Ok(Self {
            directory: directory.to_owned(),
            client,
            catalog,
            runtime,
            server,
            roles: Vec::new(),
        })
    }

    /// An empty one beside it, with the same roles.
    pub(crate) fn another(&self) -> Result<Self, Error> {
        let mut other = Self::start(&self.directory)?;
        other.make_roles(&self.roles)?;
        Ok(other)
    }

    /// Makes the roles that live outside of the schema.
    pub(crate) fn make_roles(&mut self, roles: &[String]) -> Result<(), Error> {
        let make = scratch_postgres::make_roles(&self.client, roles);
        let made = self.runtime.block_on(make);
        made.map_err(|source| Error::Roles {
            server: self.name(),
            source,
        })?;
        self.roles.extend_from_slice(roles);
        Ok(())
    }

    /// The roles that were made.
    pub(crate) fn roles(&self) -> &[String] {
        &self.roles
    }

    /// Follows its schema from here on.
    pub(crate) fn follow(&self, scope: &Scope) -> Result<Follower, Error> {
        let follow = Follower::prepare(&self.client, self.catalog.clone(), scope.clone());
        let followed = self.runtime.block_on(follow);
        followed.map_err(|error| self.lost(error))
    }

    /// Which server it is, for messages.
    pub(crate) fn name(&self) -> String {
        self.server.to_string()
    }

    /// Its version, such as `17.5`.
    pub(crate) fn version(&self) -> Result<String, Error> {
        let ask = async {
            let query = "select current_setting('server_version')";
            let row = self.client.query_one(query, &[]).await?;
            let version: String = row.try_get(0)?;
            // Distributions add a name of their own.
            Ok(version.split(' ').next().unwrap_or_default().to_owned())
        };
        let asked: Result<String, tokio_postgres::Error> = self.runtime.block_on(ask);
        asked.map_err(|error| self.lost(error))
    }

    /// Turns an error of the connection into the build's.
    pub(crate) fn lost(&self, source: tokio_postgres::Error) -> Error {
        Error::Connection {
            server: self.name(),
            source,
        }
    }
}

/// Where the scratch servers of a build have their files: beside the `build` directory that `out_dir` lies in,
/// so that all packages of a target directory share one cache.
pub(crate) fn directory_for(out_dir: &Path) -> PathBuf {
    let build = out_dir
        .ancestors()
        .find(|directory| directory.file_name().is_some_and(|name| name == "build"));
    build
        .and_then(Path::parent)
        .unwrap_or(out_dir)
        .join("scratch-postgres")
}
