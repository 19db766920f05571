//! One server process from local binaries: its cluster is made, it is started, waited for, and ended.
//! Where its directory comes from, and who removes it, is not decided here.

use std::fs::File;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::account::Account;
use super::supervisor::{POLL_INTERVAL, Supervisor};
use crate::address::{SOCKET_NAME, SOCKET_PORT};
use crate::files;
use crate::names::random_hex;
use crate::search::Installation;
use crate::{Error, MAX_LOCAL_CONNECTIONS};

/// How long a start may take; the recovery after a crash is part of it.
const START_PATIENCE: Duration = Duration::from_secs(120);

/// How long an end may take; the checkpoint of a persistent server is part of it.
const STOP_PATIENCE: Duration = Duration::from_secs(60);

/// What is to be started.
pub(crate) struct Plan<'a> {
    pub(crate) installation: &'a Installation,
    pub(crate) account: Account,
    /// Belongs to the account; holds `data`, and the socket if its name is short enough.
    pub(crate) cluster: &'a Path,
    pub(crate) log: &'a Path,
    /// Whether the data is to survive a power cut.
    pub(crate) durable: bool,
    /// Held open by every process of the server.
    pub(crate) lifeline: Stdio,
    /// A file to remove as soon as the owner is gone.
    pub(crate) address_file: Option<&'a Path>,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Postgres {
    supervisor: Supervisor,
    socket_dir: PathBuf,
    name: String,
}

/// The data directory proper inside a cluster's directory.
pub(crate) fn data_of(cluster: &Path) -> PathBuf {
    cluster.join("data")
}

impl Postgres {
    /// Makes the cluster if there is none, starts the server, and waits until it answers.
    pub(crate) fn start(plan: Plan<'_>) -> Result<Self, Error> {
        let (socket_dir, made_by_supervisor) = match files::socket_fits(plan.cluster) {
            true => (plan.cluster.to_owned(), false),
            false => {
                let name = format!("scratch-postgres-{}", random_hex()?);
                (Path::new(files::SHORT_DIRECTORY).join(name), true)
            }
        };
        let name = format!(
            "PostgreSQL {} of {}",
            plan.installation.version,
            plan.installation.bin_dir.display()
        );
        let (cluster, log) = (plan.cluster.to_owned(), plan.log.to_owned());
        let started_at = SystemTime::now();
        let command = plan.command(&socket_dir, made_by_supervisor)?;
        let mut postgres = Self {
            supervisor: Supervisor::start(command)?,
            socket_dir,
            name,
        };
        postgres.wait_until_ready(&cluster, &log, started_at)?;
        Ok(postgres)
    }

    /// The directory of its socket.
    pub(crate) fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// Ends it: at once if it is temporary, with a checkpoint if it is durable.
    pub(crate) fn stop(&mut self) -> Result<(), Error> {
        match self.supervisor.end(STOP_PATIENCE) {
            true => Ok(()),
            false => Err(Error::Stop {
                engine: self.name.clone(),
                reason: format!("it still ran after {} s", STOP_PATIENCE.as_secs()),
            }),
        }
    }

