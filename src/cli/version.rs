//! What `--version` tells: the version, the git revision if known, and when it was built.

use std::sync::LazyLock;

/// The version of the package.
pub const SHORT: &str = env!("CARGO_PKG_VERSION");

/// Version, git revision if the build was told one, and build time.
pub fn long() -> &'static str {
    static LONG: LazyLock<String> = LazyLock::new(|| {
        let built = build_time::build_time_utc!("%Y-%m-%dT%H:%M:%SZ");
        match option_env!("GIT_REVISION") {
            Some(revision) => format!("{SHORT} ({revision}, built {built})"),
            None => format!("{SHORT} (built {built})"),
        }
    });
    &LONG
}
