//! Servers from local binaries where there are no Unix sockets, no `sh` and no process groups: on Windows.
//! They listen on 127.0.0.1 with a random port and a random password, and are started and stopped by `pg_ctl`.
//! There is no supervisor: a server outlives a killed owner until the next start in the same directory.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::address::{Address, USER};
use crate::data_dir::remove_if_there;
use crate::names::random_hex;
use crate::search::Installation;
use crate::temporary::TemporaryDirectory;
use crate::{Error, MAX_LOCAL_CONNECTIONS, files};

/// A running server, with its directory.
#[derive(Debug)]
pub(crate) struct PortServer {
    installation: Installation,
    data: PathBuf,
    log: PathBuf,
    port: u16,
    password_file: PathBuf,
    /// Only of a temporary one.
    home: Option<TemporaryDirectory>,
    /// Only of a persistent one: by it others find the server, and its lock.
    kept: Option<(PathBuf, File)>,
}

impl PortServer {
    /// A server in a new directory below `parent` that is removed with it.
    pub(crate) fn temporary(installation: &Installation, parent: &Path) -> Result<Self, Error> {
        let home = TemporaryDirectory::below(parent)?;
        let log = home.path().join("server.log");
        let mut server = Self::new(installation, home.path(), log)?;
        server.start(false)?;
        server.home = Some(home);
        Ok(server)
    }

    /// A server on the cluster in `data_dir`, which is made if it is not there.
    pub(crate) fn persistent(
        installation: &Installation,
        data_dir: &Path,
        lock: &File,
        address_file: &Path,
    ) -> Result<Self, Error> {
        let cluster = data_dir.join("cluster");
        if !cluster.exists() {
            files::make_private(&cluster)?;
        }
        let log = data_dir.join("server.log");
        files::set_aside(&log)?;
        let mut server = Self::new(installation, &cluster, log)?;
        // We hold the lock, so whoever owned a server that still runs is gone.
        if server.pg_ctl(&["status"])? {
            server.pg_ctl(&["stop", "-w", "-m", "fast"])?;
        }
        let lock = lock.try_clone().map_err(Error::io("lock", data_dir))?;
        server.start(true)?;
        server.kept = Some((address_file.to_owned(), lock));
        Ok(server)
    }

    /// The way to it.
    pub(crate) fn address(&self) -> Result<Address, Error> {
        let password = std::fs::read_to_string(&self.password_file)
            .map_err(Error::io("read", &self.password_file))?;
        Ok(Address::Port {
            port: self.port,
            password: password.trim().to_owned(),
        })
    }

    /// Ends it, and removes its directory if it is temporary.
    pub(crate) fn stop(&mut self) -> Result<(), Error> {
        let mode = match self.kept.take() {
            Some((address_file, _lock)) => {
                remove_if_there(&address_file)?;
                "fast"
            }
            None => "immediate",
        };
        if !self.pg_ctl(&["stop", "-w", "-m", mode])? {
            return Err(Error::Stop {
                engine: self.name(),
                reason: files::last_lines(&self.log).join("\n"),
            });
        }
        self.home.take().map_or(Ok(()), |mut home| home.remove())
    }

    fn new(installation: &Installation, cluster: &Path, log: PathBuf) -> Result<Self, Error> {
        // Free at this moment; a server that finds it taken does not start, and says so.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .map_err(Error::io("find a free port for", cluster))?;
        Ok(Self {
            installation: installation.clone(),
            data: cluster.join("data"),
            log,
            port: listener.port(),
            password_file: cluster.join("password"),
            home: None,
            kept: None,
        })
    }

