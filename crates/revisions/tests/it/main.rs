//! What the crate promises, tried on a real PostgreSQL: local binaries have to be there, since many connections are
//! needed at once.

#[cfg(feature = "cli")]
mod cli;
mod database;
mod migrator;
mod revisions;
mod support;
