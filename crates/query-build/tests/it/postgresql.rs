//! Whether there is a PostgreSQL for a build to check with, and what is said where there is none.

use std::io::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use scratch_postgres::{Builder, Error, Preference, Search};

/// Leaves a test where no PostgreSQL is to be had, and says so: the first line of each test whose build gets as far
/// as to start one. A test that lacks it fails there.
macro_rules! needs_postgresql {
    () => {
        if $crate::postgresql::is_skipped() {
            return;
        }
    };
}
pub(crate) use needs_postgresql;

/// Whether there is no PostgreSQL for this test, which is then said. Not by `eprintln!`, which the test harness keeps
/// for itself when a test passes.
pub(crate) fn is_skipped() -> bool {
    static IS_MISSING: OnceLock<bool> = OnceLock::new();
    if !*IS_MISSING.get_or_init(is_missing) {
        return false;
    }
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let line = format!(
        "skipped: {test} needs a PostgreSQL 15 or newer, and none was found; install it, build with the feature \
         `embedded`, or point SCRATCH_POSTGRES to one\n"
    );
    std::io::stderr()
        .write_all(line.as_bytes())
        .expect("standard error");
    true
}

/// Where there are binaries, nothing is missing. Elsewhere a start tells, as a build would make it; whatever else it
/// fails with, the tests shall fail with as well.
fn is_missing() -> bool {
    if Search::default().newest().is_some() {
        return false;
    }
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scratch-postgres/cache");
    let started = Builder::new()
        .prefer(Preference::Embedded)
        .cache_dir(cache)
        .start();
    matches!(started, Err(Error::NotFound { .. }))
}
