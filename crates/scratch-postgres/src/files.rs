//! Small file operations with errors that name the file. Nothing here knows what is in them.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::address::SOCKET_NAME;
use crate::names::random_hex;

/// The longest path of a socket: `sun_path` has 104 bytes on macOS and BSD, 108 on Linux, one of them a NUL.
const MAX_SOCKET_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Where sockets go when their own directory has too long a name.
pub(crate) const SHORT_DIRECTORY: &str = "/tmp";

/// How much of a log is shown.
const LOG_TAIL_LINES: usize = 20;

/// How much of a log is read for that.
const LOG_TAIL_BYTES: u64 = 16 * 1024;

/// Whether a socket of PostgreSQL can be in this directory; where there are none, it does not matter.
pub(crate) fn socket_fits(directory: &Path) -> bool {
    cfg!(not(unix)) || directory.as_os_str().len() + 1 + SOCKET_NAME.len() <= MAX_SOCKET_PATH
}

/// Makes a directory for temporary ones, and gives its real name.
pub(crate) fn make_parent(parent: &Path) -> Result<PathBuf, Error> {
    fs::create_dir_all(parent).map_err(Error::io("make the directory", parent))?;
    let real = parent
        .canonicalize()
        .map_err(Error::io("find the directory", parent))?;
    must_be_unicode(&real)?;
    Ok(real)
}

/// URLs and settings of PostgreSQL are text.
fn must_be_unicode(path: &Path) -> Result<(), Error> {
    match path.to_str() {
        Some(_) => Ok(()),
        None => Err(Error::Io {
            action: "use the directory",
            path: path.to_owned(),
            source: std::io::Error::other("its name is not valid Unicode"),
        }),
    }
}

/// A name nobody else has.
pub(crate) fn temporary_name(parent: &Path) -> Result<PathBuf, Error> {
    Ok(parent.join(format!("scratch-postgres-{}", random_hex()?)))
}

/// Makes a directory that only its owner can enter.
pub(crate) fn make_private(directory: &Path) -> Result<(), Error> {
    make_with_mode(directory, 0o700)
}

/// Makes a directory with this mode, where there are modes.
pub(crate) fn make_with_mode(directory: &Path, mode: u32) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
    #[cfg(not(unix))]
    let _ = mode;
    builder
        .create(directory)
        .map_err(Error::io("make the directory", directory))
}

/// Options for a file that only its owner can read.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Opens a log.
pub(crate) fn append(path: &Path) -> Result<File, Error> {
    private_file()
        .append(true)
        .open(path)
        .map_err(Error::io("write the log", path))
}

/// Keeps the log of the last run as `….old`; the new one begins empty.
pub(crate) fn set_aside(log: &Path) -> Result<(), Error> {
    match fs::rename(log, log.with_extension("log.old")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("set aside the log", log)(error))
        }
        _ => Ok(()),
    }
}

/// Writes a file that only its owner can read; whoever reads it sees all of it or nothing.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    let partial = path.with_extension("partial");
    let write = || {
        let mut file = private_file().truncate(true).open(&partial)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().map_err(Error::io("write", path))
}

/// The last lines of a log, for an error; empty if there is none.
pub(crate) fn last_lines(log: &Path) -> Vec<String> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let text = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_TAIL_LINES)..]
        .iter()
        .map(|&line| line.to_owned())
        .collect()
}
