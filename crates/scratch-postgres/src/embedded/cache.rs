//! Where the engine unpacks its 99 MB.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::Error;
use crate::files;

/// The one that was chosen first: the engine looks once per process.
static CHOSEN: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Makes the engine unpack below `directory`, unless this process has chosen another one before.
pub(crate) fn use_directory(directory: &Path) -> Result<(), Error> {
    let directory = files::make_parent(directory)?;
    // What it guards is whole after every statement.
    let mut chosen = CHOSEN.lock().unwrap_or_else(PoisonError::into_inner);
    match chosen.as_ref() {
        Some(first) if *first == directory => {}
        Some(first) => tracing::debug!("the cache stays in {}", first.display()),
        None => {
            set_cache_home(&directory);
            *chosen = Some(directory);
        }
    }
    Ok(())
}

/// pglite-oxide asks the crate `directories`, and that asks `XDG_CACHE_HOME`; there is no other way to tell it.
#[allow(unsafe_code)]
fn set_cache_home(directory: &Path) {
    // SAFETY: every reader in Rust goes through std, which locks. A reader in C (`getenv` in another thread at
    // this very moment) would be a race; `Builder::cache_dir` tells its caller to be early. It happens once per
    // process, under the lock above, before a thread of ours is started.
    unsafe { std::env::set_var("XDG_CACHE_HOME", directory) };
}
