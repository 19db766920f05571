//! Divine Whispers: the backend of a fortune-reading service, on PostgreSQL.
//!
//! The map, from the outside in:
//!
//! - [`cli`] takes commands: `serve`, `worker`, `db`, `user`, `ledger`, `audit`,
//!   `openapi`.
//! - [`http`] takes requests; [`http::router`] shows every route, [`http::document`] describes them.
//! - [`domain`] has the rules: users, wallets, the ledger.
//! - [`db`] is the only door to the database and to the queries that the build has checked.
//! - [`storage`] has the files of results, in a directory or a bucket.
//! - [`worker`] does the jobs that this program can do itself.
//! - [`metrics`] counts what all of them do, for Prometheus.
//! - [`config`] has the settings, [`private_postgres`] the database of a first run.
//!
//! The build proves `sql/` and `queries/` before any of this is compiled; ARCHITECTURE.md says how.

pub mod cli;
pub mod config;
pub mod db;
pub mod domain;
pub mod http;
pub mod metrics;
pub mod private_postgres;
pub mod server;
pub mod storage;
pub mod worker;

/// The migrations in `sql/`, as the build has proved and embedded them.
pub mod migrations {
    include!(concat!(env!("OUT_DIR"), "/revisions.rs"));
}
