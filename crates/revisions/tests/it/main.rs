//! What the crate promises, tried on a real PostgreSQL that serves many connections at once. Where there is none,
//! the tests that need it say so, and the others run.

// Helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod alembic;
#[cfg(feature = "cli")]
mod autogenerate;
mod catalog;
#[cfg(feature = "cli")]
mod cli;
mod database;
#[cfg(feature = "cli")]
mod diagram;
#[cfg(feature = "cli")]
mod editor;
mod generate;
mod lexer;
#[cfg(feature = "cli")]
mod lint;
mod migrator;
#[cfg(feature = "cli")]
mod remedies;
mod revisions;
#[cfg(feature = "cli")]
mod rights;
#[cfg(feature = "cli")]
mod scaffold;
mod support;
#[cfg(feature = "cli")]
mod versions;
