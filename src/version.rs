//! What `--version` tells: the version, the git revision if known, and when it was built.
//!
//! In the binary and not in the library: the binary is compiled again whenever anything changed, so the time is
//! that of the change, and a commit alone does not compile the library anew.

use std::sync::LazyLock;

/// Version, git revision if known, and build time in UTC.
pub static LONG: LazyLock<String> = LazyLock::new(|| {
    let version = env!("CARGO_PKG_VERSION");
    let built = build_time::build_time_utc!("%Y-%m-%dT%H:%M:%SZ");
    match git_version::git_version!(
        args = ["--always", "--dirty=-modified", "--abbrev=12"],
        fallback = ""
    ) {
        "" => format!("{version} (built {built})"),
        revision => format!("{version} ({revision}, built {built})"),
    }
});
