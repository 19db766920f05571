//! Directories that keep their data: who may open them with what, and one process at a time.
//!
//! ```text
//! lock          locked until the server and all its processes are gone
//! owner         locked by the process that started the server, as long as it lives
//! address       how to reach the running server (mode 0600); not there when none runs
//! server.log    of this run; server.log.old of the one before
//! cluster/      data of local binaries; its major version is in cluster/data/PG_VERSION
//! embedded/     data of the embedded engine; embedded/made-by says of which release
//! ```

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::attach;
use crate::builder::{Choice, Choices, absolute};
use crate::{Builder, Error, LocalServer, Server, Source, files};

/// How long a second process waits for the first to have its server up, or for a dying one to be gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often it looks.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

const LOCK: &str = "lock";
const OWNER: &str = "owner";
const ADDRESS: &str = "address";

/// What made the data that is there.
#[derive(Debug, PartialEq, Eq)]
enum Maker {
    Nobody,
    Local { major: String },
    Embedded { release: String },
}

/// Starts a server on the data in `directory`, or attaches to the one that runs there.
pub(crate) fn start(
    directory: &Path,
    builder: &Builder,
    forced: Option<&Source>,
) -> Result<Server, Error> {
    let directory = make(directory)?;
    let lock_path = directory.join(LOCK);
    let lock = open_lock(&lock_path)?;
    let owner_path = directory.join(OWNER);
    let alive = open_lock(&owner_path)?;
    let address_file = directory.join(ADDRESS);
    if let Some(server) = lock_or_attach(&directory, &lock, &alive, &address_file)? {
        return Ok(server);
    }
    // At most a moment: others lock it only to see whether they can.
    alive.lock().map_err(Error::io("lock", &owner_path))?;
    // Left by an owner that was killed, and whose server had no time to remove it.
    remove_if_there(&address_file)?;
    let choices = choices(&directory, builder, forced)?;
    let mut server =
        choices.try_each(|choice| open(&directory, builder, choice, &lock, &address_file))?;
    server.alive = Some(alive);
    attach::write(&address_file, &server)?;
    Ok(server)
}

/// Makes the directory, or checks that it is one of ours.
fn make(directory: &Path) -> Result<PathBuf, Error> {
    let directory = absolute(directory)?;
    if let Some(parent) = directory.parent() {
        files::make_parent(parent)?;
    }
    match files::make_with_mode(&directory, mode()) {
        Ok(()) => {}
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let directory = files::make_parent(&directory)?;
    if directory.join(LOCK).exists() {
        return Ok(directory);
    }
    let entries = fs::read_dir(&directory).map_err(Error::io("read the directory", &directory))?;
    let stranger = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .find(|name| !name.starts_with('.') && name != LOCK);
    match stranger {
        Some(name) if !directory.join(LOCK).exists() => Err(Error::NotADataDirectory {
            data_dir: directory,
            reason: format!("there is a `{name}` in it, and no `{LOCK}`"),
        }),
        _ => Ok(directory),
    }
}

/// For root, the account that it lends to the server must be able to pass; what is inside is closed.
fn mode() -> u32 {
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        return 0o711;
    }
    0o700
}

