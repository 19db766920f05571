//! One binary for all integration tests; its modules mirror what they test.

// clippy.toml allows it in tests, but clippy does not see that helpers belong to them.
#![allow(clippy::unwrap_used)]

mod common;
mod data_dir;
#[cfg(feature = "embedded")]
mod embedded;
mod external;
#[cfg(unix)]
mod owner;
mod source;
mod start;
