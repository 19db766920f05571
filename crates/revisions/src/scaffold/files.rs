//! The files of a new revision while they come to be: a version that is reserved, and a pair that is whole or gone.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{ScaffoldError, Written};
use crate::file_name::{FileKind, classify};

/// A version that is ours while this lives.
pub(super) struct Reservation {
    pub(super) id: i64,
    path: PathBuf,
}

/// Whose a version is.
pub(super) enum Reserved {
    Ours(Reservation),
    /// There are files with it.
    Taken,
    /// Another program has reserved it.
    Elsewhere,
}

impl Reservation {
    pub(super) fn make(dir: &Path, id: i64) -> Result<Reserved, ScaffoldError> {
        let path = Self::path(dir, id);
        match File::create_new(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Ok(Reserved::Elsewhere);
            }
            // Nobody knows the file; it is the directory that cannot be written to.
            Err(error) => return Err(unwritable(dir)(error)),
        }
        let reservation = Self { id, path };
        // Whoever had it before may have written their files in the meantime.
        match files_with(dir, id).map_err(unwritable(dir))? {
            true => Ok(Reserved::Taken),
            false => Ok(Reserved::Ours(reservation)),
        }
    }

    pub(super) fn path(dir: &Path, id: i64) -> PathBuf {
        dir.join(format!(".U{id}.reserved"))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn files_with(dir: &Path, id: i64) -> io::Result<bool> {
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        if let FileKind::Up(name) | FileKind::Down(name) = classify(&name.to_string_lossy())
            && name.id == id
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The pair of files of a version that is reserved. What there is of it is removed, unless it is kept.
pub(super) struct Pair {
    made: Vec<PathBuf>,
}

impl Pair {
    /// Others may read the directory at any moment, so each file appears with all of its text, and the script that
    /// undoes second: alone it would be refused, and they with it.
    pub(super) fn write(written: &Written, up: &str, down: &str) -> Result<Self, ScaffoldError> {
        let mut pair = Self { made: Vec::new() };
        let mut ready = Vec::new();
        for (path, text) in [(&written.up, up), (&written.down, down)] {
            // Hidden, and without the ending: no reader takes it for a migration.
            let hidden = path.with_file_name(format!(".U{}.{}", written.id, ready.len()));
            pair.made.push(hidden.clone());
            write(&hidden, text).map_err(unwritable(path))?;
            ready.push((hidden, path));
        }
        for (hidden, path) in ready {
            fs::rename(&hidden, path).map_err(unwritable(path))?;
            pair.made.push(path.clone());
        }
        Ok(pair)
    }

    pub(super) fn keep(mut self) {
        self.made.clear();
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // The script that undoes goes first, as it came last.
        for path in self.made.iter().rev() {
            let _ = fs::remove_file(path);
        }
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> ScaffoldError {
    let path = path.to_owned();
    |source| ScaffoldError::Unwritable { path, source }
}