/// Takes the lock, or finds the server of whoever has it.
fn lock_or_attach(
    directory: &Path,
    lock: &File,
    alive: &File,
    address_file: &Path,
) -> Result<Option<Server>, Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(None),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => {
                return Err(Error::io("lock a file in", directory)(error));
            }
        }
        // A server whose owner was killed still answers for a moment.
        if is_locked(alive)
            && let Some(server) = attach::attach(address_file)
        {
            return Ok(Some(server));
        }
        if Instant::now() >= deadline {
            return Err(Error::Busy {
                data_dir: directory.to_owned(),
                owner: attach::owner(address_file),
                waited_s: PATIENCE.as_secs(),
            });
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// Whether somebody else has it locked.
fn is_locked(file: &File) -> bool {
    match file.try_lock_shared() {
        Ok(()) => {
            // It is unlocked with the file at the latest.
            let _ = file.unlock();
            false
        }
        Err(_) => true,
    }
}

fn open_lock(path: &Path) -> Result<File, Error> {
    files::private_file()
        .read(true)
        .truncate(false)
        .open(path)
        .map_err(Error::io("open", path))
}

/// What may open the data that is there.
fn choices(directory: &Path, builder: &Builder, forced: Option<&Source>) -> Result<Choices, Error> {
    let maker = maker(directory)?;
    let other_engine = |made_by: String, found: String| Error::OtherEngine {
        data_dir: directory.to_owned(),
        made_by,
        found,
    };
    match maker {
        Maker::Nobody => builder.choose(forced),
        Maker::Embedded { release } => {
            let made_by = format!("the embedded PostgreSQL {release}");
            if let Some(Source::Binaries(bin_dir)) = forced {
                let found = format!("SCRATCH_POSTGRES asks for {}", bin_dir.display());
                return Err(other_engine(made_by, found));
            }
            match crate::embedded_release() {
                Ok(ours) if ours == release => Ok(Choices(vec![Choice::Embedded])),
                Ok(ours) => Err(other_engine(made_by, format!("this program has {ours}"))),
                Err(reason) => Err(other_engine(made_by, reason.to_owned())),
            }
        }
        Maker::Local { major } => {
            let made_by = format!("PostgreSQL {major}");
            if forced == Some(&Source::Embedded) {
                let found = "SCRATCH_POSTGRES asks for the embedded engine".to_owned();
                return Err(other_engine(made_by, found));
            }
            let (found, complaints) = builder.installations(forced);
            let (fitting, others): (Vec<_>, Vec<_>) = found
                .into_iter()
                .partition(|installation| installation.major.to_string() == major);
            if fitting.is_empty() {
                let others = others
                    .iter()
                    .map(|other| {
                        format!(
                            "PostgreSQL {} of {}",
                            other.version,
                            other.bin_dir.display()
                        )
                    })
                    .chain(complaints)
                    .collect::<Vec<_>>();
                return Err(other_engine(
                    made_by,
                    format!("found {}", others.join("; ")),
                ));
            }
            Ok(Choices(fitting.into_iter().map(Choice::Local).collect()))
        }
    }
}

/// Half-made data counts as none: the marks of both kinds are made when the data is whole.
fn maker(directory: &Path) -> Result<Maker, Error> {
    let version_file = directory.join("cluster").join("data").join("PG_VERSION");
    if let Some(major) = read_if_there(&version_file)? {
        return Ok(Maker::Local { major });
    }
    match read_if_there(&made_by_file(directory))? {
        Some(release) => Ok(Maker::Embedded { release }),
        None => Ok(Maker::Nobody),
    }
}

fn made_by_file(directory: &Path) -> PathBuf {
    directory.join("embedded").join("made-by")
}

fn open(
    directory: &Path,
    builder: &Builder,
    choice: &Choice,
    lock: &File,
    address_file: &Path,
) -> Result<Server, Error> {
    match choice {
        Choice::Local(installation) => {
            let local = LocalServer::persistent(installation, directory, lock, address_file)?;
            crate::builder::local_server(installation, local)
        }
        #[cfg(feature = "embedded")]
        Choice::Embedded => {
            builder.prepare_cache()?;
            let home = directory.join("embedded");
            if !home.exists() {
                files::make_private(&home)?;
            }
            let lock = lock.try_clone().map_err(Error::io("lock", directory))?;
            let embedded =
                crate::embedded::EmbeddedServer::persistent(&home, lock, address_file.to_owned())?;
            files::write_private(&made_by_file(directory), crate::embedded::RELEASE)?;
            Ok(crate::builder::embedded_server(embedded))
        }
        #[cfg(not(feature = "embedded"))]
        Choice::Embedded => {
            let _ = (builder, lock, address_file);
            Err(Error::EmbeddedMissing {
                reason: "it was built without the feature `embedded`",
            })
        }
    }
}

fn read_if_there(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

/// Removes a file that may not be there.
pub(crate) fn remove_if_there(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}
