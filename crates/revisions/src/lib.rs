//! PostgreSQL migrations as a graph of revisions, on [refinery](https://docs.rs/refinery): read from a directory or
//! embedded by a build, put in order, run under a lock, undone again; and the `db` commands of a program.
//!
//! A program has the commands in a few lines. This one, `examples/guestbook` of the workspace, is nothing but them:
//!
#![cfg_attr(feature = "cli", doc = "```no_run")]
#![cfg_attr(not(feature = "cli"), doc = "```ignore")]
//! # /* The doc test has no build script.
//! include!(concat!(env!("OUT_DIR"), "/revisions.rs"));
//! # */ static REVISIONS: &[revisions::Embedded] = &[];
//!
//! /// A book that visitors write in.
//! #[derive(clap::Parser)]
//! enum Guestbook {
//!     /// Look at and change the schema of the database
//!     Db(revisions::cli::Db),
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     let Guestbook::Db(db) = clap::Parser::parse();
//!     db.main("guestbook db", Some(REVISIONS))
//! }
//! ```
//!
//! Its build script has proved the migrations in `sql/`, and wrote them as Rust: `query_build::Build::new()` in
//! `build.rs`. `guestbook db upgrade head` applies them.
//!
//! A server that migrates when it starts, here from the directory:
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
//!     _ => {}
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
//! - The module `lint`, with the feature of that name, says of migrations which locks they hold too long, and what they lose.
//! - The module `diagram`, with the feature `cli`, draws a schema.
//! - The module `cli`, with the feature of that name, has the commands for a clap program to mount, and `scaffold` writes
//!   new revisions.
//!
//! Deliberately absent: anything that knows what the tables are about.

pub mod catalog;
#[cfg(feature = "cli")]
pub mod cli;
mod command_line;
mod database;
#[cfg(feature = "cli")]
pub mod diagram;
mod expected_schema;
mod file_name;
pub mod generate;
mod graph;
mod header;
mod history;
pub mod lexer;
mod lineage;
#[cfg(feature = "lint")]
pub mod lint;
mod migrator;
mod model;
mod names;
mod offline;
mod position;
mod quoting;
mod read;
mod revision;
mod revisions;
#[cfg(feature = "cli")]
pub mod scaffold;
mod source_error;
mod statements;

pub use command_line::command_line;
pub use database::{ConnectError, DatabaseUrl, UrlError};
pub use expected_schema::{ExpectedSchema, SchemaUnknown};
pub use header::{Allow, Headers, Repeat, Transaction};
pub use history::{Changed, HISTORY_TABLE, HistoryRow, Interrupted, PROGRESS_TABLE, State};
pub use migrator::{
    Applied, Batch, Error, Event, Holder, Migrator, Options, Stamped, Standing, Startup, Undone,
};
pub use model::model_text;
pub use names::{TargetError, Unknown};
pub use offline::Offline;
pub use position::Position;
pub use read::ReadError;
pub use revision::{Down, Embedded, Revision};
pub use revisions::Revisions;
pub use source_error::{Location, SourceError};
