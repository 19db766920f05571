//! Directories that are gone when their owner is gone.

use std::path::{Path, PathBuf};

use crate::{Error, files};

/// A directory with a unique name that only its owner can enter. It is removed at drop, and, where there is an
/// `sh`, also when the process ends without dropping it.
#[derive(Debug)]
pub(crate) struct TemporaryDirectory {
    path: PathBuf,
    #[cfg(unix)]
    remover: Option<crate::unix::supervisor::Remover>,
}

impl TemporaryDirectory {
    /// Makes it below `parent`, which is made if it is not there.
    pub(crate) fn below(parent: &Path) -> Result<Self, Error> {
        let path = files::temporary_name(&files::make_parent(parent)?)?;
        // First the remover, then the directory: it cannot be left behind.
        let directory = Self {
            #[cfg(unix)]
            remover: start_remover(&path),
            path,
        };
        files::make_private(&directory.path)?;
        Ok(directory)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// For a process that must be gone before the directory is removed: it holds this open.
    #[cfg(unix)]
    pub(crate) fn lifeline(&self) -> Result<std::process::Stdio, Error> {
        match &self.remover {
            Some(remover) => remover.shared_leash(),
            None => Ok(std::process::Stdio::null()),
        }
    }

    /// Removes it now.
    pub(crate) fn remove(&mut self) -> Result<(), Error> {
        #[cfg(unix)]
        if let Some(mut remover) = self.remover.take() {
            return match remover.remove() {
                true => Ok(()),
                false => Err(Error::Stop {
                    engine: "the temporary PostgreSQL".to_owned(),
                    reason: format!("{} could not be removed", self.path.display()),
                }),
            };
        }
        match std::fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("remove the directory", &self.path)(error))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!("{error}");
        }
    }
}

/// A system without `sh` has no PostgreSQL either, but it can have the embedded one.
#[cfg(unix)]
fn start_remover(path: &Path) -> Option<crate::unix::supervisor::Remover> {
    crate::unix::supervisor::Remover::of(path)
        .inspect_err(|error| {
            tracing::warn!(
                "{} stays if this process is killed: {error}",
                path.display()
            );
        })
        .ok()
}
