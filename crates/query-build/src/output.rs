//! Writes OUT_DIR: only what changed, only when everything is right, each file in one step.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::error::Error;

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
            .prefix(&format!(".{name}-"))
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