    fn wait_until_ready(
        &mut self,
        cluster: &Path,
        log: &Path,
        started_at: SystemTime,
    ) -> Result<(), Error> {
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            if is_ready(cluster, started_at)
                && UnixStream::connect(self.socket_dir.join(SOCKET_NAME)).is_ok()
            {
                return Ok(());
            }
            if let Some(status) = self.supervisor.has_ended() {
                return Err(self.failure(status, log));
            }
            if Instant::now() >= deadline {
                return Err(Error::Start {
                    engine: self.name.clone(),
                    step: "the start",
                    reason: format!("it was not ready after {} s", START_PATIENCE.as_secs()),
                    log: files::last_lines(log),
                });
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    fn failure(&self, status: ExitStatus, log: &Path) -> Error {
        let (step, reason) = match status.code() {
            Some(10) => ("initdb", "it could not make the data directory".to_owned()),
            Some(11) => (
                "the start",
                format!("{} cannot be made", self.socket_dir.display()),
            ),
            Some(12) => ("the start", "the server ended again at once".to_owned()),
            _ => ("the start", format!("its supervisor ended ({status})")),
        };
        Error::Start {
            engine: self.name.clone(),
            step,
            reason,
            log: files::last_lines(log),
        }
    }
}

impl Plan<'_> {
    fn command(self, socket_dir: &Path, make_socket_dir: bool) -> Result<Command, Error> {
        let data = data_of(self.cluster);
        let log = files::append(self.log)?;
        let initdb = match data.join("PG_VERSION").exists() {
            true => PathBuf::new(),
            false => self.installation.program("initdb"),
        };
        let mut command = Command::new("sh");
        command
            .args(["-c", include_str!("supervisor.sh"), "scratch-postgres"])
            .arg(initdb)
            .arg(self.installation.program("postgres"))
            .arg(&data)
            .arg(if self.durable { "INT" } else { "QUIT" })
            .arg(self.cluster.join("process"))
            .arg(if make_socket_dir {
                socket_dir
            } else {
                Path::new("")
            })
            .arg(self.address_file.unwrap_or_else(|| Path::new("")))
            // macOS has a C.UTF-8 that its regular expressions do not know.
            .arg(if cfg!(target_os = "macos") {
                "C"
            } else {
                "C.UTF-8"
            })
            .args(settings(socket_dir, self.durable))
            // PostgreSQL opens files relative to its data directory, but it must be able to come back here.
            .current_dir(self.cluster)
            .stdout(self.lifeline)
            .stderr(Stdio::from(log));
        clean_environment(&mut command);
        self.account.apply_to(&mut command);
        Ok(command)
    }
}

/// Settings on the command line, so that no file has to be edited, and that win over one that was.
fn settings(socket_dir: &Path, durable: bool) -> Vec<String> {
    // A list of directories in double quotes, as SplitDirectoriesString in PostgreSQL reads it.
    let socket_dir = socket_dir.to_string_lossy().replace('"', "\"\"");
    let mut settings = vec![
        "listen_addresses=".to_owned(),
        format!("unix_socket_directories=\"{socket_dir}\""),
        "unix_socket_permissions=0700".to_owned(),
        format!("port={SOCKET_PORT}"),
        format!("max_connections={MAX_LOCAL_CONNECTIONS}"),
        "logging_collector=off".to_owned(),
        "log_destination=stderr".to_owned(),
    ];
    let durability: &[&str] = match durable {
        true => &["fsync=on", "full_page_writes=on"],
        false => &[
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
        ],
    };
    settings.extend(durability.iter().map(|&setting| setting.to_owned()));
    settings
        .into_iter()
        .flat_map(|setting| ["-c".to_owned(), setting])
        .collect()
}

/// The server must not depend on who happens to start it.
fn clean_environment(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("PG") || text.starts_with("LC_") || text == "LANG" {
            command.env_remove(&name);
        }
    }
    // initdb would otherwise try every time zone there is; and UTC is what servers have.
    command.env("TZ", "UTC").env("LC_ALL", "C");
}

/// Reads `postmaster.pid` as pg_ctl does (`wait_for_postmaster_start`): its 1st line is the process, its 3rd
/// when it was started, its 8th says `ready`. A file that a crash left behind differs in the first or the third.
fn is_ready(cluster: &Path, started_at: SystemTime) -> bool {
    let Ok(text) = std::fs::read_to_string(data_of(cluster).join("postmaster.pid")) else {
        return false;
    };
    let Ok(process) = std::fs::read_to_string(cluster.join("process")) else {
        return false;
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let earliest = started_at
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
        .saturating_sub(2);
    let [process_line, _, start_time, _, _, _, _, status, ..] = lines[..] else {
        return false;
    };
    process_line == process.trim()
        && start_time.parse().is_ok_and(|time: u64| time >= earliest)
        && status == "ready"
}

/// An exclusive lock as a lifeline: it is held until the last process of the server is gone.
pub(crate) fn lock_as_lifeline(lock: &File) -> Result<Stdio, Error> {
    let clone = lock.try_clone().map_err(|source| Error::Spawn {
        program: "sh".to_owned(),
        source,
    })?;
    Ok(clone.into())
}
