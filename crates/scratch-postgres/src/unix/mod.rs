//! Servers from local binaries, where there are Unix sockets, `sh` and signals.

pub(crate) mod account;
pub(crate) mod postgres;
pub(crate) mod supervisor;

use std::fs::File;
use std::path::{Path, PathBuf};

use account::Account;
use postgres::{Plan, Postgres};

use crate::address::Address;
use crate::search::Installation;
use crate::temporary::TemporaryDirectory;
use crate::{Error, data_dir, files};

/// A server from local binaries, with its directory.
#[derive(Debug)]
pub(crate) struct LocalServer {
    postgres: Postgres,
    /// Only of a temporary one.
    home: Option<TemporaryDirectory>,
    /// Only of a persistent one: by it others find the server.
    address_file: Option<PathBuf>,
}

impl LocalServer {
    /// A server in a new directory below `parent` that is removed with it.
    pub(crate) fn temporary(installation: &Installation, parent: &Path) -> Result<Self, Error> {
        let parent = files::make_parent(parent)?;
        let account = Account::that_can_enter(&parent, &installation.bin_dir)?;
        let home = TemporaryDirectory::below(&parent)?;
        account.give(home.path())?;
        let postgres = Postgres::start(Plan {
            installation,
            account,
            cluster: home.path(),
            log: &home.path().join("server.log"),
            durable: false,
            lifeline: home.lifeline()?,
            address_file: None,
        })?;
        Ok(Self {
            postgres,
            home: Some(home),
            address_file: None,
        })
    }

    /// A server on the cluster in `data_dir`, which is made if it is not there.
    pub(crate) fn persistent(
        installation: &Installation,
        data_dir: &Path,
        lock: &File,
        address_file: &Path,
    ) -> Result<Self, Error> {
        let cluster = data_dir.join("cluster");
        let account = match cluster.exists() {
            true => Account::of_owner(&cluster, &installation.bin_dir)?,
            false => {
                let account = Account::that_can_enter(data_dir, &installation.bin_dir)?;
                files::make_private(&cluster)?;
                account.give(&cluster)?;
                account
            }
        };
        let log = data_dir.join("server.log");
        files::set_aside(&log)?;
        let postgres = Postgres::start(Plan {
            installation,
            account,
            cluster: &cluster,
            log: &log,
            durable: true,
            lifeline: postgres::lock_as_lifeline(lock)?,
            address_file: Some(address_file),
        })?;
        Ok(Self {
            postgres,
            home: None,
            address_file: Some(address_file.to_owned()),
        })
    }

    /// The way to it.
    pub(crate) fn address(&self) -> Result<Address, Error> {
        Ok(Address::Socket(self.postgres.socket_dir().to_owned()))
    }

    /// Ends it, and removes its directory if it is temporary.
    pub(crate) fn stop(&mut self) -> Result<(), Error> {
        if let Some(address_file) = self.address_file.take() {
            data_dir::remove_if_there(&address_file)?;
        }
        let stopped = self.postgres.stop();
        match self.home.take() {
            Some(mut home) => stopped.and(home.remove()),
            None => stopped,
        }
    }
}
