//! Processes that outlive their owner by a moment, to clean up behind it. They are told of its end by a pipe
//! whose write end only the owner holds: the system closes it however the owner ends, also by SIGKILL.
//! Both are a few lines of `sh`; what they do is in `supervisor.sh` and `remover.sh`.
//!
//! A signal of the parent's death (`PR_SET_PDEATHSIG`) would not do: it is sent at the end of the *thread*
//! that started the child.

use std::io::PipeWriter;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::Error;

/// How often a condition is looked at.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(4);

/// How long the removal of a directory may take.
const REMOVE_PATIENCE: Duration = Duration::from_secs(30);

/// How long the end may take of a server whose start failed.
const DROP_PATIENCE: Duration = Duration::from_secs(10);

/// A process that ends when its owner's end of the pipe closes.
#[derive(Debug)]
pub(crate) struct Supervisor {
    /// Taken when it is to end. std opens it close-on-exec, so that no other child of the owner inherits it.
    leash: Option<PipeWriter>,
    child: Child,
}

impl Supervisor {
    /// Starts `command`, whose standard input becomes the read end of the pipe.
    pub(crate) fn start(mut command: Command) -> Result<Self, Error> {
        let spawn_error = |source| Error::Spawn {
            program: "sh".to_owned(),
            source,
        };
        let (reader, leash) = std::io::pipe().map_err(spawn_error)?;
        // A group of its own: Ctrl-C in a terminal goes to the group of the owner only.
        command.stdin(reader).process_group(0);
        let child = command.spawn().map_err(spawn_error)?;
        Ok(Self {
            leash: Some(leash),
            child,
        })
    }

    /// Whether, and how, it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Lets go of it, and waits until it has ended; `false` if it has not after that time.
    pub(crate) fn end(&mut self, patience: Duration) -> bool {
        self.leash = None;
        let deadline = Instant::now() + patience;
        loop {
            match self.child.try_wait() {
                Ok(Some(_)) => return true,
                // It is not our child any more: somebody else waited for it.
                Err(_) => return true,
                Ok(None) if Instant::now() >= deadline => return false,
                Ok(None) => std::thread::sleep(POLL_INTERVAL),
            }
        }
    }
}

impl Drop for Supervisor {
    /// After a failed start: what it runs is ended, and its exit status taken.
    fn drop(&mut self) {
        self.end(DROP_PATIENCE);
    }
}

/// Removes a directory when everybody who holds the other end of its pipe is gone.
#[derive(Debug)]
pub(crate) struct Remover {
    supervisor: Supervisor,
}

impl Remover {
    /// From here on `directory` is sure to be removed; it need not exist yet.
    pub(crate) fn of(directory: &Path) -> Result<Self, Error> {
        let mut command = Command::new("sh");
        command
            .args(["-c", include_str!("remover.sh"), "scratch-postgres-remover"])
            .arg(directory)
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let supervisor = Supervisor::start(command)?;
        Ok(Self { supervisor })
    }

    /// Another write end, for a process that must be gone before the directory is removed.
    pub(crate) fn shared_leash(&self) -> Result<Stdio, Error> {
        let leash = self.supervisor.leash.as_ref();
        match leash.map(PipeWriter::try_clone) {
            Some(Ok(clone)) => Ok(clone.into()),
            Some(Err(source)) => Err(Error::Spawn {
                program: "sh".to_owned(),
                source,
            }),
            None => Ok(Stdio::null()),
        }
    }

    /// Removes it now; `false` if it is still there after that time.
    pub(crate) fn remove(&mut self) -> bool {
        self.supervisor.end(REMOVE_PATIENCE)
    }
}
