//! What the crate promises, tried on a real PostgreSQL: local binaries have to be there, since many connections are
//! needed at once.

// Helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[cfg(feature = "cli")]
mod cli;
mod database;
mod lexer;
mod migrator;
mod revisions;
mod support;