    fn start(&self, durable: bool) -> Result<(), Error> {
        if !self.data.join("PG_VERSION").exists() {
            self.make_cluster(durable)?;
        }
        let mut options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c max_connections={MAX_LOCAL_CONNECTIONS} \
             -c logging_collector=off -c log_destination=stderr",
            self.port
        );
        if cfg!(unix) {
            options.push_str(" -c unix_socket_directories=''");
        }
        options.push_str(match durable {
            true => " -c fsync=on -c full_page_writes=on",
            false => " -c fsync=off -c synchronous_commit=off -c full_page_writes=off",
        });
        let log = self.log.to_string_lossy();
        match self.pg_ctl(&["start", "-w", "-t", "120", "-l", &log, "-o", &options])? {
            true => Ok(()),
            false => Err(self.failure("the start")),
        }
    }

    /// Made beside its place and then moved there: a half-made one is never taken for a whole one.
    fn make_cluster(&self, durable: bool) -> Result<(), Error> {
        let partial = self.data.with_extension("partial");
        match std::fs::remove_dir_all(&partial) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("remove the directory", &partial)(error));
            }
            _ => {}
        }
        let password = format!("{}{}", random_hex()?, random_hex()?);
        files::write_private(&self.password_file, &password)?;
        let mut initdb = Command::new(self.installation.program("initdb"));
        initdb
            .arg("-D")
            .arg(&partial)
            .args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"])
            .arg(format!("--username={USER}"))
            .arg("--pwfile")
            .arg(&self.password_file);
        if !durable {
            initdb.arg("--no-sync");
        }
        if !self.run(initdb)? {
            return Err(self.failure("initdb"));
        }
        std::fs::rename(&partial, &self.data).map_err(Error::io("move into place", &partial))
    }

    fn pg_ctl(&self, arguments: &[&str]) -> Result<bool, Error> {
        let mut pg_ctl = Command::new(self.installation.program("pg_ctl"));
        pg_ctl.args(arguments).arg("-D").arg(&self.data);
        self.run(pg_ctl)
    }

    /// Its output goes to the log and not into a pipe, which the server would hold open for ever.
    fn run(&self, mut command: Command) -> Result<bool, Error> {
        let log = files::append(&self.log)?;
        let program = command.get_program().to_string_lossy().into_owned();
        command
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        match command.status() {
            Ok(status) => Ok(status.success()),
            Err(source) => Err(Error::Spawn { program, source }),
        }
    }

    fn failure(&self, step: &'static str) -> Error {
        Error::Start {
            engine: self.name(),
            step,
            reason: "its program reports a failure".to_owned(),
            log: files::last_lines(&self.log),
        }
    }

    fn name(&self) -> String {
        let Installation {
            version, bin_dir, ..
        } = &self.installation;
        format!("PostgreSQL {version} of {}", bin_dir.display())
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::Search;

    /// Elsewhere these servers are not used, but they work, so that they can be tested.
    fn installation() -> Option<Installation> {
        let found = Search::default().find().0.into_iter().next();
        if found.is_none() || rustix::process::geteuid().is_root() {
            // Not by `eprintln!`, which the test harness keeps for itself when a test passes.
            let thread = std::thread::current();
            let test = thread.name().unwrap_or("a test");
            let why = "needs PostgreSQL binaries, and a user who is not root";
            let line = format!("skipped: {test} {why}\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            return None;
        }
        found
    }

    fn ask(server: &PortServer, query: &str) -> String {
        let url = server.address().unwrap().url("postgres");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
                .await
                .unwrap();
            tokio::spawn(connection);
            client.query_one(query, &[]).await.unwrap().get(0)
        })
    }

    #[test]
    fn a_temporary_server_asks_for_its_password_and_is_gone_when_it_is_stopped() {
        let Some(installation) = installation() else {
            return;
        };
        let parent = tempfile::tempdir().unwrap();
        let mut server = PortServer::temporary(&installation, parent.path()).unwrap();
        assert_eq!(ask(&server, "select 'here'"), "here");
        let hba = "select string_agg(distinct auth_method, ' ') from pg_hba_file_rules";
        assert_eq!(ask(&server, hba), "scram-sha-256");
        server.stop().unwrap();
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_server_that_outlived_its_owner_is_stopped_and_started_again() {
        let Some(installation) = installation() else {
            return;
        };
        let parent = tempfile::tempdir().unwrap();
        let lock = File::create(parent.path().join("lock")).unwrap();
        let address_file = parent.path().join("address");
        let open =
            || PortServer::persistent(&installation, parent.path(), &lock, &address_file).unwrap();
        let killed = open();
        ask(&killed, "select 'here'");
        std::mem::forget(killed);
        let mut server = open();
        assert_eq!(ask(&server, "select 'here'"), "here");
        server.stop().unwrap();
    }
}
