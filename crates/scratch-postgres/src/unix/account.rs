//! As whom the server runs. PostgreSQL refuses to run as root, so root lends it another account, or a user
//! namespace in which root is not root. Nothing here starts a server.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Error;

/// Accounts that root lends to the server, the better one first.
const LENT_ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// As whom the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    /// As whoever we are; not root.
    Ours,
    /// As another user: we are root.
    Other { uid: u32, gid: u32 },
    /// As root, which a user namespace shows to the server as this user. Its files belong to root.
    Namespace { uid: u32, gid: u32 },
}

impl Account {
    /// The account that can work in a directory below `parent` with the programs in `bin_dir`.
    pub(crate) fn that_can_enter(parent: &Path, bin_dir: &Path) -> Result<Self, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Ours);
        }
        let mut closed = None;
        let mut namespace = None;
        for name in LENT_ACCOUNTS {
            let Some((uid, gid)) = look_up(name) else {
                continue;
            };
            match [parent, bin_dir]
                .into_iter()
                .find(|directory| !can_enter(uid, gid, directory))
            {
                None => return Ok(Self::Other { uid, gid }),
                Some(directory) => {
                    closed.get_or_insert((name, directory));
                    namespace.get_or_insert(Self::Namespace { uid, gid });
                }
            }
        }
        let (Some((name, directory)), Some(namespace)) = (closed, namespace) else {
            return Err(Error::Root {
                reason: "there is no user `postgres` and no user `nobody` to run it as".to_owned(),
            });
        };
        match namespace.try_out() {
            Ok(()) => Ok(namespace),
            Err(error) => Err(Error::Root {
                reason: format!(
                    "the user `{name}` cannot enter {}, and this system grants no user namespace ({error})",
                    directory.display()
                ),
            }),
        }
    }

    /// The account that an existing cluster belongs to.
    pub(crate) fn of_owner(cluster: &Path, bin_dir: &Path) -> Result<Self, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Ours);
        }
        let metadata = cluster.metadata().map_err(Error::io("look at", cluster))?;
        let (uid, gid) = (metadata.uid(), metadata.gid());
        if uid != 0 {
            if let Some(closed) = [cluster, bin_dir]
                .into_iter()
                .find(|directory| !can_enter(uid, gid, directory))
            {
                return Err(Error::Root {
                    reason: format!(
                        "the user {uid}, whom the data belongs to, cannot enter {}",
                        closed.display()
                    ),
                });
            }
            return Ok(Self::Other { uid, gid });
        }
        // It was made in a namespace.
        let (uid, gid) =
            LENT_ACCOUNTS
                .into_iter()
                .find_map(look_up)
                .ok_or_else(|| Error::Root {
                    reason: "there is no user `postgres` and no user `nobody` to show to it"
                        .to_owned(),
                })?;
        let namespace = Self::Namespace { uid, gid };
        namespace.try_out().map_err(|error| Error::Root {
            reason: format!(
                "the data in {} was made in a user namespace, which this system does not grant now ({error})",
                cluster.display()
            ),
        })?;
        Ok(namespace)
    }

    /// Lets a program run as this account.
    pub(crate) fn apply_to(self, command: &mut Command) {
        match self {
            Self::Ours => {}
            Self::Other { uid, gid } => {
                command.uid(uid).gid(gid);
            }
            Self::Namespace { uid, gid } => enter_namespace(command, uid, gid),
        }
    }

    /// Gives a directory to this account, if it is another one than ours.
    pub(crate) fn give(self, directory: &Path) -> Result<(), Error> {
        match self {
            Self::Other { uid, gid } => std::os::unix::fs::chown(directory, Some(uid), Some(gid))
                .map_err(Error::io(
                    "hand over to the account of the server the directory",
                    directory,
                )),
            Self::Ours | Self::Namespace { .. } => Ok(()),
        }
    }

    /// Whether a process can be started as this account.
    fn try_out(self) -> std::io::Result<()> {
        let mut command = Command::new("sh");
        command.args(["-c", ":"]).stdin(Stdio::null());
        self.apply_to(&mut command);
        let status = command.status()?;
        match status.success() {
            true => Ok(()),
            false => Err(std::io::Error::other(status.to_string())),
        }
    }
}

/// A user's number and its group's. `id` asks whatever the system keeps its users in.
fn look_up(name: &str) -> Option<(u32, u32)> {
    Some((ask_id("-u", name)?, ask_id("-g", name)?))
}

fn ask_id(what: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([what, name]).output().ok()?;
    let number: i64 = String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .ok()?;
    // macOS shows `nobody` as -2.
    let number = if number < 0 {
        number + (1 << 32)
    } else {
        number
    };
    u32::try_from(number).ok().filter(|&number| number != 0)
}

/// Tries it, because modes, access lists and mount options all have a say.
fn can_enter(uid: u32, gid: u32, directory: &Path) -> bool {
    Command::new("sh")
        .args(["-c", "cd -- \"$0\" && [ -x . ]"])
        .arg(directory)
        .uid(uid)
        .gid(gid)
        .current_dir("/")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Maps our own user, root, to `uid` in a new user namespace: the one line that needs no privilege,
/// see user_namespaces(7), "Defining user and group ID mappings".
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn enter_namespace(command: &mut Command, uid: u32, gid: u32) {
    use rustix::thread::{UnshareFlags, unshare_unsafe};

    let uid_map = format!("{uid} {} 1", rustix::process::geteuid().as_raw());
    let gid_map = format!("{gid} {} 1", rustix::process::getegid().as_raw());
    let in_child = move || {
        // SAFETY: NEWUSER changes credentials only, no memory or file descriptor that Rust relies on, and the
        // child has one thread.
        unsafe { unshare_unsafe(UnshareFlags::NEWUSER)? };
        for (file, text) in [
            (c"/proc/self/setgroups", "deny"),
            (c"/proc/self/uid_map", uid_map.as_str()),
            (c"/proc/self/gid_map", gid_map.as_str()),
        ] {
            let opened =
                rustix::fs::open(file, rustix::fs::OFlags::WRONLY, rustix::fs::Mode::empty())?;
            rustix::io::write(opened, text.as_bytes())?;
        }
        Ok(())
    };
    // SAFETY: between fork and exec it only makes system calls, on strings that were made before; it does not
    // allocate, lock or panic.
    unsafe { command.pre_exec(in_child) };
}

/// Other systems have no user namespaces.
#[cfg(not(target_os = "linux"))]
#[allow(unsafe_code)]
fn enter_namespace(command: &mut Command, _uid: u32, _gid: u32) {
    let in_child = || Err(std::io::ErrorKind::Unsupported.into());
    // SAFETY: it returns an error without allocating.
    unsafe { command.pre_exec(in_child) };
}
