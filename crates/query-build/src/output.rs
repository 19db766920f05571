//! Writes OUT_DIR: only what changed, only when everything is right, each file in one step.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::Error;

/// What begins with this in the output directory is a build's own, while it runs.
const WORK: &str = ".query-build-";

/// A directory in the output directory for what is there only while a build runs.
pub(crate) fn working_directory(directory: &Path) -> Result<TempDir, Error> {
    tempfile::Builder::new()
        .prefix(WORK)
        .tempdir_in(directory)
        .map_err(Error::io(directory))
}

/// Removes what a build that was killed has left: cargo never empties the output directory, and never runs two builds on
/// one.
pub(crate) fn remove_leftovers(directory: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(directory).map_err(Error::io(directory))? {
        let entry = entry.map_err(Error::io(directory))?;
        if !entry.file_name().to_string_lossy().starts_with(WORK) {
            continue;
        }
        let path = entry.path();
        let removed = match path.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        removed.map_err(Error::io(&path))?;
    }
    Ok(())
}

/// Puts `files`, names and texts, into `directory`; returns the files that changed.
///
/// Every text is on the disk under another name before the first file is replaced.
pub(crate) fn write_changed(
    directory: &Path,
    files: &[(&str, String)],
) -> Result<Vec<PathBuf>, Error> {
    let mut ready = Vec::new();
    for (name, text) in files {
        let path = directory.join(name);
        if fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
            continue;
        }
        let mut sibling = tempfile::Builder::new()
            .prefix(WORK)
            .tempfile_in(directory)
            .map_err(Error::io(directory))?;
        sibling
            .write_all(text.as_bytes())
            .map_err(Error::io(sibling.path()))?;
        ready.push((sibling, path));
    }
    let mut written = Vec::new();
    for (sibling, path) in ready {
        sibling
            .persist(&path)
            .map_err(|error| Error::io(&path)(error.error))?;
        written.push(path);
    }
    Ok(written)
}

/// Takes a file of an earlier build out of `directory`, if it is there.
pub(crate) fn remove(directory: &Path, name: &str) -> Result<(), Error> {
    let path = directory.join(name);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(&path)(error)),
        _ => Ok(()),
    }
}
