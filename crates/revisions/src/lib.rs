//! PostgreSQL migrations as a graph of revisions, on [refinery](https://docs.rs/refinery): read from a directory or
//! embedded by a build, put in order, run under a lock, undone again; and the `db` commands of a program.
//!
//! ```no_run
//! use revisions::{DatabaseUrl, Migrator, Revisions, Startup};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let revisions = Revisions::read("sql".as_ref())?;
//! let url = DatabaseUrl::for_migrations_from_env()?.ok_or("DATABASE_URL is not set")?;
//! let mut client = url.connect("example").await?;
//! match Migrator::new(&mut client, &revisions).on_startup().await? {
//!     Startup::UpToDate => println!("nothing to do"),
//!     Startup::Upgraded(applied) => println!("{} revisions applied", applied.len()),
//!     Startup::Ahead { .. } => println!("a newer release has migrated; serving goes on"),
//! }
//! # Ok(()) }
//! ```
//!
//! # Where what is
//!
//! - [`Revisions`] is a validated set of [`Revision`]s: `U<digits>__<name>.sql` with its `.down.sql`, and what the
//!   comment at the head of each file says ([`Headers`]).
//! - [`Migrator`] applies and undoes them: one migrator at a time, each revision together with its row in refinery's
//!   history, retried when it cannot get its locks. `refinery` itself can go on where it stopped, and the other way
//!   round.
//! - [`DatabaseUrl`] is how a database is reached: from a URL or the environment, with TLS.
//! - [`catalog`] is what a schema consists of, [`generate`] writes the statements that lead from one to another.
//! - [`SourceError`] is the picture of an error: file, line, column, caret, and what to do. It and [`lexer`] serve
//!   whoever reads SQL from files.
//! - The module `cli`, with the feature of that name, has the commands for a clap program to mount.
//!
//! Deliberately absent: anything that knows what the tables are about.

pub mod catalog;
#[cfg(feature = "cli")]
pub mod cli;
mod database;
mod file_name;
pub mod generate;
mod graph;
mod header;
mod history;
pub mod lexer;
mod lineage;
mod migrator;
mod names;
mod offline;
mod position;
mod read;
mod revision;
mod revisions;
#[cfg(feature = "cli")]
pub mod scaffold;
mod source_error;
mod statements;

pub use database::{ConnectError, DatabaseUrl, UrlError};
pub use header::{Allow, Headers, Repeat, Transaction};
pub use history::{Changed, HISTORY_TABLE, HistoryRow, Interrupted, PROGRESS_TABLE, State};
pub use migrator::{
    Applied, Batch, Error, Event, Holder, Migrator, Options, Stamped, Standing, Startup, Undone,
};
pub use names::{TargetError, Unknown};
pub use offline::Offline;
pub use position::Position;
pub use read::ReadError;
pub use revision::{Down, Embedded, Revision};
pub use revisions::Revisions;
pub use source_error::{Location, SourceError};
